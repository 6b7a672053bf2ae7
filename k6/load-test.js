// Loads a hub over HTTP and over sockets, and holds it to its latencies.
//
//   TOKEN_FILE=data/owner.token k6 run k6/load-test.js
//
//   BASE_URL    where the hub is [http://127.0.0.1:8080]
//   TOKEN       an access token, or
//   TOKEN_FILE  a file that holds one, relative to the folder that k6 was started in
//   RATE        documents a second that are made, changed twice and read [20]
//   SOCKETS     clients that type into one document, two edits a second each [10]
//   DURATION    how long [30s]
//   SLACK       what the limits below are multiplied with [1]: more for a debug build, or for a busy machine
//
// k6 ends with 99 if a limit was crossed, or if an answer was not what it should be.

import http from "k6/http"
import { check, fail } from "k6"
import { Counter, Trend } from "k6/metrics"
import { clearInterval, setInterval, setTimeout } from "k6/timers"
import { WebSocket } from "k6/experimental/websockets"

const hub = (__ENV.BASE_URL || "http://127.0.0.1:8080").replace(/\/$/, "")
const token = __ENV.TOKEN || (__ENV.TOKEN_FILE ? fromFile(__ENV.TOKEN_FILE) : "")
const duration = __ENV.DURATION || "30s"
const rate = Number(__ENV.RATE || 20)
const sockets = Number(__ENV.SOCKETS || 10)
const slack = Number(__ENV.SLACK || 1)

const CONTENT = "What two hundred bytes look like. ".repeat(6).slice(0, 200)
/** From one edit of a socket to its next one. */
const TYPING_PACE_MS = 500
/** What a socket has for its last edit to come back, before it closes. */
const LAST_WORD_MS = 2000

const created = new Trend("document_create", true)
const updated = new Trend("document_update", true)
const read = new Trend("document_read", true)
const acknowledged = new Trend("socket_edit", true)
const lost = new Counter("socket_edits_lost")

/** @type {import("k6/options").Options} */
export const options = {
  scenarios: {
    documents: {
      executor: "constant-arrival-rate",
      exec: "documents",
      rate,
      timeUnit: "1s",
      duration,
      preAllocatedVUs: Math.max(10, rate),
      maxVUs: Math.max(20, rate * 4),
    },
    typing: { executor: "per-vu-iterations", exec: "typing", vus: sockets, iterations: 1, maxDuration: longer() },
  },
  thresholds: {
    // Create below 50 ms and update below 30 ms at p99. A read below 10 ms, and below 1 ms where it comes from memory, as
    // half of these do: each document is read right after it was written.
    document_create: [`p(99)<${50 * slack}`],
    document_update: [`p(99)<${30 * slack}`],
    document_read: [`p(99)<${10 * slack}`, `med<${slack}`],
    // What a person sees of the others while they type.
    socket_edit: [`p(99)<${100 * slack}`],
    socket_edits_lost: ["count==0"],
    checks: ["rate==1"],
    // The machine that makes the load has to keep up, or nothing of this means anything.
    dropped_iterations: ["count==0"],
  },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
}

/**
 * The document that the sockets share.
 * @returns {{ shared: string }}
 */
export function setup() {
  if (!token) {
    fail("an access token is needed: TOKEN=…, or TOKEN_FILE=data/owner.token")
  }
  const answer = post("/documents", { name: "typed into by k6", doc_type: "Text", content: "" })
  if (answer.status !== 201) {
    fail(`${hub} does not take a document: ${answer.status} ${answer.error || answer.body}`)
  }
  return { shared: String(answer.json("id")) }
}

