// A hub on a folder and a port of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary, Face } from "./face.js";
import { freePort, ServerProcess } from "./process.js";

export class Hub extends Face {
  /** Starts a hub on an empty folder. `flags` are those of `context-hub dev`. */
  static async start({ flags = [] } = {}) {
    const hub = new Hub(mkdtempSync(join(tmpdir(), "context-hub-stock-")), await freePort(), flags);
    await hub.restart();
    return hub;
  }

  constructor(folder, port, flags) {
    const data = join(folder, "data");
    super(`http://127.0.0.1:${port}`, ["--data-dir", data]);
    this.folder = folder;
    this.data = data;
    this.port = port;
    this.flags = flags;
  }

  /** Starts the hub again on its folder and port. */
  async restart() {
    const args = ["dev", "--json", "--data-dir", this.data, "--addr", `127.0.0.1:${this.port}`, ...this.flags];
    this.process = await ServerProcess.start(binary, args, {
      env: { WAL_SEGMENT_SIZE_MB: "16" },
      log: join(this.folder, "log"),
    });
  }

  kill() {
    return this.process.kill();
  }

  /** Stops the hub and removes its folder. */
  async close() {
    await this.process.stop();
    rmSync(this.folder, { recursive: true });
  }
}
