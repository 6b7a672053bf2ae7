// A cluster on this machine: three etcds, three nodes and a gateway, made and broken by the program under test itself.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { binary, Face } from "./face.js";
// Makes a SIGTERM an orderly exit.
import "./process.js";
import { until } from "./until.js";

const run = promisify(execFile);

/** The folders of those that run. They end with this process, also when the test runner has waited long enough for it. */
const running = new Set();
process.on("exit", () => {
  for (const folder of running) execFileSync(binary, ["cluster", "down", "--now", "--dir", folder]);
});

/** `context-hub cluster VERB …`; what it printed. */
async function verb(folder, ...words) {
  return (await run(binary, ["cluster", ...words, "--dir", folder])).stdout;
}

export class Cluster extends Face {
  /** Starts one on an empty folder. */
  static async start({ shards = 4 } = {}) {
    const folder = mkdtempSync(join(tmpdir(), "context-hub-stock-cluster-"));
    running.add(folder);
    const size = ["--nodes", "3", "--gateways", "1", "--shards", `${shards}`];
    const { gateways } = JSON.parse(await verb(folder, "up", ...size, "--json"));
    return new Cluster(folder, gateways[0]);
  }

  constructor(folder, url) {
    super(url, ["--jwt-private-key-file", join(folder, "keys/signing-key.pem")]);
    this.folder = folder;
  }

  /** The name of the node that leads the shard of a document, once one does. */
  leaderOf(user, id) {
    return until("somebody leads the document's shard", async () => {
      const answer = await this.ask(user, "GET", `/documents/${id}`);
      const shard = Number(answer.headers.get("hub-revision").split(".")[0]);
      const { shards } = JSON.parse(await verb(this.folder, "status", "--json"));
      return shards.find((it) => it.shard === shard).leader;
    });
  }

  /** Kills a node at once. */
  kill(node) {
    return verb(this.folder, "kill", node);
  }

  /** Asks a node to stop, and waits until it has. */
  stop(node) {
    return verb(this.folder, "stop", node);
  }

  /** Starts a node again, and waits until it is ready. */
  restart(node) {
    return verb(this.folder, "start", node);
  }

  /** Ends all of it, and removes its folder. */
  async close() {
    await verb(this.folder, "down", "--now");
    running.delete(this.folder);
    rmSync(this.folder, { recursive: true });
  }
}
