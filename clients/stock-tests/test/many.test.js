// Many documents on one socket.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Clients } from "../support/clients.js";
import { converged } from "../support/documents.js";
import { startServer } from "../support/server.js";
import { until } from "../support/until.js";

const DOCUMENTS = 500;

let server, clients;
before(async () => {
  server = await startServer();
  clients = new Clients(server);
});
after(async () => {
  await clients.close();
  await server.close();
});

test(`${DOCUMENTS} documents on one socket, edited from both sides, also after a break`, async () => {
  const [ada, bob] = [await clients.connect(), await clients.connect()];
  const adas = Array.from({ length: DOCUMENTS }, (_, number) => ada.repo.create({ number, edits: [] }));
  const bobs = await Promise.all(adas.map(({ url }) => until("bob has it", () => bob.repo.find(url))));
  bobs.forEach((handle, number) => assert.equal(handle.doc().number, number));

  await until("both are connected", () => ada.connected && bob.connected);
  ada.offline();
  adas.forEach((handle) => handle.change((doc) => doc.edits.push("ada")));
  bobs.forEach((handle) => handle.change((doc) => doc.edits.push("bob")));
  ada.online();
  await Promise.all(adas.map((handle, number) => converged(handle, bobs[number])));
  for (const handle of bobs) assert.deepEqual(handle.doc().edits.toSorted(), ["ada", "bob"]);
});
