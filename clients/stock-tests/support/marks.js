// Marks that one client inserts into a text which another types, and where things are between them.
//
// "Plain" positions are those of the text without marks, which is what its typist knows.

const MARK = /⟦\d+⟧/g;

/** The text of a mark. Each number is used once. */
export const mark = (number) => `⟦${number}⟧`;

/** The marks in a text, in its order. */
export const marksIn = (text) => text.match(MARK) ?? [];

/** The text without its marks. */
export const withoutMarks = (text) => text.replaceAll(MARK, "");

/** The nearest position at or before `at` that does not lie within a mark. */
export function outsideOfMarks(text, at) {
  for (const found of text.matchAll(MARK)) {
    if (at > found.index && at < found.index + found[0].length) return found.index;
  }
  return at;
}

/** Translates edits of the plain text into edits of the text with its marks. */
export class Around {
  /** Length and plain position of each mark, in the order of the text. */
  #marks = [];

  constructor(text) {
    let before = 0;
    for (const { index, 0: { length } } of text.matchAll(MARK)) {
      this.#marks.push({ at: index - before, length });
      before += length;
    }
  }

  /** The splices that do this edit, in the order in which they are to be done: `[position, deleted, inserted]`. */
  edit([position, deleted, inserted]) {
    const splices = deleted > 0 ? this.#delete(position, deleted) : [];
    if (inserted.length > 0) splices.push(this.#insert(position, inserted));
    return splices;
  }

  // Before the marks at this position.
  #insert(position, inserted) {
    const at = position + this.#length((mark) => mark.at < position);
    for (const mark of this.#marks) if (mark.at >= position) mark.at += inserted.length;
    return [at, 0, inserted];
  }

  // From the last piece between marks to the first, so that a splice does not move the next.
  #delete(position, deleted) {
    const end = position + deleted;
    const borders = this.#marks.map(({ at }) => at).filter((at) => at > position && at < end);
    const edges = [...new Set([position, ...borders, end])];
    const splices = edges
      .slice(0, -1)
      .map((from, piece) => [from + this.#length((mark) => mark.at <= from), edges[piece + 1] - from, ""])
      .reverse();
    for (const mark of this.#marks) mark.at = mark.at >= end ? mark.at - deleted : Math.min(mark.at, position);
    return splices;
  }

  #length(counts) {
    let sum = 0;
    for (const mark of this.#marks) if (counts(mark)) sum += mark.length;
    return sum;
  }
}
