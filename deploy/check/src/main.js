// Checks everything in deploy/, and says what is wrong: node main.js <context-hub>

import { join } from "node:path"

import { judgeAlerts } from "./alerts.js"
import { judgeCommands } from "./commands.js"
import { judgeCompose } from "./compose.js"
import { judgeDashboard } from "./dashboard.js"
import { documents, files, read } from "./files.js"
import { judgeImage } from "./image.js"
import { judgeFolder } from "./kubernetes.js"
import { exported } from "./metrics.js"
import { Program } from "./program.js"

const MANIFESTS = "deploy/statefulset"
const COMPOSE = "deploy/compose"
const SOURCES = ["chaos", "cmd", "crates", "tidy"]

const program = new Program(process.argv[2])
const metrics = exported()
const findings = judgeFolder(MANIFESTS, program)

const under = (path, found) => findings.push(...found.map((what) => `${path}: ${what}`))

const compose = documents(read(`${COMPOSE}/compose.yaml`))[0]
under(`${COMPOSE}/compose.yaml`, judgeCompose(compose, { program, settings: read(`${COMPOSE}/setup`) }))

const toolchain = read("rust-toolchain.toml")
const image = { dockerfile: read("Dockerfile"), ignore: read(".dockerignore"), needed: built(), toolchain, program }
under("Dockerfile", judgeImage(image))

const pages = files("docs/runbooks", ".md")
const [rules] = documents(read("deploy/prometheus/rules.yaml"))
const [tests] = documents(read("deploy/prometheus/tests.yaml"))
const runbooks = Object.fromEntries(pages.map((path) => [path, read(path)]))
under("deploy/prometheus/rules.yaml", judgeAlerts({ rules, tests, runbooks, metrics }))

const dashboards = files("deploy/grafana", ".json")
for (const path of dashboards) under(path, judgeDashboard(JSON.parse(read(path)), metrics))

const manifests = files(MANIFESTS, ".yaml").flatMap((path) => documents(read(path)))
const names = new Set(manifests.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata?.name}`))
const readmes = ["README.md", ...files("docs", ".md").filter((path) => !pages.includes(path)), ...files("deploy", "README.md")]
for (const path of [...pages, ...readmes]) under(path, judgeCommands(read(path), { program, names }))

for (const finding of findings) console.log(finding)
console.log(
  `${manifests.length} manifests, ${Object.keys(compose.services).length} services, ${rules.groups.flatMap(({ rules }) => rules).length} alerts, ` +
    `${dashboards.length} dashboards, ${pages.length + readmes.length} pages: ${findings.length} findings`,
)
process.exitCode = findings.length === 0 ? 0 : 1

/** What the build reads: manifests, sources, and the files that sources take in. */
function built() {
  const sources = SOURCES.flatMap((folder) => files(folder, ".rs"))
  const taken = sources.flatMap((path) => {
    const names = [...read(path).matchAll(/include_(?:str|bytes)!\("([^"]+)"\)/g)].map((match) => match[1])
    return names.map((name) => join(path, "..", name))
  })
  // The guides are a list of paths from the top.
  const guides = [...read("crates/gateway/src/docs/pages.rs").matchAll(/^ +"([\w./-]+\.md)"/gm)].map((match) => match[1])
  const manifests = SOURCES.flatMap((folder) => files(folder, "Cargo.toml"))
  const definitions = files("crates", ".proto")
  return ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ...manifests, ...definitions, ...sources, ...taken, ...guides]
}
