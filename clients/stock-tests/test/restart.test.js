// The server dies under its clients, without a warning, and comes back: nothing is lost and the clients go on.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Clients } from "../support/clients.js";
import { converged, headsOf, settled } from "../support/documents.js";
import { hubOnly, startServer } from "../support/server.js";
import { until } from "../support/until.js";

let server, clients;
before(async () => {
  server = await startServer();
  clients = new Clients(server);
});
afterEach(() => clients.close());
after(() => server.close());

/** Two clients of one document. */
async function pair() {
  const [ada, bob] = [await clients.connect(), await clients.connect()];
  const adas = ada.repo.create({ notes: [] });
  const bobs = await until("bob has it", () => bob.repo.find(adas.url));
  await until("both are connected", () => ada.connected && bob.connected);
  return { ada, bob, adas, bobs };
}

test("clients go on after each of three kills", async () => {
  const { ada, bob, adas, bobs } = await pair();
  for (let round = 0; round < 3; round++) {
    adas.change((doc) => doc.notes.push(`before ${round}`));
    await converged(adas, bobs);
    await server.kill();
    await until("both noticed", () => !ada.connected && !bob.connected);
    adas.change((doc) => doc.notes.push(`ada, meanwhile ${round}`));
    bobs.change((doc) => doc.notes.push(`bob, meanwhile ${round}`));
    await server.restart();
    await converged(adas, bobs);
  }
  assert.equal(bobs.doc().notes.length, 9);
  assert.equal(new Set(bobs.doc().notes).size, 9);
});

test("what another client has seen is there after a kill, without the client that wrote it", hubOnly, async () => {
  const { ada, bob, adas, bobs } = await pair();
  for (let note = 0; note < 100; note++) adas.change((doc) => doc.notes.push(`note ${note}`));
  await converged(adas, bobs);
  const seen = headsOf(bobs);
  await Promise.all([server.kill(), ada.close(), bob.close()]);
  await server.restart();

  const cleo = await clients.connect();
  const found = await until("cleo has it", () => cleo.repo.find(adas.url));
  await until("cleo has all of it", () => found.doc().notes.length === 100);
  assert.deepEqual(headsOf(found), seen);
  const view = await settled(server, "ada", found);
  assert.deepEqual(view.content.notes.at(-1), "note 99");
});

test("a kill in the middle of typing loses no keystroke of a client that lives on", async () => {
  const { adas, bobs } = await pair();
  const type = async (count, from) => {
    for (let key = from; key < from + count; key++) {
      adas.change((doc) => doc.notes.push(key));
      await new Promise((done) => setTimeout(done, 2));
    }
  };
  const typing = type(400, 0);
  await until("some arrived", () => bobs.doc().notes.length > 20);
  await server.kill();
  await server.restart();
  await typing;
  await converged(adas, bobs);
  assert.deepEqual(bobs.doc().notes, Array.from({ length: 400 }, (_, key) => key));
});
