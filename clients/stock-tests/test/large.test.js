// Large documents in one message, up to the limit and beyond it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { Clients } from "../support/clients.js";
import { headsOf } from "../support/documents.js";
import { hubOnly, startServer } from "../support/server.js";
import { until } from "../support/until.js";

const MIB = 1 << 20;

let server, clients;
before(async () => {
  server = await startServer();
  clients = new Clients(server);
});
afterEach(() => clients.close());
after(() => server.close());

test("a document of 30 MB goes through in one message each way", async () => {
  // Connected before it is busy: a hub does not wait for ever for a client's first word.
  const ada = await clients.connect();
  await until("ada is connected", () => ada.connected);
  const content = new Uint8Array(randomBytes(30_000_000));
  const made = ada.repo.create({ content });
  const bob = await clients.connect();
  const found = await until("bob has it", () => bob.repo.find(made.url));
  assert.deepEqual(headsOf(found), headsOf(made));
  assert.equal(Buffer.compare(found.doc().content, content), 0, "the same bytes");
  assert.deepEqual(ada.closings, [], "nobody was cut off");
});

test("beyond the limit the socket is closed with a code and a reason, and the process lives", hubOnly, async () => {
  const ada = await clients.connect();
  await until("ada is connected", () => ada.connected);
  ada.repo.create({ content: new Uint8Array(randomBytes(40 * MIB)) });
  const { code, reason } = await until("the hub closed the socket", () => ada.closings[0]);
  assert.equal(code, 1009);
  assert.match(reason, /33554432|32 MiB/);
  const bob = await clients.connect();
  const small = bob.repo.create({ fine: true });
  const cleo = await clients.connect();
  assert.deepEqual((await until("cleo has it", () => cleo.repo.find(small.url))).doc(), { fine: true });
});
