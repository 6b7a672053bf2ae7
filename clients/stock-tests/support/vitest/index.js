// What automerge-repo's acceptance tests use of vitest, on node's own test runner.
//
// Only tests that a chooser lets through are registered, so that whoever runs the suite says which ones it means.
import assert from "node:assert/strict";
import { describe, it as nodeIt } from "node:test";

export { describe };

let chosen = () => true;

/** Says which tests of a suite are to run; it is asked with each name. */
export const choose = (chooser) => {
  chosen = chooser;
};

export const it = (name, body) => {
  if (chosen(name)) nodeIt(name, body);
};

export const expect = (actual) => ({
  toMatchObject: (expected) => {
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(actual[key], value, key);
  },
});
