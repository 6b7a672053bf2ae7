// A server that greets automerge-repo clients, or closes their sockets with a code. It syncs nothing.
import { cbor } from "@automerge/automerge-repo";
import { once } from "node:events";
import { WebSocketServer } from "ws";

export class Gate {
  /** The ticket of each socket that came, in order. */
  came = [];
  /** Codes for the next sockets, each used once; a socket for which there is none is let in. */
  codes = [];

  static async open() {
    const gate = new Gate();
    gate.server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    gate.server.on("connection", (socket, { url }) => gate.#greet(socket, new URL(url, "ws://gate")));
    await once(gate.server, "listening");
    return gate;
  }

  get url() {
    return `ws://127.0.0.1:${this.server.address().port}/sync`;
  }

  #greet(socket, url) {
    this.came.push(url.searchParams.get("ticket"));
    this.query = url.searchParams;
    if (this.codes.length > 0) {
      socket.close(this.codes.shift(), "because");
      return;
    }
    socket.on("message", (bytes) => {
      const { type, senderId } = cbor.decode(bytes);
      if (type === "join") {
        const peer = { type: "peer", senderId: "gate", targetId: senderId, selectedProtocolVersion: "1" };
        socket.send(cbor.encode(peer));
      }
    });
  }

  /** Closes the sockets that are open. */
  turnOut(code) {
    for (const socket of this.server.clients) socket.close(code, "because");
  }

  async close() {
    for (const socket of this.server.clients) socket.terminate();
    this.server.close();
    await once(this.server, "close");
  }
}
