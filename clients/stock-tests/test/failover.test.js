// Nodes of a cluster die and stop under its clients: they hear nothing of it. No socket is closed, nothing is reloaded.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Clients } from "../support/clients.js";
import { Cluster } from "../support/cluster.js";
import { converged, idOf, settled } from "../support/documents.js";
import { until } from "../support/until.js";

/** Somebody who types. */
const KEY_EVERY_MS = 25;

let cluster, clients;
before(async () => {
  cluster = await Cluster.start();
  clients = new Clients(cluster);
});
after(async () => {
  await clients?.close();
  await cluster?.close();
});

test("clients type on while the leader of their document is killed, stopped and started again", async () => {
  const [ada, bob] = [await clients.connect(), await clients.connect()];
  const adas = ada.repo.create({ ada: [], bob: [] });
  const bobs = await until("bob has it", () => bob.repo.find(adas.url));
  const sockets = [ada.adapter.socket, bob.adapter.socket];
  // Those that they have now: where a client took too long to say its name, it has come a second time.
  for (const client of [ada, bob]) client.closings.length = 0;

  let typing = true;
  const type = async (handle, who) => {
    let keys = 0;
    for (; typing; keys++) {
      handle.change((doc) => doc[who].push(keys));
      await sleep(KEY_EVERY_MS);
    }
    return keys;
  };
  const typists = Promise.all([type(adas, "ada"), type(bobs, "bob")]);
  const heard = () => [adas.doc().bob.length, bobs.doc().ada.length];
  for (const end of ["kill", "stop", "kill"]) {
    const victim = await cluster.leaderOf("ada", idOf(adas));
    await cluster[end](victim);
    const [ofBob, ofAda] = heard();
    await until("they hear of each other again", () => heard()[0] > ofBob + 40 && heard()[1] > ofAda + 40);
    await cluster.restart(victim);
  }
  typing = false;
  const [ofAda, ofBob] = await typists;

  await converged(adas, bobs);
  const view = await settled(cluster, "ada", adas);
  const whole = (count) => Array.from({ length: count }, (_, key) => key);
  assert.deepEqual(view.content, { ada: whole(ofAda), bob: whole(ofBob) });
  assert.deepEqual([ada.closings, bob.closings], [[], []], "no socket was closed");
  assert.deepEqual([ada.adapter.socket, bob.adapter.socket], sockets, "they are the ones that were opened first");
});
