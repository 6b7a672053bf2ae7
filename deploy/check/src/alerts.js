// Alerting rules: each says what an operator needs, has a runbook, and is tested in both directions.

import { unknownMetrics } from "./metrics.js"

const SEVERITIES = ["critical", "warning"]
const HEADINGS = ["Meaning", "Impact", "How to look", "What to do"]

/** What is wrong. `runbooks` are texts by path, `tests` are the unit tests of promtool. */
export function judgeAlerts({ rules, tests, runbooks, metrics }) {
  const findings = []
  const alerts = rules.groups.flatMap(({ rules }) => rules)
  const used = new Set()
  for (const { alert, expr, labels, annotations } of alerts) {
    const add = (what) => findings.push(`${alert}: ${what}`)
    unknownMetrics(expr, metrics).forEach(add)
    if (!SEVERITIES.includes(labels?.severity)) add(`has the severity ${labels?.severity}`)
    for (const name of ["summary", "description"]) if (!annotations?.[name]) add(`has no ${name}`)
    const runbook = annotations?.runbook_url
    used.add(runbook)
    if (!(runbook in runbooks)) add(`its runbook ${runbook} is not there`)
    else judgeRunbook(runbooks[runbook], alert).forEach(add)
    judgeTests(alert, tests).forEach(add)
  }
  const names = alerts.map(({ alert }) => alert)
  names.filter((name, at) => names.indexOf(name) !== at).forEach((name) => findings.push(`${name} is there twice`))
  const unused = Object.keys(runbooks).filter((path) => !used.has(path) && !path.endsWith("README.md"))
  return [...findings, ...unused.map((path) => `no alert leads to ${path}`)]
}

function judgeRunbook(text, alert) {
  const missing = HEADINGS.filter((heading) => !text.includes(`\n## ${heading}\n`)).map(
    (heading) => `its runbook has no "${heading}"`,
  )
  return text.startsWith(`# ${alert}\n`) ? missing : [...missing, "its runbook has another name"]
}

function judgeTests(alert, { tests }) {
  const cases = tests
    .flatMap(({ alert_rule_test: cases }) => cases ?? [])
    .filter(({ alertname }) => alertname === alert)
  const fires = cases.some(({ exp_alerts: expected }) => expected?.length > 0)
  const rests = cases.some(({ exp_alerts: expected }) => expected?.length === 0)
  return [...(fires ? [] : ["no test sees it fire"]), ...(rests ? [] : ["no test sees it rest"])]
}
