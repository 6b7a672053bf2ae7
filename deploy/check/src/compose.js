// What holds between the services of a Compose file, and no schema can say.

import { ENDS_WITHIN, judgeContainer } from "./container.js"
import { empties } from "./files.js"
import { composeFindings } from "./schemas.js"

/** What is wrong with a Compose file. `settings` is the text that names the variables of its `.env`. */
export function judgeCompose(file, { program, settings }) {
  const findings = [...composeFindings(file), ...empties(file).map((place) => `${place} is empty`)]
  if (findings.length > 0) return findings
  for (const [name, service] of Object.entries(file.services)) {
    judgeService(service, file, program).forEach((what) => findings.push(`${name}: ${what}`))
  }
  const required = new Set([...JSON.stringify(file).matchAll(/\$\{([A-Z_]+):\?/g)].map((match) => match[1]))
  for (const variable of required)
    if (!new RegExp(`\\b${variable}=`).test(settings)) findings.push(`nothing sets ${variable}`)
  return findings
}

function judgeService(service, file, program) {
  const findings = []
  for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
    const other = file.services[name]
    if (!other) findings.push(`depends on ${name}, which is no service`)
    else if (condition === "service_healthy" && !other.healthcheck)
      findings.push(`waits for the health of ${name}, which has no check`)
  }
  for (const name of service.networks ?? [])
    if (!(name in file.networks)) findings.push(`is in ${name}, which is no network`)
  if (!service.read_only) findings.push("may write to its root file system")
  const variables = service.environment ?? {}
  const command = [...(service.entrypoint ?? []), ...(service.command ?? [])]
  findings.push(...judgeContainer(program, { command, variables }))
  findings.push(...judgeHosts(variables, file))
  const ends = command[0] === "context-hub" ? ENDS_WITHIN[command[1]] : undefined
  if (ends !== undefined && !(Number.parseInt(service.stop_grace_period) > ends))
    findings.push(`is killed before it has ended: it may take ${ends} s`)
  for (const published of service.ports ?? []) {
    if (!published.startsWith("127.0.0.1:")) findings.push(`${published} is published beyond this machine, without TLS`)
    else if (published.split(":").at(-1) !== variables.ADDR?.split(":").at(-1))
      findings.push(`${published} is not where it listens`)
  }
  return findings
}

/** Hosts in variables are services. */
function judgeHosts(variables, file) {
  const values = Object.values(variables).filter((value) => typeof value === "string")
  const hosts = values.flatMap((value) =>
    [...value.matchAll(/(?:^|\/\/)([a-z][a-z0-9-]*):\d+/g)].map((match) => match[1]),
  )
  return [...new Set(hosts)].filter((host) => !(host in file.services)).map((host) => `${host} is no service`)
}
