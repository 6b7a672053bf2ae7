// The carets of the others: said in passing, never stored. A caret is named by the character that it stands before, so
// that it stays there while the text around it changes.
import * as Automerge from "@automerge/automerge/slim";

/** A caret that nothing was heard of for so long is gone. */
const GONE_AFTER_MS = 20_000;

export class Carets {
  #handle;
  #path;
  #own;
  #mirror;
  #others = new Map();

  constructor(handle, path, own, mirror) {
    this.#handle = handle;
    this.#path = path;
    this.#own = own;
    this.#mirror = mirror;
    handle.on("ephemeral-message", ({ senderId, message }) => this.#hear(senderId, message));
  }

  /** Tells the others where the own caret is. */
  tell(position) {
    const doc = this.#handle.doc();
    const at = position < doc[this.#path[0]].length ? position : "end";
    this.#handle.broadcast({ ...this.#own, caret: Automerge.getCursor(doc, this.#path, at) });
  }

  #hear(senderId, { name, color, caret }) {
    if (!caret) return;
    clearTimeout(this.#others.get(senderId)?.timer);
    const timer = setTimeout(() => {
      this.#others.delete(senderId);
      this.show();
    }, GONE_AFTER_MS);
    this.#others.set(senderId, { name, color, caret, timer });
    this.show();
  }

  /** Draws the text into the mirror, with the carets in it. */
  show() {
    const text = this.#handle.doc()[this.#path[0]];
    const carets = [...this.#others.values()]
      .map((other) => ({ ...other, at: this.#position(other.caret) }))
      .filter(({ at }) => at !== undefined)
      .toSorted((one, other) => one.at - other.at);
    let from = 0;
    const parts = carets.flatMap(({ name, color, at }) => {
      const before = text.slice(from, at);
      from = at;
      return [before, caretElement(name, color)];
    });
    // A newline at the very end has no height of its own.
    this.#mirror.replaceChildren(...parts, `${text.slice(from)}\u200b`);
  }

  /** Where the caret is here; nowhere if the character that names it has not arrived yet. */
  #position(caret) {
    try {
      return Automerge.getCursorPosition(this.#handle.doc(), this.#path, caret);
    } catch {
      return undefined;
    }
  }
}

function caretElement(name, color) {
  const caret = document.createElement("span");
  caret.className = "caret";
  caret.dataset.name = name;
  caret.style.setProperty("--color", color);
  return caret;
}
