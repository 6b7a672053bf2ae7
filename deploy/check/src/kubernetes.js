// What holds between the objects of a folder of manifests, and no schema can say.

import { documents, empties, files, read } from "./files.js"
import { kubernetesFindings } from "./schemas.js"
import { judgePod } from "./pods.js"
import { judgePolicies } from "./policies.js"
import { selects } from "./selectors.js"

/** What is wrong in a folder. `facts` are the program and the README that says how secrets are made. */
export function judgeFolder(folder, program) {
  const objects = []
  const findings = []
  const sources = files(folder, ".yaml").filter((path) => !path.endsWith("kustomization.yaml"))
  for (const path of sources) {
    try {
      objects.push(...documents(read(path)).map((object) => ({ path, object })))
    } catch (error) {
      findings.push(`${path}: ${error.message}`)
    }
  }
  const kustomization = documents(read(`${folder}/kustomization.yaml`))[0]
  const names = sources.map((path) => path.slice(folder.length + 1))
  findings.push(
    ...judgeKustomization(
      kustomization,
      names,
      objects.map(({ object }) => object),
    ),
  )
  for (const path of files(folder, "/kustomization.yaml").filter((path) => path !== `${folder}/kustomization.yaml`)) {
    const found = judgeComponent(
      documents(read(path))[0],
      objects.map(({ object }) => object),
      program,
    )
    findings.push(...found.map((what) => `${path}: ${what}`))
  }
  return [...findings, ...judgeObjects(objects, { program, readme: read(`${folder}/README.md`) })]
}

/** What is wrong with a component: it adds variables to containers that are there, and the program knows them. */
export function judgeComponent({ kind, patches = [] }, objects, program) {
  const findings = kind === "Component" ? [] : [`is a ${kind}, not a Component`]
  for (const { target, patch } of patches) {
    const workload = objects.find((object) => object.kind === target.kind && object.metadata.name === target.name)
    if (!workload) {
      findings.push(`${target.kind}/${target.name} is not there`)
      continue
    }
    for (const { op, path, value } of documents(patch)[0]) {
      const place = path.match(/^\/spec\/template\/spec\/containers\/(\d+)\/env\/-$/)?.[1]
      const container = workload.spec.template.spec.containers[place]
      if (op !== "add" || !container) findings.push(`${op} ${path} adds no variable to a container`)
      else if (!program.help(container.command.slice(1))?.variables.has(value.name)) {
        findings.push(`${value.name} is no setting of \`${container.command.join(" ")}\``)
      }
    }
  }
  return findings
}

/** What is wrong with objects, each of which comes with its path. */
export function judgeObjects(sources, facts) {
  const findings = []
  const known = new Set()
  for (const { path, object } of sources) {
    const name = `${object?.kind}/${object?.metadata?.name}`
    const add = (what) => findings.push(`${path}: ${name}: ${what}`)
    kubernetesFindings(object).forEach(add)
    empties(object).forEach((place) => add(`${place} is empty`))
    if (known.has(name)) add("is there twice")
    known.add(name)
  }
  // What does not fit its schema is not looked into further.
  if (findings.length > 0) return findings
  const objects = sources.map(({ object }) => object)
  for (const { path, object } of sources) {
    const add = (what) => findings.push(`${path}: ${object.kind}/${object.metadata.name}: ${what}`)
    judgeObject(object, objects, facts).forEach(add)
  }
  return [...findings, ...judgePolicies(objects)]
}

const WORKLOADS = ["Deployment", "StatefulSet"]
export const isWorkload = ({ kind }) => WORKLOADS.includes(kind)
export const podLabels = (workload) => workload.spec.template.metadata?.labels ?? {}
const selectedBy = (selector, objects) =>
  objects.filter((object) => isWorkload(object) && selects(selector, podLabels(object)))

function judgeObject(object, objects, facts) {
  switch (object.kind) {
    case "Service":
      return judgeService(object, objects)
    case "PodDisruptionBudget": {
      const count = selectedBy(object.spec.selector, objects).length
      return count === 1 ? [] : [`selects ${count} workloads, not one`]
    }
    case "Deployment":
    case "StatefulSet":
      return [...judgeWorkload(object, objects), ...judgePod(object, objects, facts)]
    default:
      return []
  }
}

function judgeService({ spec }, objects) {
  const selected = selectedBy({ matchLabels: spec.selector }, objects)
  if (selected.length === 0) return ["selects no pods"]
  const ports = selected.flatMap((workload) =>
    workload.spec.template.spec.containers.flatMap(({ ports }) => ports ?? []),
  )
  return spec.ports
    .map(({ port, targetPort }) => targetPort ?? port)
    .filter((target) => !ports.some(({ name, containerPort }) => target === name || target === containerPort))
    .map((target) => `no container has the port ${target}`)
}

function judgeWorkload(workload, objects) {
  const { kind, spec } = workload
  const findings = selects(spec.selector, podLabels(workload)) ? [] : ["does not select its own pods"]
  if (kind !== "StatefulSet") return findings
  const service = objects.find((object) => object.kind === "Service" && object.metadata.name === spec.serviceName)
  if (service?.spec.clusterIP !== "None") findings.push(`its service ${spec.serviceName} is not there, or not headless`)
  else if (!selects({ matchLabels: service.spec.selector }, podLabels(workload)))
    findings.push("its service selects other pods")
  return findings
}

const KUSTOMIZATION = ["apiVersion", "kind", "namespace", "resources", "images", "components"]

/** What is wrong with a kustomization of these files. */
export function judgeKustomization(kustomization, names, objects) {
  const listed = new Set(kustomization.resources)
  const there = new Set(names)
  const images = objects
    .filter(isWorkload)
    .flatMap((workload) => workload.spec.template.spec.containers.map(({ image }) => image))
  return [
    ...Object.keys(kustomization)
      .filter((key) => !KUSTOMIZATION.includes(key))
      .map((key) => `${key} is not known here`),
    ...names.filter((name) => !listed.has(name)).map((name) => `does not list ${name}`),
    ...[...listed].filter((name) => !there.has(name)).map((name) => `lists ${name}, which is not there`),
    ...(kustomization.images ?? [])
      .filter(({ name }) => !images.includes(name))
      .map(({ name }) => `no container has the image ${name}`),
  ].map((what) => `kustomization.yaml: ${what}`)
}
