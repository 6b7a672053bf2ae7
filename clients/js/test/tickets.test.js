// The helper on a stock adapter, against a server that lets in and turns away as it is told.
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, beforeEach, test } from "node:test";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { withTickets } from "context-hub-tickets";
import { Gate } from "../support/gate.js";

const RETRY_MS = 10;
const HOUR_MS = 3_600_000;

let gate, adapter, refusals, asked, life;
beforeEach(async () => {
  gate = await Gate.open();
  [refusals, asked, life] = [[], 0, HOUR_MS];
});
afterEach(async () => {
  adapter.disconnect();
  await gate.close();
});

const nextTicket = async () => {
  asked += 1;
  return { ticket: `ticket-${asked}`, expires_at: new Date(Date.now() + life).toISOString() };
};

/** A stock adapter with tickets, and the promise of its first greeting. */
const come = (getTicket = nextTicket, url = gate.url) => {
  adapter = new WebSocketClientAdapter(url, RETRY_MS);
  withTickets(adapter, getTicket, { onRefused: (refusal) => refusals.push(refusal) });
  const greeted = greeting();
  adapter.connect("client", {});
  return greeted;
};
const greeting = () => once(adapter, "peer-candidate");

test("a ticket is fetched before the first socket, and the rest of the URL stays", async () => {
  await come(nextTicket, `${gate.url}?room=7`);
  assert.deepEqual(gate.came, ["ticket-1"]);
  assert.equal(gate.query.get("room"), "7");
});

test("an open socket changes over before its ticket expires", async () => {
  life = 200;
  await come();
  life = HOUR_MS;
  const left = once(adapter, "peer-disconnected");
  await Promise.all([left, greeting()]);
  assert.deepEqual(gate.came, ["ticket-1", "ticket-2"]);
  assert.deepEqual(refusals, []);
});

test("a ticket that is turned down is replaced", async () => {
  gate.codes = [4401, 4401];
  await come();
  assert.deepEqual(gate.came, ["ticket-1", "ticket-2", "ticket-3"]);
});

for (const code of [4503, 4529, 1012, 4408]) {
  test(`${code} brings the client back with the ticket that it has`, async () => {
    gate.codes = [code];
    await come();
    assert.deepEqual(gate.came, ["ticket-1", "ticket-1"]);
    const back = greeting();
    gate.turnOut(code);
    await back;
    assert.deepEqual([asked, gate.came.length], [1, 3]);
  });
}

test("a refusal for good is told once and ends the attempts, until the application tries anew", async () => {
  gate.codes = [4403];
  come();
  while (refusals.length === 0) await nextTurn();
  await afterRetries();
  assert.deepEqual(gate.came, ["ticket-1"]);
  assert.deepEqual(refusals, [{ code: 4403, reason: "because" }]);
  const back = greeting();
  await adapter.connect("client", {});
  await back;
  assert.deepEqual(gate.came, ["ticket-1", "ticket-1"]);
});

test("a client that leaves just after its socket was closed stays away", async () => {
  await come();
  const left = once(adapter, "peer-disconnected");
  gate.turnOut(4503);
  await left;
  adapter.disconnect();
  await afterRetries();
  assert.equal(adapter.socket, undefined);
});

test("a provider that fails, or gives what is expired, is asked again", async () => {
  const answers = [
    () => Promise.reject(new Error("offline")),
    () => ({ ticket: "old", expires_at: new Date(0).toISOString() }),
    () => ({ ticket: "none" }),
    nextTicket,
  ];
  await come(async () => answers.shift()());
  assert.deepEqual(gate.came, ["ticket-1"]);
});

test("attempts that meet while a ticket is fetched become one socket", async () => {
  const { promise, resolve } = deferred();
  const greeted = come(() => promise);
  adapter.connect("client", {});
  adapter.connect("client", {});
  resolve(await nextTicket());
  await greeted;
  assert.deepEqual(gate.came, ["ticket-1"]);
});

test("a client that leaves while its ticket is fetched stays away", async () => {
  const { promise, resolve } = deferred();
  come(() => promise);
  adapter.disconnect();
  resolve(await nextTicket());
  await nextTurn();
  assert.equal(adapter.socket, undefined);
});

test("an error of the network does not end the process", async () => {
  adapter = withTickets(new WebSocketClientAdapter(gate.url, RETRY_MS), nextTicket);
  assert.doesNotThrow(() => adapter.onError({ error: Object.assign(new Error("reset"), { code: "ECONNRESET" }) }));
});

test("a URL that is none is an error at once", () => {
  assert.throws(() => withTickets(new WebSocketClientAdapter("nowhere"), nextTicket), /Invalid URL/);
});

/** Until a timer that was set before now, for a retry, has run: timers run in the order of their times. */
const afterRetries = () => sleep(2 * RETRY_MS);

function deferred() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}
