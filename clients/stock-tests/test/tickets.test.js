// Tickets that do not open the door: the hub says so with a close code, and the client's process lives.
//
// A stock client does not look at close codes and comes back for ever. An exception that nobody catches would fail
// these tests: they run in the client's process.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Client, Clients } from "../support/clients.js";
import { converged } from "../support/documents.js";
import { hubOnly, startServer } from "../support/server.js";
import { until } from "../support/until.js";

let hub, clients;
if (!hubOnly.skip) {
  before(async () => {
    hub = await startServer();
    clients = new Clients(hub);
  });
  afterEach(() => clients.close());
  after(() => hub.close());
}

/** A client that comes with this ticket, and a document that it made. */
const come = (ticket) => {
  const client = clients.add(new Client(hub.socket(ticket)));
  return { client, made: client.repo.create({ words: ["mine"] }) };
};

/** Waits until the hub has turned this client away, and then again when it came back. */
const turnedAway = async (client, code, reason) => {
  const closings = await until("the client was turned away twice", () => client.closings.length > 1 && client.closings);
  for (const closing of closings) {
    assert.equal(closing.code, code, closing.reason);
    assert.match(closing.reason, reason);
  }
  assert.ok(!client.connected);
};

/** Gives a client the address of a good ticket, as an application does; what it made meanwhile arrives. */
const recovers = async ({ client, made }) => {
  client.adapter.url = await hub.address("ada");
  const other = await clients.connect("ada");
  const found = await until("the others have it", () => other.repo.find(made.url));
  made.change((doc) => doc.words.push("and more"));
  await converged(made, found);
  assert.deepEqual(found.doc().words, ["mine", "and more"]);
};

test("a wrong ticket", hubOnly, async () => {
  const guest = come("not-a-ticket");
  await turnedAway(guest.client, 4401, /token|signature/i);
  await recovers(guest);
});

test("a ticket whose signature was changed", hubOnly, async () => {
  const { ticket } = await hub.ticket("ada");
  const at = ticket.length - 20;
  const guest = come(ticket.slice(0, at) + (ticket[at] === "A" ? "B" : "A") + ticket.slice(at + 1));
  await turnedAway(guest.client, 4401, /token|signature/i);
});

test("an access token is no ticket", hubOnly, async () => {
  const guest = come(hub.token("ada"));
  await turnedAway(guest.client, 4401, /token|signature/i);
});

test("a ticket that expires while its socket is open", hubOnly, async () => {
  const guest = come((await hub.ticket("ada", { ttl: 2 })).ticket);
  await until("it is let in", () => guest.client.connected);
  await turnedAway(guest.client, 4401, /expired/i);
  await recovers(guest);
});

test("a ticket that is revoked while its socket is open", hubOnly, async () => {
  const ticket = await hub.ticket("ada");
  const guest = come(ticket.ticket);
  await until("it is let in", () => guest.client.connected);
  await hub.rest("ada", "DELETE", `/sync-tickets/${ticket.id}`);
  const revoked = performance.now();
  await turnedAway(guest.client, 4403, /revoked/i);
  const took = performance.now() - revoked;
  assert.ok(took < 1_000, `promised within a second, took ${took} ms`);
  await recovers(guest);
});

test("a ticket for one use opens once", hubOnly, async () => {
  const { ticket } = await hub.ticket("ada", { once: true });
  const first = come(ticket);
  await until("the first is let in", () => first.client.connected);
  const second = come(ticket);
  await turnedAway(second.client, 4401, /used|spent/i);
  assert.ok(first.client.connected);
});

test("a ticket for one document shows no other", hubOnly, async () => {
  const ada = await clients.connect("ada");
  const [open, shut] = [ada.repo.create({ is: "open" }), ada.repo.create({ is: "shut" })];
  for (const made of [open, shut]) await until("the hub has it", () => hub.read("ada", made.documentId));
  const { ticket } = await hub.ticket("ada", { documents: [open.documentId] });
  const guest = clients.add(new Client(hub.socket(ticket)));
  assert.deepEqual((await until("the guest has one", () => guest.repo.find(open.url))).doc(), { is: "open" });
  await assert.rejects(guest.repo.find(shut.url), /unavailable/);
});
