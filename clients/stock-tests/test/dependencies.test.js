// What the lock file may bring: known bytes, from the registry that npm is set to, under licences that ask for nothing
// but their text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const LICENCES = ["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"];

const { packages } = JSON.parse(readFileSync(new URL("../../../package-lock.json", import.meta.url)));
/** What is fetched: all but what lies in this repository. */
const fetched = Object.entries(packages).filter(([path, { link }]) => path.includes("node_modules/") && !link);
/** The packages of which something does not hold. */
const those = (fault) => fetched.filter(([, about]) => fault(about)).map(([path]) => path);

test("every package has a licence that we take", () => {
  assert.deepEqual(those(({ license }) => !LICENCES.includes(license)), []);
});

test("every package is pinned by its hash, and none by an address", () => {
  assert.deepEqual(those(({ integrity }) => !/^sha512-/.test(integrity)), []);
  assert.deepEqual(those(({ resolved }) => resolved), []);
  assert.ok(fetched.length > 30, "the lock file was read");
});
