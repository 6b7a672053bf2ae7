// Alerts, panels and commands that name what is not there are refused.

import assert from "node:assert/strict"
import { test } from "node:test"
import { judgeAlerts } from "../src/alerts.js"
import { judgeCommands, shellLines } from "../src/commands.js"
import { judgeDashboard } from "../src/dashboard.js"
import { documents, read } from "../src/files.js"
import { exported, exportedBy, metricsIn, unknownMetrics } from "../src/metrics.js"
import { program } from "./support.js"

const SOURCE = `
const SECONDS: &str = "row_seconds";
fn observe() {
    gauge!("boats", "pier" => pier).set(1.0);
    counter!(
        "rowed_total"
    );
    histogram!(SECONDS, &labels());
}
#[cfg(test)]
mod tests { fn f() { gauge!("paper_boats").set(1.0) } }
`
const metrics = exportedBy([SOURCE])

test("metrics are found in queries, and functions and labels are not", () => {
  const query =
    'sum by (pier) (rate(row_seconds_bucket{le="1", x=~"boats"}[$__rate_interval])) / on (pier) group_left (x) boats'
  assert.deepEqual([...metricsIn(query)], ["row_seconds_bucket", "boats"])
  assert.throws(() => metricsIn("sum(boats"), /no query/)
})

test("metrics are found in the source, and those of tests are not", () => {
  assert.deepEqual(unknownMetrics("boats + rowed_total + row_seconds_sum + up", metrics), [])
  assert.deepEqual(unknownMetrics("paper_boats", metrics), ["paper_boats is exported by nobody"])
  assert.deepEqual(unknownMetrics("boats_sum", metrics), ["boats_sum is exported by nobody"])
  const { plain, histograms } = exported()
  assert.ok(
    plain.has("wal_disk_spare_bytes") &&
      plain.has("http_requests_total") &&
      histograms.has("http_request_duration_seconds"),
  )
})

const RUNBOOK = "# Sunk\n\n## Meaning\n\n## Impact\n\n## How to look\n\n## What to do\n"
const alerts = (changed = {}, tests = [[{ x: 1 }], []]) => ({
  rules: {
    groups: [
      {
        rules: [
          {
            alert: "Sunk",
            expr: "boats == 0",
            labels: { severity: "critical" },
            annotations: { summary: "a", description: "b", runbook_url: "sunk.md" },
            ...changed,
          },
        ],
      },
    ],
  },
  tests: { tests: [{ alert_rule_test: tests.map((exp_alerts) => ({ alertname: "Sunk", exp_alerts })) }] },
  runbooks: { "sunk.md": RUNBOOK },
  metrics,
})

test("an alert has what an operator needs", () => {
  assert.deepEqual(judgeAlerts(alerts()), [])
  assert.match(judgeAlerts(alerts({ expr: "ships == 0" })).join(), /ships is exported by nobody/)
  assert.match(judgeAlerts(alerts({ labels: { severity: "bad" } })).join(), /severity bad/)
  assert.match(
    judgeAlerts(alerts({ annotations: { runbook_url: "x.md" } })).join(),
    /no summary.*x\.md is not there.*no alert leads to sunk\.md/,
  )
  assert.match(judgeAlerts(alerts({}, [[]])).join(), /sees it fire/)
  assert.match(judgeAlerts(alerts({}, [[{ x: 1 }]])).join(), /sees it rest/)
  const runbooks = { "sunk.md": RUNBOOK.replace("## Impact\n", "") }
  assert.match(judgeAlerts({ ...alerts(), runbooks }).join(), /no "Impact"/)
})

const dashboard = () => JSON.parse(read("deploy/grafana/cluster-overview.json"))
const every = { plain: { has: () => true }, histograms: new Set() }

test("panels do not collide, and ask for what there is", () => {
  const broken = (change) => {
    const changed = dashboard()
    change(changed)
    return judgeDashboard(changed, every).join("\n")
  }
  assert.equal(
    broken(() => {}),
    "",
  )
  assert.match(
    broken(({ panels }) => (panels[2].id = panels[1].id)),
    /is there twice/,
  )
  assert.match(
    broken(({ panels }) => (panels[2].gridPos.x = panels[1].gridPos.x)),
    /lies over/,
  )
  assert.match(
    broken(({ panels }) => (panels[1].gridPos.w = 25)),
    /not within the grid/,
  )
  assert.match(
    broken(({ panels }) => (panels[1].datasource = { uid: "x" })),
    /another data source/,
  )
  assert.match(
    broken(({ panels }) => (panels[1].targets[0].expr = "sum(")),
    /no query/,
  )
  assert.match(
    broken((it) => (it.templating.list = [])),
    /no variable for the data source/,
  )
  assert.match(judgeDashboard(dashboard(), metrics).join(), /wal_fsync_seconds is exported by nobody/)
})

test("commands of a page are those of the program", () => {
  const page = (line) => `Text with \`context-hub nothing\`.\n\n\`\`\`sh\n${line}\n\`\`\`\n`
  const judge = (line) => judgeCommands(page(line), { program, names: new Set(["statefulset/boats"]) }).join()
  assert.deepEqual(shellLines(page("a \\\n  b   # c")), ["a    b"])
  assert.equal(judge("kubectl -n context-hub exec x -- context-hub admin certs --dir d 2>&1 | grep --quiet y"), "")
  assert.equal(judge("kubectl -n context-hub scale statefulset/boats"), "")
  assert.match(judge("context-hub admin drain x"), /`context-hub admin` has no command `drain`/)
  assert.match(judge("context-hub admin certs --folder d"), /takes no --folder/)
  assert.match(judge("kubectl -n context-hub scale statefulset/ships"), /statefulset\/ships is not there/)
})

test("the tests of the alerts are all of one file", () => {
  const [{ rule_files: files }] = documents(read("deploy/prometheus/tests.yaml"))
  assert.deepEqual(files, ["rules.yaml"])
})
