// What clients write without a network, and how they come back.
import * as Automerge from "@automerge/automerge";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Clients } from "../support/clients.js";
import { converged } from "../support/documents.js";
import { startServer } from "../support/server.js";
import { until } from "../support/until.js";

let server, clients, folder;
before(async () => {
  server = await startServer();
  clients = new Clients(server);
  folder = mkdtempSync(join(tmpdir(), "stock-offline-"));
});
afterEach(() => clients.close());
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const stored = (name) => ({ storage: new NodeFSStorageAdapter(join(folder, name)) });

test("edits of two clients that were both offline meet when they are back", async () => {
  const [ada, bob] = [await clients.connect(), await clients.connect()];
  const adas = ada.repo.create({ text: "start " });
  const bobs = await until("bob has it", () => bob.repo.find(adas.url));
  ada.offline();
  bob.offline();
  for (let word = 0; word < 50; word++) {
    adas.change((doc) => Automerge.splice(doc, ["text"], doc.text.length, 0, `a${word} `));
    bobs.change((doc) => Automerge.splice(doc, ["text"], 0, 0, `b${word} `));
  }
  ada.online();
  bob.online();
  await converged(adas, bobs);
  const words = bobs.doc().text.trim().split(" ");
  assert.equal(words.length, 101);
  assert.equal(new Set(words).size, 101, "each word once");
});

test("a document that was made offline is brought when the client is back", async () => {
  const ada = await clients.connect();
  await until("ada is connected", () => ada.connected);
  ada.offline();
  const made = ada.repo.create({ list: ["made offline"] });
  made.change((doc) => doc.list.push("and changed"));
  ada.online();
  const bob = await clients.connect();
  const found = await until("bob has it", () => bob.repo.find(made.url));
  assert.deepEqual(found.doc(), { list: ["made offline", "and changed"] });
});

test("a client that was closed comes back from its own storage with what others wrote meanwhile", async () => {
  const first = await clients.connect("ada", stored("ada"));
  const handle = first.repo.create({ notes: ["before"] });
  const bob = await clients.connect();
  const bobs = await until("bob has it", () => bob.repo.find(handle.url));
  await first.close();
  bobs.change((doc) => doc.notes.push("meanwhile"));

  const again = await clients.connect("ada", stored("ada"));
  const found = await again.repo.find(handle.url);
  found.change((doc) => doc.notes.unshift("first thing"));
  await converged(found, bobs);
  assert.deepEqual(found.doc().notes, ["first thing", "before", "meanwhile"]);
});

test("a client that comes and goes many times misses nothing", async () => {
  const [ada, bob] = [await clients.connect(), await clients.connect()];
  const adas = ada.repo.create({ seen: [] });
  const bobs = await until("bob has it", () => bob.repo.find(adas.url));
  for (let round = 0; round < 12; round++) {
    await until("ada is connected", () => ada.connected);
    ada.offline();
    adas.change((doc) => doc.seen.push(`ada ${round}`));
    bobs.change((doc) => doc.seen.push(`bob ${round}`));
    ada.online();
  }
  await converged(adas, bobs);
  assert.equal(new Set(bobs.doc().seen).size, 24);
});
