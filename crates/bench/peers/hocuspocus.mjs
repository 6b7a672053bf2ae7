// Hocuspocus with its own defaults and no extension: Yjs documents in memory, nothing made durable.
//
//   node hocuspocus.mjs
//
// Prints its address once it listens. `GET /<document>` answers with the text that the server itself holds.

import { Server } from "@hocuspocus/server"

const server = new Server({
  address: "127.0.0.1",
  port: 0,
  quiet: true,
  async onRequest({ request, response, instance }) {
    const document = instance.documents.get(request.url.slice(1))
    const text = document ? document.getText("content").toString() : ""
    response.writeHead(document ? 200 : 404, { "Content-Length": Buffer.byteLength(text) })
    response.end(text)
    // Without this Hocuspocus would answer, too: a hook that throws nothing says that all is done.
    throw null
  },
})
await server.listen()
console.log(`127.0.0.1:${server.address.port}`)
