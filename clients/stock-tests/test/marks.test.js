// The arithmetic that the trace relies on: edits of the plain text leave its marks whole, wherever they are.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Around, mark, marksIn, outsideOfMarks, withoutMarks } from "../support/marks.js";

const splice = (text, [at, deleted, inserted]) => text.slice(0, at) + inserted + text.slice(at + deleted);
/** A generator of numbers below `bound`, the same ones for the same seed. */
const random = (seed) => (bound) => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed % bound;
};

test("edits around marks do to the plain text what they say", () => {
  const below = random(7);
  let plain = "";
  let text = "";
  for (let round = 0; round < 500; round++) {
    const around = new Around(text);
    for (let edit = 0; edit < 5; edit++) {
      const position = below(plain.length + 1);
      const keystroke = [position, below(Math.min(6, plain.length - position + 1)), "abc".slice(below(4))];
      plain = splice(plain, keystroke);
      for (const part of around.edit(keystroke)) text = splice(text, part);
      assert.equal(withoutMarks(text), plain);
    }
    if (below(3) === 0) text = splice(text, [outsideOfMarks(text, below(text.length + 1)), 0, mark(round)]);
    assert.equal(new Set(marksIn(text)).size, marksIn(text).length);
  }
  assert.ok(marksIn(text).length > 100);
});
