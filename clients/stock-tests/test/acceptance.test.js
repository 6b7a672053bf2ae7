// automerge-repo's own acceptance tests of a network adapter, with three clients through a server.
//
// Four of the seven can pass through any server. The other three want to see the other *client* beyond the adapter: its
// peer id and metadata in `peer-candidate`, or its leaving in `peer-disconnected`. Through a server each client has one
// peer, the server, which stays when another client goes.
import "@automerge/automerge-repo"; // brings the WebAssembly that the tests themselves do not load
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import { runNetworkAdapterTests } from "@automerge/automerge-repo/helpers/tests/network-adapter-tests.js";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { choose } from "vitest";
import { end } from "../support/clients.js";
import { hubOnly, startServer } from "../support/server.js";

const THROUGH_A_SERVER = [
  "can sync 2 repos",
  "can sync 3 repos",
  "can broadcast a message",
  "should support reconnecting after disconnect",
];
const BETWEEN_TWO_PEERS_ONLY = [
  "emits a peer-candidate event with proper peer metadata when a peer connects",
  "should emit disconnect events on disconnect",
  "should not send messages after disconnect",
];

// Bob asks for what Alice may not have brought yet: her socket is open for less than 50 ms. A hub waits a moment before
// it answers. automerge-repo's own server answers neither then nor later, so that `find` never settles.
const runs = hubOnly.skip ? [] : THROUGH_A_SERVER;

let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const asked = [];
choose((name) => {
  asked.push(name);
  return runs.includes(name);
});

runNetworkAdapterTests(async () => {
  const adapters = await Promise.all(
    Array.from({ length: 3 }, async () => new WebSocketClientAdapter(await server.address("ada"))),
  );
  return { adapters, teardown: () => adapters.forEach(end) };
});

test("the suite has the seven tests that we know", () => {
  assert.deepEqual(asked.toSorted(), [...THROUGH_A_SERVER, ...BETWEEN_TWO_PEERS_ONLY].toSorted());
});
