// What a stock client may see and change is decided by the access list, for every message.
import * as Automerge from "@automerge/automerge";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Clients } from "../support/clients.js";
import { converged, headsOf, idOf, settled } from "../support/documents.js";
import { hubOnly, startServer } from "../support/server.js";
import { until } from "../support/until.js";

let hub, clients, folder;
if (!hubOnly.skip) {
  before(async () => {
    hub = await startServer();
    clients = new Clients(hub);
    folder = mkdtempSync(join(tmpdir(), "stock-access-"));
  });
  afterEach(() => clients.close());
  after(async () => {
    await hub.close();
    rmSync(folder, { recursive: true });
  });
}

/** A document of Ada's, at her client and in the hub. */
async function adasDocument() {
  const ada = await clients.connect("ada");
  const handle = ada.repo.create({ notes: ["ada's"] });
  await until("the hub has it", () => hub.read("ada", idOf(handle)));
  return { ada, handle, id: idOf(handle) };
}

/** Adds a note and waits until the hub has it; what the hub was sent before, it has seen by then. */
async function note(handle, user, text) {
  handle.change((doc) => doc.notes.push(text));
  return settled(hub, user, handle);
}

test("a document belongs to the user whose client made it, and REST edits reach the client", hubOnly, async () => {
  const { handle, id } = await adasDocument();
  const view = await hub.read("ada", id);
  assert.equal(view.owner, "ada");
  assert.deepEqual(view.content, { notes: ["ada's"] });
  const ops = [{ op: "insert", path: ["notes", 1], value: "by REST" }];
  await hub.rest("ada", "PATCH", `/documents/${id}`, { version: view.version, ops });
  await until("the client has it", () => handle.doc().notes.length === 2);
  assert.equal(handle.doc().notes[1], "by REST");
});

test("a text document that REST made is a text for stock clients", hubOnly, async () => {
  const view = await hub.rest("ada", "POST", "/documents", { name: "plan", doc_type: "Text", content: "Ship it." });
  const ada = await clients.connect("ada");
  const handle = await ada.repo.find(view.url);
  handle.change((doc) => Automerge.splice(doc, ["content"], 7, 0, " on Friday"));
  assert.equal((await settled(hub, "ada", handle)).content, "Ship it on Friday.");
});

test("what is not shared is unavailable, and comes when it is shared", hubOnly, async () => {
  const { handle, id } = await adasDocument();
  const bob = await clients.connect("bob");
  await assert.rejects(bob.repo.find(handle.url), /unavailable/);
  await hub.share("ada", id, "bob", "read");
  const found = await until("bob has it", () => bob.repo.find(handle.url));
  assert.deepEqual(found.doc().notes, ["ada's"]);
});

test("a reader gets every edit and changes nothing", hubOnly, async () => {
  const { handle, id } = await adasDocument();
  await hub.share("ada", id, "bob", "read");
  const bob = await clients.connect("bob");
  const bobs = await until("bob has it", () => bob.repo.find(handle.url));
  bobs.change((doc) => doc.notes.push("bob's, for himself"));
  for (let round = 0; round < 5; round++) await note(handle, "ada", `ada's ${round}`);
  await until("bob has them", () => bobs.doc().notes.includes("ada's 4"));
  assert.ok(!handle.doc().notes.includes("bob's, for himself"));
  assert.ok(bob.connected, "a reader who writes is not thrown out");
  assert.deepEqual(headsOf(handle), (await hub.read("ada", id)).heads.toSorted());
});

test("a reader who becomes a writer brings what he wrote", hubOnly, async () => {
  const { handle, id } = await adasDocument();
  await hub.share("ada", id, "bob", "read");
  const bob = await clients.connect("bob");
  const bobs = await until("bob has it", () => bob.repo.find(handle.url));
  bobs.change((doc) => doc.notes.push("bob's"));
  await note(handle, "ada", "still alone");
  await hub.share("ada", id, "bob", "write");
  bobs.change((doc) => doc.notes.push("bob's second"));
  await converged(handle, bobs);
  assert.deepEqual(handle.doc().notes.toSorted(), ["ada's", "bob's", "bob's second", "still alone"]);
});

test("access that is revoked ends at once, both ways, while the socket stays", hubOnly, async () => {
  const { handle, id } = await adasDocument();
  await hub.share("ada", id, "bob", "write");
  const bob = await clients.connect("bob");
  const bobs = await until("bob has it", () => bob.repo.find(handle.url));
  const own = bob.repo.create({ of: "bob" });
  bobs.change((doc) => doc.notes.push("bob's"));
  await converged(handle, bobs);

  await hub.share("ada", id, "bob", "none");
  bobs.change((doc) => doc.notes.push("bob's, too late"));
  await note(handle, "ada", "after the revocation");
  // What bob's client does next on the same socket comes after all that the hub sent and was sent.
  own.change((doc) => (doc.changed = true));
  await settled(hub, "bob", own);
  assert.deepEqual(bobs.doc().notes, ["ada's", "bob's", "bob's, too late"]);
  assert.deepEqual(handle.doc().notes, ["ada's", "bob's", "after the revocation"]);
  assert.deepEqual(bob.closings, []);

  await hub.share("ada", id, "bob", "write");
  bobs.change((doc) => doc.notes.push("bob's, back"));
  await converged(handle, bobs);
  assert.equal(handle.doc().notes.length, 5);
});

test("a deleted document stays deleted when an old client returns with it", hubOnly, async () => {
  const stored = () => ({ storage: new NodeFSStorageAdapter(join(folder, "old")) });
  const old = await clients.connect("ada", stored());
  const handle = old.repo.create({ notes: ["kept by the old client"] });
  await settled(hub, "ada", handle);
  await old.close();
  await hub.rest("ada", "DELETE", `/documents/${idOf(handle)}`);
  await hub.kill();
  await hub.restart();

  const back = await clients.connect("ada", stored());
  const found = await back.repo.find(handle.url);
  found.change((doc) => doc.notes.push("written after the deletion"));
  const other = back.repo.create({ also: "here" });
  await settled(hub, "ada", other);
  await assert.rejects(hub.read("ada", idOf(handle)), { status: 404 });
  const reader = await clients.connect("ada");
  await assert.rejects(reader.repo.find(handle.url), /unavailable/);
  assert.deepEqual(found.doc().notes.length, 2, "the client keeps its own copy");
});

test("a document that is deleted while clients have it open gets no more edits across", hubOnly, async () => {
  const { handle, id } = await adasDocument();
  const second = await clients.connect("ada");
  const other = await until("the second has it", () => second.repo.find(handle.url));
  await hub.rest("ada", "DELETE", `/documents/${id}`);
  handle.change((doc) => doc.notes.push("nobody sees this"));
  const control = second.repo.create({ also: "here" });
  await settled(hub, "ada", control);
  await assert.rejects(hub.read("ada", id), { status: 404 });
  assert.deepEqual(other.doc().notes, ["ada's"]);
});

test("a user of another tenant never reaches it", hubOnly, async () => {
  const { handle } = await adasDocument();
  const stranger = await clients.connect("ada@elsewhere");
  await assert.rejects(stranger.repo.find(handle.url), /unavailable/);
});
