// A hub on a folder and a port of its own, and what a test asks of it besides syncing.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, ServerProcess } from "./process.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The program under test. */
export const binary = resolve(
  process.env.CONTEXT_HUB_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/context-hub"),
);

export class Hub {
  /** Starts a hub on an empty folder. `flags` are those of `context-hub dev`. */
  static async start({ flags = [] } = {}) {
    const hub = new Hub(mkdtempSync(join(tmpdir(), "context-hub-stock-")), await freePort(), flags);
    await hub.restart();
    return hub;
  }

  constructor(folder, port, flags) {
    this.folder = folder;
    this.port = port;
    this.flags = flags;
    this.url = `http://127.0.0.1:${port}`;
    this.tokens = new Map();
  }

  /** Starts the hub again on its folder and port. */
  async restart() {
    const args = ["dev", "--json", "--data-dir", this.#data, "--addr", `127.0.0.1:${this.port}`, ...this.flags];
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

  get #data() {
    return join(this.folder, "data");
  }

  /** An access token for a user: `ada`, or `ada@acme` for her of another tenant. */
  token(user) {
    if (!this.tokens.has(user)) {
      const [name, tenant] = user.split("@");
      const args = ["token", "--data-dir", this.#data, "--user", name, "--ttl", "1h"];
      if (tenant) args.push("--tenant", tenant);
      this.tokens.set(user, execFileSync(binary, args, { encoding: "utf8" }).trim());
    }
    return this.tokens.get(user);
  }

  /** A request to the REST face. Gives the parsed body; an answer other than 2xx is an error. */
  async rest(user, method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.token(user)}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    const { ok, status } = answer;
    if (!ok) throw Object.assign(new Error(`${method} ${path}: ${status} ${text}`), { status });
    return text && JSON.parse(text);
  }

  /** A ticket for a user's socket: `{ticket, expires_at, …}`. */
  ticket(user, wanted = {}) {
    return this.rest(user, "POST", "/sync-tickets", wanted);
  }

  /** The address to which a stock client connects with this ticket. */
  socket(ticket) {
    return `ws://127.0.0.1:${this.port}/sync?ticket=${encodeURIComponent(ticket)}`;
  }

  /** The address for a user, with a new ticket. */
  async address(user) {
    return this.socket((await this.ticket(user)).ticket);
  }

  /** Sets what a principal may do with a document. */
  share(owner, id, principal, level) {
    return this.rest(owner, "POST", `/documents/${id}/share`, { principal, access_level: level });
  }

  /** The document as REST shows it. */
  read(user, id) {
    return this.rest(user, "GET", `/documents/${id}`);
  }
}
