// What a test asks of a hub besides syncing, wherever it runs: tokens, tickets, requests.
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The program under test. */
export const binary = resolve(
  process.env.CONTEXT_HUB_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/context-hub"),
);

/** The face of a hub at `url`. `keyArgs` tell `context-hub token` with which key tokens are signed. */
export class Face {
  #keyArgs;
  #tokens = new Map();

  constructor(url, keyArgs) {
    this.url = url;
    this.#keyArgs = keyArgs;
  }

  /** An access token for a user: `ada`, or `ada@acme` for her of another tenant. */
  token(user) {
    if (!this.#tokens.has(user)) {
      const [name, tenant] = user.split("@");
      const args = ["token", ...this.#keyArgs, "--user", name, "--ttl", "1h"];
      if (tenant) args.push("--tenant", tenant);
      this.#tokens.set(user, execFileSync(binary, args, { encoding: "utf8" }).trim());
    }
    return this.#tokens.get(user);
  }

  /** An answer of the REST face, whatever its status. */
  ask(user, method, path, body) {
    return fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.token(user)}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
  }

  /** A request to the REST face. Gives the parsed body; an answer other than 2xx is an error. */
  async rest(user, method, path, body) {
    const answer = await this.ask(user, method, path, body);
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
    return `${this.url.replace("http", "ws")}/sync?ticket=${encodeURIComponent(ticket)}`;
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
