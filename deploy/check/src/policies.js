// Network policies: as everything is denied in both directions, a way between two pods has to be open at both ends.

import { isWorkload, podLabels } from "./kubernetes.js"
import { portsOf } from "./pods.js"
import { selects } from "./selectors.js"

/** What is wrong with the policies among the objects. */
export function judgePolicies(objects) {
  const policies = objects.filter(({ kind }) => kind === "NetworkPolicy")
  const workloads = objects.filter(isWorkload)
  if (workloads.length === 0) return []
  const denies = ({ spec }) =>
    Object.keys(spec.podSelector).length === 0 && spec.policyTypes?.length === 2 && !spec.ingress && !spec.egress
  const findings = policies.some(denies) ? [] : ["no network policy denies everything by default"]
  const opened = { ingress: new Set(), egress: new Set() }
  for (const policy of policies) {
    const add = (what) => findings.push(`NetworkPolicy/${policy.metadata.name}: ${what}`)
    const own = workloads.filter((workload) => selects(policy.spec.podSelector, podLabels(workload)))
    if (own.length === 0) add("selects no pods")
    for (const { peers, ports, direction } of rules(policy)) {
      for (const peer of peers.filter(({ podSelector, namespaceSelector }) => podSelector && !namespaceSelector)) {
        const others = workloads.filter((workload) => selects(peer.podSelector, podLabels(workload)))
        if (others.length === 0) add(`${direction}: a peer selects no pods`)
        for (const [from, to] of pairs(own, others, direction)) {
          for (const port of ports)
            opened[direction].add(`${from.metadata.name} to port ${port} of ${to.metadata.name}`)
        }
        if (direction === "egress") unknownPorts(ports, others).forEach(add)
      }
      if (direction === "ingress") unknownPorts(ports, own).forEach(add)
    }
  }
  findings.push(
    ...[...opened.egress]
      .filter((way) => !opened.ingress.has(way))
      .map((way) => `the way from ${way} is closed at its end`),
  )
  findings.push(
    ...[...opened.ingress]
      .filter((way) => !opened.egress.has(way))
      .map((way) => `the way from ${way} is closed at its beginning`),
  )
  return findings
}

function rules({ spec }) {
  const ports = (rule) => (rule.ports ?? []).map(({ port }) => port)
  return [
    ...(spec.ingress ?? []).map((rule) => ({ direction: "ingress", peers: rule.from ?? [], ports: ports(rule) })),
    ...(spec.egress ?? []).map((rule) => ({ direction: "egress", peers: rule.to ?? [], ports: ports(rule) })),
  ]
}

const pairs = (own, others, direction) =>
  own.flatMap((mine) => others.map((other) => (direction === "egress" ? [mine, other] : [other, mine])))

/** Ports that none of the pods has. */
const unknownPorts = (ports, workloads) => {
  const known = workloads.flatMap(portsOf)
  return ports.filter((port) => !known.includes(port)).map((port) => `no selected pod has the port ${port}`)
}
