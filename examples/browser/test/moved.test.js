// Where the own caret is after others have edited.
import assert from "node:assert/strict";
import { test } from "node:test";
import { moved } from "../page/moved.js";

const inserted = (at, value) => ({ action: "splice", path: ["content", at], value });
const removed = (at, length) => ({ action: "del", path: ["content", at], length });

const CASES = [
  ["text before moves it", 5, [inserted(2, "abc")], 8],
  ["text after does not", 5, [inserted(6, "abc")], 5],
  ["text at its place comes after it", 5, [inserted(5, "abc")], 5],
  ["what is removed before moves it back", 5, [removed(1, 2)], 3],
  ["what is removed around takes it to its beginning", 5, [removed(3, 10)], 3],
  ["one character has no length", 5, [removed(0)], 4],
  ["one change after the other", 5, [inserted(0, "12"), removed(6, 1), inserted(7, "x")], 6],
  ["a patch of something else changes nothing", 5, [{ action: "mark", path: ["content"] }], 5],
];

for (const [what, position, patches, expected] of CASES) {
  test(what, () => assert.equal(moved(position, patches), expected));
}
