// A pane: one client and its view of the text.
import * as Automerge from "@automerge/automerge/slim";
import { Repo } from "@automerge/automerge-repo/slim";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import { withTickets } from "context-hub-tickets";
import { Carets } from "./carets.js";
import { moved } from "./moved.js";

const RETRY_MS = 1_000;
const TEXT = ["content"];

export class Pane {
  #person;
  #adapter;
  #repo;
  #handle;
  #carets;

  /** Takes shape in the page and connects; shows a document when one is opened. */
  constructor(person, { sync, getTicket }) {
    this.#person = person;
    this.element = document.getElementById("pane").content.firstElementChild.cloneNode(true);
    this.element.style.setProperty("--color", person.color);
    this.#find(".name").textContent = person.name;

    this.#adapter = withTickets(new WebSocketClientAdapter(sync, RETRY_MS), getTicket, {
      onRefused: ({ reason }) => this.#say(`refused: ${reason}`),
    });
    this.#repo = new Repo({ network: [this.#adapter] });
    this.#adapter.on("peer-candidate", () => this.#say("connected"));
    this.#adapter.on("peer-disconnected", () => this.#say(this.#isOnline ? "reconnecting" : "offline, go on typing"));
    this.#find("input").addEventListener("change", () => this.#toggle());
  }

  /** What tells the states of two panes apart; undefined before there is one. */
  get state() {
    return this.#handle && Automerge.getHeads(this.#handle.doc()).join();
  }

  async open(url, onChange) {
    this.#handle = await this.#repo.find(url);
    this.#carets = new Carets(this.#handle, TEXT, this.#person, this.#find(".mirror"));
    this.#find("textarea").disabled = false;
    this.#show([]);
    this.#handle.on("change", ({ patches }) => {
      this.#show(patches);
      onChange();
    });
    const paper = this.#find("textarea");
    paper.addEventListener("input", () => {
      this.#handle.change((doc) => Automerge.updateText(doc, TEXT, paper.value));
      this.#carets.tell(paper.selectionEnd);
    });
    paper.addEventListener("selectionchange", () => this.#carets.tell(paper.selectionEnd));
    paper.addEventListener("scroll", () => (this.#find(".mirror").scrollTop = paper.scrollTop));
    onChange();
  }

  /** Shows the text, with the own caret where it was in it. */
  #show(patches) {
    const paper = this.#find("textarea");
    const { content } = this.#handle.doc();
    if (paper.value !== content) {
      const [start, end] = [paper.selectionStart, paper.selectionEnd].map((at) => moved(at, patches));
      paper.value = content;
      paper.setSelectionRange(start, end);
    }
    this.#carets.show();
  }

  get #isOnline() {
    return this.#find("input").checked;
  }

  #toggle() {
    if (this.#isOnline) this.#adapter.connect(this.#adapter.peerId, this.#adapter.peerMetadata);
    else this.#adapter.disconnect();
  }

  #say(status) {
    this.#find(".status").textContent = status;
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}
