// A dashboard of Grafana: its panels do not collide, and every query asks for what there is.

import { unknownMetrics } from "./metrics.js"

/** Columns of the grid. */
const WIDTH = 24

/** What is wrong with a dashboard. */
export function judgeDashboard(dashboard, metrics) {
  const findings = []
  const sources = dashboard.templating.list.filter(({ type }) => type === "datasource").map(({ name }) => `\${${name}}`)
  if (sources.length === 0) findings.push("has no variable for the data source")
  const { panels } = dashboard
  const ids = panels.map(({ id }) => id)
  ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => findings.push(`the id ${id} is there twice`))
  for (const panel of panels) {
    const add = (what) => findings.push(`"${panel.title}": ${what}`)
    if (!fits(panel.gridPos)) add("is not within the grid")
    if (panel.type === "row") continue
    if (!sources.includes(panel.datasource?.uid)) add("takes another data source")
    if (!panel.targets?.length) add("asks nothing")
    if (panel.type !== "text" && !panel.fieldConfig?.defaults?.unit) add("has no unit")
    for (const { expr } of panel.targets ?? []) unknownMetrics(expr, metrics).forEach(add)
  }
  panels.forEach((panel, at) => {
    const hit = panels.slice(0, at).find((other) => overlap(panel.gridPos, other.gridPos))
    if (hit) findings.push(`"${panel.title}" lies over "${hit.title}"`)
  })
  return findings
}

const fits = ({ x, y, w, h }) => x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= WIDTH

const overlap = (one, other) =>
  one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h
