// A program that takes what these tests need, and manifests that are right until a test breaks them.

import { documents, read } from "../src/files.js"
import { judgeObjects } from "../src/kubernetes.js"
import { parseHelp } from "../src/program.js"

const HELPS = {
  "": "Commands:\n  shard    Run a node\n  gateway  Run a gateway\n  admin    Look after a cluster\n\nOptions:\n  -h, --help  Print help\n",
  shard: settings(
    "NODE_NAME ADDR ADVERTISE_ADDR OPS_ADDR ETCD_ENDPOINTS CLUSTER_NAME CERTS_DIR SHARDS REPLICAS FIRST_NODES CAPACITY AUDIT_MINUTES DATA_DIR CACHE_SIZE_MB WAL_SEGMENT_SIZE_MB DISK_RESERVE_MB MASTER_KEY LOG_FORMAT ZONE",
  ),
  gateway: settings(
    "NODE_NAME ADDR ALLOW_PLAINTEXT ETCD_ENDPOINTS CLUSTER_NAME CERTS_DIR JWT_PRIVATE_KEY_FILE LOG_FORMAT DRAIN_SECONDS MAX_CONNECTIONS MAX_SOCKETS BODIES_SIZE_MB",
  ),
  admin: "Commands:\n  certs  Make certificates\n\nOptions:\n  -h, --help  Print help\n",
  "admin certs":
    "Options:\n      --dir <DIR>          Where\n      --shard <NAME>...    Nodes\n      --gateway <NAME>...  Gateways\n",
}

function settings(names) {
  const lines = names
    .split(" ")
    .map((name) => `      --${name.toLowerCase().replaceAll("_", "-")} <X>\n          What it is [env: ${name}=]\n`)
  return `Usage\n\nOptions:\n${lines.join("")}  -h, --help\n          Print help\n`
}

export const program = {
  help: (words) => {
    const text = HELPS[words.join(" ")]
    return text === undefined ? undefined : parseHelp(text)
  },
}

/** What is wrong with the manifests of this repository, after a change to a copy of them. */
export function findingsAfter(change) {
  const names = ["namespace", "settings", "etcd", "shard", "gateway", "network"]
  const sources = names.flatMap((name) =>
    documents(read(`deploy/statefulset/${name}.yaml`)).map((object) => ({ path: `${name}.yaml`, object })),
  )
  const find = (kind, name) =>
    sources.find(({ object }) => object.kind === kind && object.metadata.name === name).object
  change(find, sources)
  return judgeObjects(sources, { program, readme: read("deploy/statefulset/README.md") })
}

/** The Compose file, to be broken. */
export const compose = () => structuredClone(documents(read("deploy/compose/compose.yaml"))[0])
