// The image: what its last stage runs, as whom, and whether what the build reads is given to it.

import { judgeCommand } from "./program.js"

/** The instructions of a Dockerfile, continued lines joined: `[["FROM", "rust AS build"], …]`. */
export function instructions(text) {
  const lines = text.split("\n").filter((line) => !/^\s*#/.test(line))
  const joined = lines.join("\n").replaceAll(/\\\n/g, " ").split("\n")
  return joined.map((line) => line.trim()).filter(Boolean).map((line) => {
    const [, word, rest] = /^(\S+)\s*(.*)$/.exec(line)
    return [word.toUpperCase(), rest.replaceAll(/\s+/g, " ")]
  })
}

/** Whether .dockerignore lets a path through. It takes the two forms that are used: `*` and `!folder`, and `**` before a name. */
export function isGiven(ignore, path) {
  let given = true
  for (const line of ignore.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"))) {
    const keeps = line.startsWith("!")
    const pattern = keeps ? line.slice(1) : line
    const parts = path.split("/")
    const matches =
      pattern === "*" ||
      (pattern.startsWith("**/") ? parts.includes(pattern.slice(3)) : path === pattern || path.startsWith(`${pattern}/`))
    if (matches) given = keeps
  }
  return given
}

/** What is wrong. `needed` are paths that the build reads, `toolchain` is the text of rust-toolchain.toml. */
export function judgeImage({ dockerfile, ignore, needed, toolchain, program }) {
  const all = instructions(dockerfile)
  const findings = needed
    .filter((path) => !isGiven(ignore, path))
    .map((path) => `the build reads ${path}, which .dockerignore leaves out`)
  const channel = /^channel = "(.*)"$/m.exec(toolchain)[1]
  if (!all.some(([word, rest]) => word === "FROM" && rest.startsWith(`rust:${channel}-`)))
    findings.push(`it is not built with Rust ${channel}`)

  const last = all.slice(all.findLastIndex(([word]) => word === "FROM"))
  const value = (wanted) => last.findLast(([word]) => word === wanted)?.[1]
  const words = (text) => (text?.includes("[") ? JSON.parse(text.slice(text.indexOf("["))) : undefined)
  const user = /^(\d+):\d+$/.exec(value("USER") ?? "")
  if (!user || user[1] === "0") findings.push("it does not run as a user with a number that is not 0")
  const entry = words(value("ENTRYPOINT"))
  if (entry?.[0]?.split("/").at(-1) !== "context-hub") findings.push("it does not run the program, or by a shell")
  const health = words(value("HEALTHCHECK"))
  if (!health) findings.push("it has no health check that needs no shell")
  for (const command of [words(value("CMD")), health?.slice(1)]) {
    if (command) findings.push(...judgeCommand(program, command).findings)
  }
  return findings
}
