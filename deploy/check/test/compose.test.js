// A Compose file that is broken is refused; and its setup keeps what is there.

import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { judgeCompose } from "../src/compose.js"
import { ROOT, read } from "../src/files.js"
import { compose, program } from "./support.js"

const judge = (file) => judgeCompose(file, { program, settings: read("deploy/compose/setup") })

test("the Compose file is right", () => assert.deepEqual(judge(compose()), []))

const BREAKS = {
  "an unknown field": [(services) => (services["shard-1"].volume = []), /additional properties: volume/],
  "a wrong type": [(services) => (services["shard-1"].read_only = "yes"), /must be boolean/],
  "a dependency that is not there": [
    (services) => (services["shard-1"].depends_on.etcd = { condition: "service_started" }),
    /depends on etcd/,
  ],
  "the health of who has no check": [
    (services) => delete services["etcd-1"].healthcheck,
    /waits for the health of etcd-1/,
  ],
  "a network that is not there": [(services) => services["shard-1"].networks.push("x"), /in x, which is no network/],
  "a variable that the program does not know": [
    (services) => (services["shard-1"].environment.ZONES = "a"),
    /ZONES is no setting/,
  ],
  "a flag that the program does not take": [
    (services) => services.certs.command.push("--shards", "x"),
    /takes no --shards/,
  ],
  "a host that is no service": [
    (services) => (services["shard-1"].environment.ADVERTISE_ADDR = "shard-9:7400"),
    /shard-9 is no service/,
  ],
  "too little time to end": [
    (services) => (services["shard-1"].stop_grace_period = "10s"),
    /killed before it has ended/,
  ],
  "a port for everybody": [
    (services) => (services["gateway-1"].ports = ["8080:8080"]),
    /published beyond this machine/,
  ],
  "a port where nobody listens": [
    (services) => (services["gateway-1"].ports = ["127.0.0.1:8080:80"]),
    /not where it listens/,
  ],
  "a setting that nobody makes": [
    (services) => (services["shard-1"].environment.MASTER_KEY = "${KEY:?set it}"),
    /nothing sets KEY/,
  ],
}

for (const [what, [change, expected]] of Object.entries(BREAKS)) {
  test(`refused: ${what}`, () => {
    const file = compose()
    change(file.services)
    assert.match(judge(file).join("\n"), expected)
  })
}

/** A stand-in for docker, which makes the files that `admin certs` would make, and refuses to make them twice. */
const DOCKER = `#!/bin/sh
echo "$*" >>calls
[ ! -e data/authority/ca.pem ] || exit 1
for name in ca ca-key shard-shard-1 shard-shard-1-key gateway-gateway gateway-gateway-key; do echo $name >data/authority/$name.pem; done
`

test("setup makes keys and certificates once, and for its owner's eyes", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "setup-"))
  t.after(() => rmSync(folder, { recursive: true }))
  cpSync(join(ROOT, "deploy/compose/setup"), join(folder, "setup"))
  writeFileSync(join(folder, "docker"), DOCKER)
  chmodSync(join(folder, "docker"), 0o755)
  const run = () =>
    execFileSync(join(folder, "setup"), {
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
      stdio: "pipe",
    })
  const text = (name) => readFileSync(join(folder, name), "utf8")

  run()
  assert.match(text(".env"), /^HUB_UID=\d+\nHUB_GID=\d+\nHUB_MASTER_KEY=[0-9a-f]{64}\n$/)
  assert.match(text("data/keys/jwt.pem"), /^-----BEGIN PRIVATE KEY-----/)
  assert.equal(statSync(join(folder, ".env")).mode & 0o077, 0)
  assert.equal(text("data/certs/ca.pem"), "ca\n")
  assert.throws(() => text("data/certs/ca-key.pem"), { code: "ENOENT" })

  const before = [text(".env"), text("data/keys/jwt.pem")]
  run()
  assert.deepEqual([text(".env"), text("data/keys/jwt.pem")], before)
  assert.equal(text("calls"), "compose run --rm --no-deps certs\n")
})
