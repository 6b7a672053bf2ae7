// The files of the repository, and how YAML is read: strictly, so that a key that stands twice is an error.

import { readFileSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseAllDocuments } from "yaml"

/** Where the repository is. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..")

/** The text of a file. */
export const read = (path) => readFileSync(join(ROOT, path), "utf8")

/** The files of a folder whose names end so, with their paths, sorted; folders below it too. */
export function files(folder, ending) {
  const entries = readdirSync(join(ROOT, folder), { recursive: true })
  return entries
    .filter((name) => name.endsWith(ending) && !name.includes("node_modules"))
    .sort()
    .map((name) => join(folder, name))
}

/** The documents of a YAML text. Throws at what is no YAML, a key that stands twice among it. */
export function documents(text) {
  const options = { merge: true, strict: true, uniqueKeys: true }
  return parseAllDocuments(text, options).map((document) => {
    for (const error of [...document.errors, ...document.warnings]) throw error
    return document.toJS()
  })
}

/** Places below a value that hold nothing: a key whose value was forgotten. */
export function empties(value, path = "") {
  if (value === null) return [path || "/"]
  if (typeof value !== "object") return []
  return Object.entries(value).flatMap(([key, item]) => empties(item, `${path}/${key}`))
}
