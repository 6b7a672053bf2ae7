import assert from "node:assert/strict"
import { test } from "node:test"

import { instructions, isGiven, judgeImage } from "../src/image.js"

const help = (commands, flags = []) => ({ commands: new Set(commands), flags: new Set(flags), variables: new Set() })
const program = {
  help: (words) => ({ "": help(["dev", "status"]), dev: help([], ["--addr"]), status: help([], ["--url"]) })[words.join(" ")],
}
const GOOD = `# comment \\
FROM rust:1.95.0-bookworm AS build
RUN one && \\
    two
FROM base
USER 10001:10001
HEALTHCHECK --interval=10s \\
  CMD ["/usr/local/bin/context-hub", "status", "--url", "x"]
ENTRYPOINT ["/usr/local/bin/context-hub"]
CMD ["dev", "--addr", "0.0.0.0:8080"]
`
const about = (changes = {}) => ({
  dockerfile: GOOD,
  ignore: "*\n!crates\n**/target\n",
  needed: ["crates/a/src/lib.rs"],
  toolchain: 'channel = "1.95.0"\n',
  program,
  ...changes,
})

test("instructions are joined, and comments are none", () => {
  assert.deepEqual(instructions(GOOD).slice(0, 2), [
    ["FROM", "rust:1.95.0-bookworm AS build"],
    ["RUN", "one && two"],
  ])
})

test("the last line of .dockerignore that speaks of a path decides", () => {
  const { ignore } = about()
  assert.ok(isGiven(ignore, "crates/a/src/lib.rs"))
  assert.ok(!isGiven(ignore, "docs/a.md"))
  assert.ok(!isGiven(ignore, "crates/a/target/debug"))
})

test("a good image has nothing wrong", () => {
  assert.deepEqual(judgeImage(about()), [])
})

for (const [what, changes, finding] of [
  ["root", { dockerfile: GOOD.replace("USER 10001:10001\n", "") }, /does not run as a user/],
  ["root by number", { dockerfile: GOOD.replace("10001:10001", "0:0") }, /does not run as a user/],
  ["a user of the first stage", { dockerfile: GOOD.replace("FROM base\nUSER 10001:10001", "USER 1:1\nFROM base") }, /as a user/],
  ["no health check", { dockerfile: GOOD.replace("HEALTHCHECK", "LABEL") }, /no health check/],
  ["a shell", { dockerfile: GOOD.replace('ENTRYPOINT ["/usr/local/bin/context-hub"]', "ENTRYPOINT run") }, /by a shell/],
  ["a flag that is not there", { dockerfile: GOOD.replace("--addr", "--port") }, /takes no --port/],
  ["another compiler", { toolchain: 'channel = "1.96.0"\n' }, /Rust 1\.96\.0/],
  ["a file that is left out", { needed: ["docs/problems.md"] }, /docs\/problems\.md/],
]) {
  test(`${what} is found`, () => {
    const findings = judgeImage(about(changes))
    assert.equal(findings.length, 1, findings.join("; "))
    assert.match(findings[0], finding)
  })
}
