// The sync server of automerge-repo, as its authors run it, on the pinned packages: WebSockets in, files behind, and no
// document announced to a peer that did not ask for it.
//
//   node automerge-repo.mjs <data folder>
//
// Prints its address once it listens.

import { Repo } from "@automerge/automerge-repo"
import { WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket"
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs"
import { once } from "node:events"
import { WebSocketServer } from "ws"

const sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 })
const listening = once(sockets, "listening")
// The repo looks at its storage before it takes sockets; one that comes earlier is never answered.
const taking = new Promise((resolve) => sockets.on("newListener", (name) => name === "connection" && resolve()))
// Rarer pings than its own every five seconds: sockets rest while others are measured, and answer none meanwhile.
const keepAliveMilliseconds = 600_000
new Repo({
  network: [new WebSocketServerAdapter(sockets, keepAliveMilliseconds)],
  storage: new NodeFSStorageAdapter(process.argv[2]),
  peerId: "storage-server-bench",
  sharePolicy: async () => false,
})
await Promise.all([listening, taking])
console.log(`127.0.0.1:${sockets.address().port}`)
