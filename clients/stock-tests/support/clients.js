// Stock clients: an unmodified Repo on an unmodified WebSocketClientAdapter.
import { Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";

/** How soon a stock client comes back after its socket closed; people use 5,000 and more. */
const RETRY_MS = 200;

export class Client {
  /** A client of this user at this server. `options` are those of a Repo. */
  static async connect(server, user, options) {
    return new Client(await server.address(user), options);
  }

  constructor(address, options = {}) {
    this.adapter = new WebSocketClientAdapter(address, RETRY_MS);
    this.#watchClosings();
    this.repo = new Repo({ network: [this.adapter], ...options });
  }

  /** The codes and reasons with which its sockets were closed, oldest first. */
  closings = [];

  // A socket tells nobody but the adapter how it was closed; each new one is asked too.
  #watchClosings() {
    const connect = this.adapter.connect.bind(this.adapter);
    this.adapter.connect = (...who) => {
      connect(...who);
      this.adapter.socket.addEventListener("close", ({ code, reason }) => this.closings.push({ code, reason }));
    };
  }

  /** Whether the server has greeted it on the socket it has now. */
  get connected() {
    return this.repo.peers.length > 0;
  }

  /** Takes its network away. */
  offline() {
    this.adapter.disconnect();
  }

  /** Gives its network back. */
  online() {
    this.adapter.connect(this.adapter.peerId, this.adapter.peerMetadata);
  }

  /** Ends it. */
  async close() {
    end(this.adapter);
    await this.repo.flush();
  }
}

/** Disconnects a stock adapter for good, in whatever state it is. */
export function end(adapter) {
  // It would come back if it lies between two attempts…
  adapter.connect = () => {};
  // …and a socket that is closed while it is being opened reports that to nobody, which ends a Node process.
  adapter.socket?.addEventListener("error", () => {});
  if (adapter.socket) adapter.disconnect();
}

/** The clients of a test, ended together. */
export class Clients {
  #server;
  #all = [];

  constructor(server) {
    this.#server = server;
  }

  /** One more client, of a user of that name. */
  async connect(user = "ada", options) {
    return this.add(await Client.connect(this.#server, user, options));
  }

  add(client) {
    this.#all.push(client);
    return client;
  }

  async close() {
    await Promise.all(this.#all.splice(0).map((client) => client.close()));
  }
}
