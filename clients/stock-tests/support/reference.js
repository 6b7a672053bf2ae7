// automerge-repo's own server behind the same face as the hub, as far as it goes: it has no users, tickets or REST.
//
// A test that fails here too does not show a fault of the hub.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, ServerProcess } from "./process.js";

const PROGRAM = fileURLToPath(new URL("reference-server.js", import.meta.url));

export class Reference {
  static async start() {
    const server = new Reference(mkdtempSync(join(tmpdir(), "automerge-repo-")), await freePort());
    await server.restart();
    return server;
  }

  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
  }

  async restart() {
    const args = [PROGRAM, String(this.port), join(this.folder, "data")];
    this.process = await ServerProcess.start(process.execPath, args, { log: join(this.folder, "log") });
  }

  kill() {
    return this.process.kill();
  }

  async close() {
    await this.process.stop();
    rmSync(this.folder, { recursive: true });
  }

  async address() {
    return `ws://127.0.0.1:${this.port}`;
  }
}
