// Two panes on one page: each is a client of its own, with its own Repo and its own socket.
import * as Automerge from "@automerge/automerge/slim";
import { automergeWasmBase64 } from "@automerge/automerge/automerge.wasm.base64";
import { isValidAutomergeUrl } from "@automerge/automerge-repo/slim";
import { Pane } from "./pane.js";

const PEOPLE = [
  { name: "Ada", color: "#3b6fd4" },
  { name: "Grace", color: "#c2447d" },
];

const post = async (path) => {
  const answer = await fetch(path, { method: "POST" });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json();
};

/** The document that the address names, or a new one. */
async function documentUrl() {
  const named = location.hash.slice(1);
  if (isValidAutomergeUrl(named)) return named;
  const { url } = await post("/document");
  history.replaceState(null, "", `#${url}`);
  return url;
}

/** Says whether all panes show the same. */
function showAgreement(panes) {
  const output = document.getElementById("agreement");
  const states = new Set(panes.map((pane) => pane.state));
  const state = states.has(undefined) ? "waiting" : states.size === 1 ? "same" : "apart";
  output.dataset.state = state;
  output.value = { waiting: "connecting", same: "the same text", apart: "apart, will merge" }[state];
}

function showCommand(url) {
  const command = `npm start -w examples/node-agent -- ${url}`;
  document.getElementById("command").textContent = command;
  document.getElementById("copy").addEventListener("click", ({ target }) => {
    navigator.clipboard.writeText(command);
    target.textContent = "Copied";
  });
}

await Automerge.initializeBase64Wasm(automergeWasmBase64);
const { sync } = await (await fetch("/hub")).json();
const url = await documentUrl();
showCommand(url);
window.addEventListener("hashchange", () => location.reload());

const panes = PEOPLE.map((person) => new Pane(person, { sync, getTicket: () => post("/ticket") }));
document.querySelector("main").append(...panes.map((pane) => pane.element));
await Promise.all(panes.map((pane) => pane.open(url, () => showAgreement(panes))));
