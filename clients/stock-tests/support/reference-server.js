// automerge-repo's own sync server: node reference-server.js <port> <folder>
import { Repo } from "@automerge/automerge-repo";
import { WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { WebSocketServer } from "ws";

const [port, folder] = process.argv.slice(2);
const socket = new WebSocketServer({ port: Number(port), host: "127.0.0.1" });
socket.on("listening", () => console.log(JSON.stringify({ event: "ready" })));
new Repo({
  network: [new WebSocketServerAdapter(socket)],
  storage: new NodeFSStorageAdapter(folder),
  sharePolicy: async () => false,
});
