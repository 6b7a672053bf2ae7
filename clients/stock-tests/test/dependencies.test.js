// What the lock file may bring: known bytes, from the registry that npm is set to, under licences that ask for nothing but
// their text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const LICENCES = new Set(["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"]);

const { packages } = JSON.parse(readFileSync(new URL("../../../package-lock.json", import.meta.url)));
const fetched = Object.entries(packages).filter(([path, { link }]) => path.includes("node_modules/") && !link);

test("every package has a licence that we take", () => {
  const others = fetched.filter(([, { license }]) => !LICENCES.has(license)).map(([path, { license }]) => `${path}: ${license}`);
  assert.deepEqual(others, []);
});

test("every package is pinned by its hash, and none by an address", () => {
  assert.deepEqual(fetched.filter(([, { integrity }]) => !/^sha512-/.test(integrity)).map(([path]) => path), []);
  assert.deepEqual(fetched.filter(([, { resolved }]) => resolved).map(([path]) => path), []);
  assert.ok(fetched.length > 30, "the lock file was read");
});
