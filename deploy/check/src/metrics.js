// The metrics that a query names, and those that there are.

import { parser } from "@prometheus-io/lezer-promql"
import { files, read } from "./files.js"

/** What others export, by who does. Rules and panels may use these and no more. */
export const EXPORTERS = {
  Prometheus: ["up"],
  kubelet: [
    "container_memory_working_set_bytes",
    "kubelet_volume_stats_capacity_bytes",
    "kubelet_volume_stats_used_bytes",
  ],
  "kube-state-metrics": [
    "kube_pod_container_resource_limits",
    "kube_statefulset_replicas",
    "kube_statefulset_status_replicas_ready",
  ],
  etcd: ["etcd_server_has_leader"],
}

/** The names of the metrics in a query. Throws at what is no query. */
export function metricsIn(query) {
  const text = query.replaceAll("$__rate_interval", "5m").replaceAll("$__range", "1h")
  const names = new Set()
  parser.parse(text).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`no query: ${query}`)
      if (node.name === "Identifier" && node.node.parent.name === "VectorSelector")
        names.add(text.slice(node.from, node.to))
    },
  })
  return names
}

/** What the program's source exports: `plain` names, and those of histograms. */
export function exportedBy(sources) {
  const plain = new Set()
  const histograms = new Set()
  for (const source of sources) {
    const shipped = source.split("#[cfg(test)]")[0]
    const constants = new Map(
      [...shipped.matchAll(/const ([A-Z_]+): &str = "([a-z0-9_]+)"/g)].map(([, name, value]) => [name, value]),
    )
    for (const [, macro, literal, constant] of shipped.matchAll(
      /\b(gauge|counter|histogram)!\(\s*(?:"([a-z0-9_]+)"|([A-Z_]+))/g,
    )) {
      const name = literal ?? constants.get(constant)
      if (name) (macro === "histogram" ? histograms : plain).add(name)
    }
  }
  return { plain, histograms }
}

/** The same of the source in this repository. */
export function exported() {
  const folders = [
    "crates/gateway/src",
    "crates/shard/src",
    "crates/rpc/src",
    "crates/cluster/src",
    "cmd/context-hub/src",
  ]
  const paths = folders.flatMap((folder) => files(folder, ".rs"))
  return exportedBy(paths.filter((path) => !/(^|\/)tests?(\.rs|\/)/.test(path)).map(read))
}

/** Names in a query that nobody exports, said as findings. */
export function unknownMetrics(query, { plain, histograms }) {
  const others = new Set(Object.values(EXPORTERS).flat())
  const isKnown = (name) =>
    plain.has(name) || others.has(name) || histograms.has(name.replace(/_(bucket|sum|count)$/, ""))
  try {
    return [...metricsIn(query)].filter((name) => !isKnown(name)).map((name) => `${name} is exported by nobody`)
  } catch (error) {
    return [error.message]
  }
}
