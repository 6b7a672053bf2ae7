// A stock client types a whole paper at full speed, while a second one inserts marks into it.
//
// A fast typist program gathers keystrokes into changes; this one takes a few hundred at a time and has no other pause than
// letting its socket breathe.
import * as Automerge from "@automerge/automerge";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { Clients } from "../support/clients.js";
import { converged, idOf, settled } from "../support/documents.js";
import { Around, mark, marksIn, outsideOfMarks, withoutMarks } from "../support/marks.js";
import { hubOnly, startServer } from "../support/server.js";
import { readTrace } from "../support/trace.js";
import { until } from "../support/until.js";

const KEYSTROKES_IN_A_CHANGE = 500;
const BETWEEN_MARKS_MS = 250;

let server, clients;
before(async () => {
  server = await startServer();
  clients = new Clients(server);
});
after(async () => {
  await clients.close();
  await server.close();
});

/** Types all keystrokes, around whatever others have put between them. */
async function type(handle, keystrokes) {
  for (let first = 0; first < keystrokes.length; first += KEYSTROKES_IN_A_CHANGE) {
    handle.change((doc) => {
      const around = new Around(doc.content);
      for (const keystroke of keystrokes.slice(first, first + KEYSTROKES_IN_A_CHANGE)) {
        for (const splice of around.edit(keystroke)) Automerge.splice(doc, ["content"], ...splice);
      }
    });
    await breathe();
  }
}

/** Inserts a mark somewhere into what it sees, again and again while `typing()`. Gives back how many. */
async function insertMarks(handle, typing) {
  let count = 0;
  while (typing()) {
    handle.change((doc) => {
      const at = outsideOfMarks(doc.content, Math.floor(Math.random() * (doc.content.length + 1)));
      Automerge.splice(doc, ["content"], at, 0, mark(count));
    });
    count += 1;
    await sleep(BETWEEN_MARKS_MS);
  }
  return count;
}

test("two clients write a paper", async (context) => {
  const { keystrokes, end } = readTrace();
  const [typist, marker] = [await clients.connect(), await clients.connect()];
  const typed = typist.repo.create({ content: "" });
  const marked = await until("the marker has it", () => marker.repo.find(typed.url));

  const begin = Date.now();
  let typing = true;
  const typingIsDone = type(typed, keystrokes).finally(() => (typing = false));
  const [marks] = await Promise.all([insertMarks(marked, () => typing), typingIsDone]);
  const seconds = (from) => ((Date.now() - from) / 1000).toFixed(1);
  context.diagnostic(`typed ${keystrokes.length} keystrokes in ${seconds(begin)} s, with ${marks} marks`);
  const done = Date.now();
  await converged(typed, marked);
  context.diagnostic(`both clients agree ${seconds(done)} s later`);

  const text = typed.doc().content;
  assert.equal(withoutMarks(text), end, "without the marks it is the paper");
  assert.deepEqual(marksIn(text).toSorted(), Array.from({ length: marks }, (_, number) => mark(number)).toSorted());
  assert.ok(marks > 20, `only ${marks} marks were made meanwhile`);
  await context.test("REST agrees, also after a kill, and so does a client that comes then", hubOnly, async () => {
    assert.equal((await settled(server, "ada", typed)).content, text);
    await clients.close();
    await server.kill();
    await server.restart();
    assert.equal((await server.read("ada", idOf(typed))).content, text);
    const late = await clients.connect();
    assert.equal((await late.repo.find(typed.url)).doc().content, text);
  });
});
