// The sync server of automerge-repo, as its authors run it, on the pinned packages: WebSockets in, files behind, and no
// document announced to a peer that did not ask for it.
//
//   node automerge-repo.mjs <data folder>
//
// Prints its address once it listens.

import { Repo } from "@automerge/automerge-repo"
import { WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket"
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs"
import { WebSocketServer } from "ws"

const sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 })
new Repo({
  network: [new WebSocketServerAdapter(sockets)],
  storage: new NodeFSStorageAdapter(process.argv[2]),
  peerId: "storage-server-bench",
  sharePolicy: async () => false,
})
sockets.on("listening", () => console.log(`127.0.0.1:${sockets.address().port}`))
