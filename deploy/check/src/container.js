// A container that runs the program, in Kubernetes or Compose: its command, its variables, its addresses.

import { judgeCommand } from "./program.js"

/** How long the program takes to end after SIGTERM, in seconds, by command. */
export const ENDS_WITHIN = { shard: 25, gateway: 10 }

/**
 * What is wrong. `variables` is what is in the environment, by name; a value that comes from elsewhere is undefined.
 * `used` are names that exist for other variables to refer to.
 */
export function judgeContainer(program, { command, variables, used = new Set(), ports }) {
  if (command[0] !== "context-hub") return []
  const { path, help, findings } = judgeCommand(program, command.slice(1))
  if (!help) return findings
  for (const name of Object.keys(variables)) {
    if (!help.variables.has(name) && !used.has(name))
      findings.push(`${name} is no setting of \`context-hub ${path.join(" ")}\``)
  }
  for (const name of ["ADDR", "OPS_ADDR", "ADVERTISE_ADDR"]) {
    const port = Number(variables[name]?.split(":").at(-1))
    if (variables[name] !== undefined && ports && !ports.includes(port))
      findings.push(`${name} has port ${port}, which is not among the container's`)
  }
  return findings
}
