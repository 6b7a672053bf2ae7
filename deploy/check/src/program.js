// What the program can be told, in its own words: `context-hub … --help`.

import { execFileSync } from "node:child_process"

/** The program that is checked against. */
export class Program {
  #binary
  #helps = new Map()

  constructor(binary) {
    this.#binary = binary
  }

  /** What a command takes; undefined if there is no such command. */
  help(words) {
    const key = words.join(" ")
    if (!this.#helps.has(key)) this.#helps.set(key, this.#ask(words))
    return this.#helps.get(key)
  }

  #ask(words) {
    try {
      const options = { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }
      return parseHelp(execFileSync(this.#binary, [...words, "--help"], options))
    } catch (error) {
      if (error.status === undefined || error.status === null) throw error
      return undefined
    }
  }
}

/** Flags, variables and subcommands that a help text names. */
export function parseHelp(text) {
  const all = (pattern) => new Set([...text.matchAll(pattern)].map((match) => match[1]))
  const listed = text.split(/^Commands:\n/m)[1]?.split(/^\S/m)[0] ?? ""
  const commands = new Set([...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => match[1]))
  return { flags: all(/^ +(?:-\w, )?(--[a-z][a-z-]*)/gm), variables: all(/\[env: ([A-Z][A-Z0-9_]*)/g), commands }
}

/**
 * What is wrong with words that follow `context-hub`: a command that is not there, a flag that it does not take. Says too
 * which command it is, and what that one takes.
 */
export function judgeCommand(program, words) {
  const path = []
  let help = program.help(path)
  while (help.commands.has(words[path.length])) {
    path.push(words[path.length])
    help = program.help(path)
    if (!help) return { path, findings: [`\`context-hub ${path.join(" ")} --help\` fails`] }
  }
  const named = `context-hub ${path.join(" ")}`.trim()
  const next = words[path.length]
  if (help.commands.size > 0 && next !== undefined) {
    return { path, findings: [`\`${named}\` has no command \`${next}\``] }
  }
  const unknown = words
    .slice(path.length)
    .filter((word) => word.startsWith("--") && !help.flags.has(word.split("=")[0]))
  return { path, help, findings: unknown.map((flag) => `\`${named}\` takes no ${flag}`) }
}
