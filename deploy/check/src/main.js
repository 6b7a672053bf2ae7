// Checks everything in deploy/, and says what is wrong: node main.js <context-hub>

import { judgeAlerts } from "./alerts.js"
import { judgeCommands } from "./commands.js"
import { judgeCompose } from "./compose.js"
import { judgeDashboard } from "./dashboard.js"
import { documents, files, read } from "./files.js"
import { judgeFolder } from "./kubernetes.js"
import { exported } from "./metrics.js"
import { Program } from "./program.js"

const MANIFESTS = "deploy/statefulset"
const COMPOSE = "deploy/compose"

const program = new Program(process.argv[2])
const metrics = exported()
const findings = judgeFolder(MANIFESTS, program)

const under = (path, found) => findings.push(...found.map((what) => `${path}: ${what}`))

const compose = documents(read(`${COMPOSE}/compose.yaml`))[0]
under(`${COMPOSE}/compose.yaml`, judgeCompose(compose, { program, settings: read(`${COMPOSE}/setup`) }))

const pages = files("docs/runbooks", ".md")
const [rules] = documents(read("deploy/prometheus/rules.yaml"))
const [tests] = documents(read("deploy/prometheus/tests.yaml"))
const runbooks = Object.fromEntries(pages.map((path) => [path, read(path)]))
under("deploy/prometheus/rules.yaml", judgeAlerts({ rules, tests, runbooks, metrics }))

const dashboards = files("deploy/grafana", ".json")
for (const path of dashboards) under(path, judgeDashboard(JSON.parse(read(path)), metrics))

const manifests = files(MANIFESTS, ".yaml").flatMap((path) => documents(read(path)))
const names = new Set(manifests.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata?.name}`))
const readmes = files("deploy", "README.md")
for (const path of [...pages, ...readmes]) under(path, judgeCommands(read(path), { program, names }))

for (const finding of findings) console.log(finding)
console.log(
  `${manifests.length} manifests, ${Object.keys(compose.services).length} services, ${rules.groups.flatMap(({ rules }) => rules).length} alerts, ` +
    `${dashboards.length} dashboards, ${pages.length + readmes.length} pages: ${findings.length} findings`,
)
process.exitCode = findings.length === 0 ? 0 : 1
