// What holds within the pods of a workload, and between them and what they refer to.

import { ENDS_WITHIN, judgeContainer } from "./container.js"

/** What is wrong with the pods of a workload. */
export function judgePod(workload, objects, { program, readme }) {
  const pod = workload.spec.template.spec
  const findings = judgeSecurity(pod)
  const claims = (workload.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name)
  const volumes = new Set([...claims, ...(pod.volumes ?? []).map(({ name }) => name)])
  const mounted = new Set()
  for (const container of pod.containers) {
    const add = (what) => findings.push(`${container.name}: ${what}`)
    for (const { name } of container.volumeMounts ?? []) {
      mounted.add(name)
      if (!volumes.has(name)) add(`mounts ${name}, which is no volume`)
    }
    judgePorts(container).forEach(add)
    judgeReferences(container, workload, objects, program).forEach(add)
    judgeEnd(container, pod).forEach(add)
  }
  for (const name of volumes) if (!mounted.has(name)) findings.push(`nothing mounts the volume ${name}`)
  const secrets = [
    ...(pod.volumes ?? []).map(({ secret }) => secret?.secretName),
    ...pod.containers.flatMap(({ env }) => (env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name)),
  ]
  for (const name of secrets) {
    if (name && !readme.includes(`secret generic ${name} `))
      findings.push(`README.md does not say how the secret ${name} is made`)
  }
  return findings
}

/** The profile that the namespace enforces, and a root file system that nobody writes to. */
function judgeSecurity(pod) {
  const findings = []
  if (pod.securityContext?.runAsNonRoot !== true) findings.push("may run as root")
  if (pod.securityContext?.seccompProfile?.type !== "RuntimeDefault") findings.push("has no seccomp profile")
  if (pod.automountServiceAccountToken !== false) findings.push("gets a token that it does not need")
  for (const { name, securityContext: context } of pod.containers) {
    if (context?.readOnlyRootFilesystem !== true) findings.push(`${name}: may write to its root file system`)
    if (context?.allowPrivilegeEscalation !== false) findings.push(`${name}: may gain privileges`)
    if (!context?.capabilities?.drop?.includes("ALL")) findings.push(`${name}: keeps capabilities`)
  }
  return findings
}

function judgePorts({ ports = [], startupProbe, livenessProbe, readinessProbe }) {
  const names = ports.map(({ name }) => name)
  const probes = Object.entries({ startupProbe, livenessProbe, readinessProbe })
  return probes.flatMap(([what, probe]) => {
    if (!probe) return [`has no ${what}`]
    const port = probe.httpGet?.port
    return port === undefined || names.includes(port) || ports.some(({ containerPort }) => containerPort === port)
      ? []
      : [`${what} asks the port ${port}, which is not there`]
  })
}

/** Variables: where they come from, what they refer to, and whether the program knows them. */
function judgeReferences(container, workload, objects, program) {
  const findings = []
  const variables = {}
  for (const { configMapRef } of container.envFrom ?? []) {
    const map = objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === configMapRef?.name)
    if (map) Object.assign(variables, map.data)
    else findings.push(`takes its variables from ${configMapRef?.name}, which is not there`)
  }
  const used = new Set()
  for (const { name, value } of container.env ?? []) {
    if (name in variables) findings.push(`has the variable ${name} twice`)
    for (const [, other] of (value ?? "").matchAll(/\$\(([A-Z_]+)\)/g)) {
      used.add(other)
      if (!(other in variables)) findings.push(`${name} refers to ${other}, which does not stand before it`)
    }
    variables[name] = value
  }
  const ports = (container.ports ?? []).map(({ containerPort }) => containerPort)
  const command = [...(container.command ?? []), ...(container.args ?? [])]
  findings.push(...judgeContainer(program, { command, variables, used, ports }))
  findings.push(...judgeHosts(variables, workload, objects))
  return findings
}

/** Names of pods behind a headless service, wherever a variable holds one: `pod-0.service:port`. */
function judgeHosts(variables, workload, objects) {
  const findings = []
  for (const [name, value] of Object.entries(variables)) {
    for (const [, pod, service, port] of (value ?? "").matchAll(/([a-z-]+\d+|\$\([A-Z_]+\))\.([a-z-]+):(\d+)/g)) {
      const set = pod.startsWith("$")
        ? workload
        : objects.find(({ kind, metadata }) => kind === "StatefulSet" && metadata.name === pod.replace(/-\d+$/, ""))
      if (set?.spec.serviceName !== service) findings.push(`${name}: ${pod}.${service} is no pod here`)
      else if (!pod.startsWith("$") && Number(pod.match(/\d+$/)[0]) >= set.spec.replicas)
        findings.push(`${name}: there is no ${pod}`)
      else if (!portsOf(set).includes(Number(port))) findings.push(`${name}: ${pod} has no port ${port}`)
    }
  }
  return findings
}

/** The ports of a workload's containers. */
export const portsOf = (workload) =>
  workload.spec.template.spec.containers.flatMap(({ ports }) => (ports ?? []).map(({ containerPort }) => containerPort))

/** Whether the program has the time to end. */
function judgeEnd({ command = [], lifecycle }, { terminationGracePeriodSeconds: grace }) {
  const ends = command[0] === "context-hub" ? ENDS_WITHIN[command[1]] : undefined
  if (ends === undefined) return []
  const pause = lifecycle?.preStop?.sleep?.seconds
  if (pause === undefined) return ["has no pause before it is stopped (preStop)"]
  return grace >= pause + ends ? [] : [`is killed after ${grace} s, and needs ${pause} + ${ends}`]
}
