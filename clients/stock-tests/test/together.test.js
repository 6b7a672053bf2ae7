// Several stock clients at the same documents at the same time: every type that they know, every edit kept.
import * as Automerge from "@automerge/automerge";
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Clients } from "../support/clients.js";
import { converged } from "../support/documents.js";
import { startServer } from "../support/server.js";
import { until } from "../support/until.js";

let server, clients;
before(async () => {
  server = await startServer();
  clients = new Clients(server);
});
afterEach(() => clients.close());
after(() => server.close());

/** The same document at `count` clients of one user. */
async function shared(count, initial) {
  const people = await Promise.all(Array.from({ length: count }, () => clients.connect()));
  const first = people[0].repo.create(initial);
  await until("the creator is connected", () => people[0].connected);
  const others = people.slice(1).map(({ repo }) => until("the document is found", () => repo.find(first.url)));
  return [first, ...(await Promise.all(others))];
}

test("two clients see each other's edits", async () => {
  const [ada, bob] = await shared(2, { text: "" });
  ada.change((doc) => Automerge.splice(doc, ["text"], 0, 0, "Hello from Ada. "));
  await converged(ada, bob);
  bob.change((doc) => Automerge.splice(doc, ["text"], bob.doc().text.length, 0, "Hello from Bob."));
  await converged(ada, bob);
  assert.equal(ada.doc().text, "Hello from Ada. Hello from Bob.");
});

test("three clients type into one text at once and keep every character", async () => {
  const people = await shared(3, { text: "" });
  const words = ["alpha", "beta", "gamma"];
  const key = (who, at) => words[who][at % words[who].length];
  for (let character = 0; character < 200; character++) {
    people.forEach((handle, who) =>
      handle.change((doc) => Automerge.splice(doc, ["text"], doc.text.length, 0, key(who, character))),
    );
    if (character % 10 === 0) await new Promise(setImmediate);
  }
  await converged(...people);
  const typed = words.flatMap((_, who) => Array.from({ length: 200 }, (_, at) => key(who, at)));
  assert.deepEqual([...people[0].doc().text].toSorted(), typed.toSorted());
});

test("maps: different keys all survive, one key keeps one of its values", async () => {
  const people = await shared(3, { tasks: {} });
  people.forEach((handle, who) =>
    handle.change((doc) => {
      doc.tasks[`of ${who}`] = { done: who === 1, title: `task ${who}` };
      doc.owner = who;
    }),
  );
  await converged(...people);
  const { tasks, owner } = people[0].doc();
  assert.deepEqual(Object.keys(tasks).toSorted(), ["of 0", "of 1", "of 2"]);
  assert.deepEqual(tasks["of 1"], { done: true, title: "task 1" });
  assert.ok([0, 1, 2].includes(owner));
  assert.equal(Object.keys(Automerge.getConflicts(people[1].doc(), "owner")).length, 3);
});

test("lists: insertions and deletions at once", async () => {
  const [ada, bob, cleo] = await shared(3, { list: ["a", "b", "c", "d"] });
  ada.change((doc) => doc.list.splice(1, 1));
  bob.change((doc) => doc.list.push("e"));
  cleo.change((doc) => doc.list.unshift({ first: true }));
  await converged(ada, bob, cleo);
  assert.deepEqual(ada.doc().list, [{ first: true }, "a", "c", "d", "e"]);
});

test("counters: every increment counts", async () => {
  const people = await shared(3, { votes: new Automerge.Counter(0) });
  for (let round = 0; round < 20; round++) {
    people.forEach((handle, who) => handle.change((doc) => doc.votes.increment(who + 1)));
  }
  await converged(...people);
  people.forEach((handle) => assert.equal(handle.doc().votes.value, 20 * (1 + 2 + 3)));
});

test("marks: formatting grows with the text that another types into it", async () => {
  const [ada, bob] = await shared(2, { text: "the quick fox" });
  ada.change((doc) => Automerge.mark(doc, ["text"], { start: 4, end: 9, expand: "both" }, "bold", true));
  bob.change((doc) => Automerge.splice(doc, ["text"], 6, 0, "ii"));
  await converged(ada, bob);
  for (const handle of [ada, bob]) {
    assert.equal(handle.doc().text, "the quiiick fox");
    assert.deepEqual(Automerge.marks(handle.doc(), ["text"]), [{ name: "bold", value: true, start: 4, end: 11 }]);
  }
});

test("values of every kind arrive as they were", async () => {
  const values = {
    bytes: new Uint8Array([0, 1, 254, 255]),
    date: new Date("2026-01-02T03:04:05.678Z"),
    float: -0.1,
    large: Number.MAX_SAFE_INTEGER,
    nested: [[], {}, [null, true, { deep: "é👩‍🚀" }]],
    shortText: new Automerge.ImmutableString("never merged"),
  };
  const [ada, bob] = await shared(2, values);
  await converged(ada, bob);
  assert.deepEqual(bob.doc(), ada.doc());
  assert.deepEqual(bob.doc().bytes, values.bytes);
  assert.deepEqual(bob.doc().date, values.date);
  assert.deepEqual(bob.doc().nested, values.nested);
});

test("what is said in passing reaches the others and is not kept", async () => {
  const [ada, bob, cleo] = await shared(3, { text: "" });
  const heads = JSON.stringify(ada.heads());
  const heard = [bob, cleo].map((handle) => {
    const messages = [];
    handle.on("ephemeral-message", ({ message }) => messages.push(message));
    return messages;
  });
  await converged(ada, bob, cleo);
  let said = 0;
  await until("both heard the same cursor", () => {
    ada.broadcast({ cursor: (said += 1) });
    return heard.every((messages) => messages.length > 3);
  });
  for (const messages of heard) {
    const cursors = messages.map(({ cursor }) => cursor);
    assert.deepEqual(cursors, cursors.toSorted((a, b) => a - b), "each once, in order");
    assert.equal(new Set(cursors).size, cursors.length);
  }
  assert.equal(JSON.stringify(bob.heads()), heads);
});

test("a document that nobody has is unavailable, and is there as soon as somebody brings it", async () => {
  const [ada, bob] = [await clients.connect(), await clients.connect()];
  await until("both are connected", () => ada.connected && bob.connected);
  ada.offline();
  const brought = ada.repo.create({ text: "late" });
  await assert.rejects(bob.repo.find(brought.url), /unavailable/);
  ada.online();
  const found = await until("the document is found", () => bob.repo.find(brought.url));
  assert.equal(found.doc().text, "late");
});
