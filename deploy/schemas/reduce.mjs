// Reduces the definitions of a Kubernetes version to what the manifests here need, without descriptions:
//
//   node deploy/schemas/reduce.mjs <_definitions.json> >deploy/schemas/kubernetes-1.32.json
//
// README.md beside this file says where the definitions come from.

import { readFileSync } from "node:fs"

const KINDS = [
  "io.k8s.api.apps.v1.Deployment",
  "io.k8s.api.apps.v1.StatefulSet",
  "io.k8s.api.core.v1.ConfigMap",
  "io.k8s.api.core.v1.Namespace",
  "io.k8s.api.core.v1.Service",
  "io.k8s.api.networking.v1.NetworkPolicy",
  "io.k8s.api.policy.v1.PodDisruptionBudget",
]

const all = JSON.parse(readFileSync(process.argv[2], "utf8")).$defs
const kept = {}

/** Keeps a definition and those that it refers to. */
function keep(name) {
  if (name in kept) return
  kept[name] = copy(all[name], false)
}

/** A copy without descriptions, whose references are local. A property that is called so is no description. */
function copy(value, isProperties) {
  if (Array.isArray(value)) return value.map((item) => copy(item, false))
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).filter(([key]) => isProperties || key !== "description")
  return Object.fromEntries(
    entries.map(([key, item]) => {
      if (isProperties || key !== "$ref") return [key, copy(item, !isProperties && key === "properties")]
      const name = item.split("/").at(-1)
      keep(name)
      return [key, `#/$defs/${name}`]
    }),
  )
}

KINDS.forEach(keep)
const sorted = Object.fromEntries(
  Object.keys(kept)
    .sort()
    .map((name) => [name, kept[name]]),
)
const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", $defs: sorted }
process.stdout.write(`${JSON.stringify(schema, null, 1)}\n`)
