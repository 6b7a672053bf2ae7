// Writes into a shared text like a person: a character at a time, each after the last one, wherever that is by then.
import * as Automerge from "@automerge/automerge";
import { setTimeout as sleep } from "node:timers/promises";

const BETWEEN_KEYS_MS = 25;

export class Pen {
  constructor(handle, path, self) {
    this.handle = handle;
    this.path = path;
    this.self = self;
  }

  /** Writes `text` from `position` on. */
  async write(position, text) {
    let at = position;
    for (const character of text) {
      this.handle.change((doc) => Automerge.splice(doc, this.path, at, 0, character));
      const last = this.#cursor(at);
      this.handle.broadcast({ ...this.self, caret: this.#cursor(at + character.length) });
      await sleep(BETWEEN_KEYS_MS);
      at = Automerge.getCursorPosition(this.handle.doc(), this.path, last) + character.length;
    }
  }

  /** The name of the character at this position, which stays with it while the text around it changes. */
  #cursor(position) {
    const { length } = this.path.reduce((value, key) => value[key], this.handle.doc());
    return Automerge.getCursor(this.handle.doc(), this.path, position < length ? position : "end");
  }
}