/** A document is made, changed from two sides, and read. */
export function documents() {
  const made = post("/documents", { name: `k6 ${__VU}.${__ITER}`, doc_type: "Text", content: CONTENT })
  created.add(made.timings.duration)
  if (!check(made, { "a document is made": (answer) => answer.status === 201 })) {
    return
  }
  const path = `/documents/${made.json("id")}`
  // Both are made against version 1: the hub merges them.
  for (const content of [`${CONTENT} A person.`, `An agent: ${CONTENT}`]) {
    const put = http.put(hub + path, JSON.stringify({ version: 1, content }), asked("PUT /documents/{id}"))
    updated.add(put.timings.duration)
    check(put, { "it is changed": (answer) => answer.status === 200 })
  }
  const seen = http.get(hub + path, asked("GET /documents/{id}"))
  read.add(seen.timings.duration)
  check(seen, { "both edits are there": (answer) => answer.json("content") === `An agent: ${CONTENT} A person.` })
  const gone = http.del(hub + path, null, asked("DELETE /documents/{id}"))
  check(gone, { "it is deleted": (answer) => answer.status === 204 })
}

/**
 * Types into the shared document until the time is over.
 * @param {{ shared: string }} data
 */
export function typing({ shared }) {
  const socket = new WebSocket(`${hub.replace(/^http/, "ws")}/documents/${shared}/sync`)
  /** When each edit that waits was sent. @type {Map<string, number>} */
  const waiting = new Map()
  let version = 0
  let number = 0
  /** @type {import("k6/timers").IntervalID | undefined} */
  let typist

  const type = () => {
    const id = `${__VU}-${(number += 1)}`
    waiting.set(id, Date.now())
    const ops = [{ op: "splice", position: 0, delete: 0, insert: `${id} ` }]
    socket.send(JSON.stringify({ type: "edit", id, version, ops }))
  }
  const rest = () => {
    if (typist) {
      clearInterval(typist)
    }
  }
  const stop = () => {
    rest()
    setTimeout(() => socket.close(), LAST_WORD_MS)
  }

  socket.onopen = () => socket.send(JSON.stringify({ type: "auth", token }))
  socket.onmessage = (event) => {
    const message = JSON.parse(String(event?.data))
    switch (message.type) {
      case "snapshot":
        if (version === 0) {
          typist = setInterval(type, TYPING_PACE_MS)
          setTimeout(stop, seconds(duration) * 1000)
        }
        version = message.version
        break
      case "update":
        version = message.version
        break
      case "ack":
        acknowledged.add(Date.now() - (waiting.get(message.id) || 0))
        waiting.delete(message.id)
        break
      case "error":
        check(message, { [`a socket has no error (${message.problem}: ${message.detail})`]: () => false })
        break
    }
  }
  socket.onerror = (event) => {
    check(event, { [`a socket stays open (${event?.error})`]: () => false })
  }
  socket.onclose = () => {
    rest()
    lost.add(waiting.size)
    check(version, { "a socket shows the document": (seen) => seen > 0 })
  }
}

/**
 * @param {string} path
 * @param {object} body
 */
function post(path, body) {
  return http.post(hub + path, JSON.stringify(body), asked(`POST ${path}`))
}

/**
 * The name keeps the figures of all documents together.
 * @param {string} name
 */
function asked(name) {
  return { headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, tags: { name } }
}

/** The time that a socket has, with its last words. */
function longer() {
  return `${Math.ceil(seconds(duration) + LAST_WORD_MS / 1000 + 10)}s`
}

/**
 * The seconds of a duration such as 90s, 2m or 1h.
 * @param {string} text
 */
function seconds(text) {
  const found = /^(\d+)(s|m|h)$/.exec(text)
  if (!found) {
    throw new Error(`DURATION=${text} is not understood: write 30s, 5m or 1h`)
  }
  return Number(found[1]) * { s: 1, m: 60, h: 3600 }[/** @type {"s" | "m" | "h"} */ (found[2])]
}

/**
 * What a file holds. k6 takes paths as relative to this script, people as relative to where they are.
 * @param {string} path
 */
function fromFile(path) {
  return open(path.startsWith("/") ? path : `${__ENV.PWD}/${path}`).trim()
}
