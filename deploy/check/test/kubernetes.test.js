// A manifest that is broken is refused, and the finding says where.

import assert from "node:assert/strict"
import { test } from "node:test"
import { documents, read } from "../src/files.js"
import { judgeComponent, judgeKustomization } from "../src/kubernetes.js"
import { findingsAfter, program } from "./support.js"

const shard = (find) => find("StatefulSet", "context-hub-shard").spec
const container = (find) => shard(find).template.spec.containers[0]

test("the manifests are right", () =>
  assert.deepEqual(
    findingsAfter(() => {}),
    [],
  ))

/** Each breaks one thing, and names what the finding has to say. */
const BREAKS = {
  "an unknown field": [(find) => (shard(find).podManagmentPolicy = "Parallel"), /podManagmentPolicy/],
  "an unknown field deep inside": [(find) => (container(find).resources.limit = {}), /additional properties: limit/],
  "a wrong type": [(find) => (shard(find).replicas = "three"), /\/spec\/replicas must be integer/],
  "a number where a text belongs": [(find) => (find("ConfigMap", "context-hub").data.SHARDS = 32), /must be string/],
  "a missing field": [(find) => delete shard(find).selector, /required property 'selector'/],
  "a kind of another version": [
    (find) => (find("Deployment", "context-hub-gateway").apiVersion = "apps/v1beta1"),
    /not among the schemas/,
  ],
  "a key without a value": [(find) => (shard(find).template.spec.securityContext = null), /securityContext is empty/],
  "an object that is there twice": [(_, sources) => sources.push(sources[0]), /is there twice/],
  "a service that selects nothing": [
    (find) => (find("Service", "context-hub-gateway").spec.selector = { app: "x" }),
    /selects no pods/,
  ],
  "a service to a port that is not there": [
    (find) => (find("Service", "context-hub-shard").spec.ports[0].targetPort = "rpc"),
    /no container has the port rpc/,
  ],
  "a workload that does not select its pods": [
    (find) => (shard(find).selector.matchLabels = { app: "x" }),
    /does not select its own pods/,
  ],
  "a service with an address for a StatefulSet": [
    (find) => delete find("Service", "context-hub-shard").spec.clusterIP,
    /not headless/,
  ],
  "a budget that selects nothing": [
    (find) => (find("PodDisruptionBudget", "context-hub-shard").spec.selector.matchLabels = { app: "x" }),
    /selects 0 workloads/,
  ],
  "a mount without a volume": [
    (find) => (container(find).volumeMounts[1].name = "certificates"),
    /mounts certificates, which is no volume/,
  ],
  "a volume that nobody mounts": [(find) => container(find).volumeMounts.pop(), /nothing mounts the volume tmp/],
  "a probe of a port that is not there": [
    (find) => (container(find).readinessProbe.httpGet.port = "http"),
    /readinessProbe asks the port http/,
  ],
  "a missing probe": [(find) => delete container(find).livenessProbe, /has no livenessProbe/],
  "a variable that the program does not know": [
    (find) => (container(find).env[0].name = "NODENAME"),
    /NODENAME is no setting of `context-hub shard`/,
  ],
  "the same in a config map": [
    (find) => (find("ConfigMap", "context-hub-gateway").data.SHARDS = "32"),
    /SHARDS is no setting of `context-hub gateway`/,
  ],
  "a config map that is not there": [
    (find) => (container(find).envFrom[1].configMapRef.name = "shards"),
    /from shards, which is not there/,
  ],
  "a variable twice": [(find) => (find("ConfigMap", "context-hub").data.DATA_DIR = "/data"), /DATA_DIR twice/],
  "a reference to a variable that comes later": [
    (find) => container(find).env.reverse(),
    /refers to NODE_NAME, which does not stand before it/,
  ],
  "a flag that the program does not take": [
    (find) => container(find).command.push("--adress", "x"),
    /takes no --adress/,
  ],
  "a command that is not there": [(find) => (container(find).command[1] = "node"), /has no command `node`/],
  "an address with another port": [
    (find) => (container(find).env.find(({ name }) => name === "OPS_ADDR").value = "0.0.0.0:7402"),
    /OPS_ADDR has port 7402/,
  ],
  "a name that no pod has": [
    (find) => (container(find).env.find(({ name }) => name === "ADVERTISE_ADDR").value = "$(NODE_NAME).shards:7400"),
    /is no pod here/,
  ],
  "an etcd too many": [
    (find) => (find("StatefulSet", "context-hub-etcd").spec.replicas = 2),
    /there is no context-hub-etcd-2/,
  ],
  "a secret that nobody makes": [
    (find) => (shard(find).template.spec.volumes[0].secret.secretName = "certs"),
    /how the secret certs is made/,
  ],
  "too little time to end": [
    (find) => (shard(find).template.spec.terminationGracePeriodSeconds = 29),
    /killed after 29 s/,
  ],
  "no pause before the end": [(find) => delete container(find).lifecycle, /preStop/],
  "a root file system to write to": [
    (find) => (container(find).securityContext.readOnlyRootFilesystem = false),
    /root file system/,
  ],
  "a pod that may be root": [
    (find) => (shard(find).template.spec.securityContext.runAsNonRoot = false),
    /may run as root/,
  ],
  "no denial by default": [(find) => find("NetworkPolicy", "default-deny").spec.policyTypes.pop(), /denies everything/],
  "a policy for nobody": [
    (find) => (find("NetworkPolicy", "context-hub-etcd").spec.podSelector = { matchLabels: { app: "x" } }),
    /selects no pods/,
  ],
  "a way that is closed at its end": [
    (find) => find("NetworkPolicy", "context-hub-shard").spec.ingress[0].from.pop(),
    /gateway to port 7400 of context-hub-shard is closed at its end/,
  ],
  "a way that is closed at its beginning": [
    (find) => find("NetworkPolicy", "context-hub-gateway").spec.egress.pop(),
    /gateway to port 2379 of context-hub-etcd is closed at its beginning/,
  ],
  "a policy for a port that is not there": [
    (find) => (find("NetworkPolicy", "monitoring").spec.ingress[0].ports[0].port = 9),
    /has the port 9/,
  ],
}

for (const [what, [change, expected]] of Object.entries(BREAKS)) {
  test(`refused: ${what}`, () => assert.match(findingsAfter(change).join("\n"), expected))
}

test("refused: a key that stands twice", () => assert.throws(() => documents("a: 1\na: 2\n"), /unique/))

test("refused: a kustomization that misses a file, or names one too many", () => {
  const found = judgeKustomization({ resources: ["a.yaml", "b.yaml"], resource: [] }, ["a.yaml", "c.yaml"], []).join(
    "\n",
  )
  assert.match(found, /does not list c\.yaml/)
  assert.match(found, /lists b\.yaml/)
  assert.match(found, /resource is not known/)
})

test("a component adds variables that the program knows, to containers that are there", () => {
  const objects = documents(read("deploy/statefulset/shard.yaml"))
  const text = read("deploy/statefulset/zones/kustomization.yaml")
  const judge = (from, to) => judgeComponent(documents(text.replace(from, to))[0], objects, program).join("\n")
  assert.equal(judge("", ""), "")
  assert.match(judge("name: ZONE", "name: ZONES"), /ZONES is no setting of `context-hub shard`/)
  assert.match(judge("containers/0", "containers/1"), /adds no variable/)
  assert.match(judge("name: context-hub-shard", "name: shard"), /StatefulSet\/shard is not there/)
})
