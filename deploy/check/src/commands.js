// Commands in documents: every `context-hub …` in a block of shell is one that the program takes, and every object that
// kubectl is told to touch is there.

import { judgeCommand } from "./program.js"

/** The lines of the shell blocks of a page, continued lines joined. */
export function shellLines(page) {
  const blocks = [...page.matchAll(/^```(?:sh|console)\n([\s\S]*?)^```/gm)].map((match) => match[1])
  const lines = blocks.flatMap((block) => block.replaceAll("\\\n", " ").split("\n"))
  return lines.map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter((line) => line !== "")
}

/** What is wrong with the commands of a page. `names` are the objects there are, such as `statefulset/context-hub-shard`. */
export function judgeCommands(page, { program, names }) {
  return shellLines(page).flatMap((line) => {
    const words = line.split(/\s+/)
    const findings = words.flatMap((word, at) => {
      // A namespace and a package have the same name, and so has a service of Compose that runs the program.
      const isProgram = /^([\w./]*\/)?context-hub$/.test(word) && !["-n", "-p"].includes(words[at - 1])
      const isCommand = isProgram || (word === "certs" && line.startsWith("docker compose run"))
      return isCommand ? judgeCommand(program, untilEnd(words.slice(at + 1))).findings : []
    })
    const kinds = /(?<![\w/])(statefulset|deployment|service|configmap|poddisruptionbudget)\/([a-z0-9-]+)/g
    const lost = [...line.matchAll(kinds)].map(([name]) => name).filter((name) => !names.has(name))
    return [...findings, ...lost.map((name) => `${name} is not there`)].map((what) => `\`${line}\`: ${what}`)
  })
}

/** The words of a command, without what another one follows with. */
function untilEnd(words) {
  const end = words.findIndex((word) => /^([|;&>].*|2>.*)$/.test(word))
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replace(/[;)"']+$/, ""))
}
