// What the schemas of Kubernetes and Compose say of a document. Both refuse what they do not know.

import Ajv2019 from "ajv/dist/2019.js"
import Ajv2020 from "ajv/dist/2020.js"
import { read } from "./files.js"

// `x-kubernetes-…` and formats such as int64 say nothing that has to hold.
const OPTIONS = { allErrors: true, strict: false, validateFormats: false }

const kubernetes = JSON.parse(read("deploy/schemas/kubernetes-1.32.json"))
const ajv = new Ajv2020(OPTIONS)
ajv.addSchema(kubernetes, "kubernetes")
/** The name of a definition, for each `apiVersion kind`. */
const definitions = new Map(
  Object.entries(kubernetes.$defs).flatMap(([name, definition]) =>
    (definition["x-kubernetes-group-version-kind"] ?? []).map(({ group, version, kind }) => [
      `${group ? `${group}/` : ""}${version} ${kind}`,
      name,
    ]),
  ),
)

/** What is wrong with an object of Kubernetes, as its schema sees it. */
export function kubernetesFindings(object) {
  const kind = `${object?.apiVersion} ${object?.kind}`
  const name = definitions.get(kind)
  if (!name) return [`${kind} is not among the schemas: add it in deploy/schemas/reduce.mjs`]
  return judge(ajv.getSchema(`kubernetes#/$defs/${name}`), object)
}

// Its parts carry an `id`, as drafts before 2019 had it: text, where a property of that name would be a schema.
const withoutIds = (key, value) => (key === "id" && typeof value === "string" ? undefined : value)
const { $schema: _, ...compose } = JSON.parse(read("deploy/schemas/compose.json"), withoutIds)
const validateCompose = new Ajv2019(OPTIONS).compile(compose)

/** What is wrong with a Compose file, as its schema sees it. */
export const composeFindings = (file) => judge(validateCompose, file)

function judge(validate, value) {
  if (validate(value)) return []
  return validate.errors.map(({ instancePath, message, params }) => {
    const what = params.additionalProperty ?? params.unevaluatedProperty
    return `${instancePath || "/"} ${message}${what ? `: ${what}` : ""}`
  })
}
