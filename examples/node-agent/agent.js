// An agent that edits the text in which people type: npm start -- <automerge URL of a Text document>
//
// It answers lines like `@agent count` on the line below, character by character, while everybody else goes on typing.
//
//   HUB         where the hub is (http://127.0.0.1:8080)
//   TOKEN_FILE  the access token (data/owner.token at the root of the repository)
import { Repo, isValidAutomergeUrl } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import { withTickets } from "context-hub-tickets";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { nextQuestion } from "./questions.js";
import { Pen } from "./pen.js";

const HUB = process.env.HUB ?? "http://127.0.0.1:8080";
const TOKEN_FILE = process.env.TOKEN_FILE ?? fileURLToPath(new URL("../../data/owner.token", import.meta.url));

const SKILLS = {
  count: (text) => `${text.split(/\s+/).filter(Boolean).length} words in ${text.split("\n").length} lines`,
  date: () => new Date().toDateString(),
  longest: (text) => `the longest word is "${text.match(/\p{L}+/gu).reduce((a, b) => (b.length > a.length ? b : a))}"`,
};
const answer = (question, text) => SKILLS[question]?.(text) ?? `I can ${Object.keys(SKILLS).join(", ")}`;

async function getTicket() {
  const answer = await fetch(`${HUB}/sync-tickets`, {
    method: "POST",
    headers: { Authorization: `Bearer ${readFileSync(TOKEN_FILE, "utf8").trim()}`, "Content-Type": "application/json" },
    body: "{}",
  });
  if (!answer.ok) throw new Error(`no ticket: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const url = process.argv[2];
if (!isValidAutomergeUrl(url)) {
  console.error("Name the document: npm start -- automerge:…");
  process.exit(2);
}

const adapter = withTickets(new WebSocketClientAdapter(`${HUB.replace(/^http/, "ws")}/sync`, 1_000), getTicket, {
  onRefused: ({ code, reason }) => {
    console.error(`The hub refuses: ${reason} (${code})`);
    process.exit(1);
  },
});
const repo = new Repo({ network: [adapter] });
const handle = await repo.find(url);
const pen = new Pen(handle, ["content"], { name: "agent", color: "#2f8f5b" });
console.log(`Reading ${url}. Write "@agent count" on a line of its own; Ctrl-C ends this.`);

for (;;) {
  const { content } = handle.doc();
  const question = nextQuestion(content);
  if (question) {
    console.log(`? ${question.asked}`);
    await pen.write(question.end, `\n→ ${answer(question.asked, content)}`);
  } else {
    await new Promise((resolve) => handle.once("change", resolve));
  }
}
