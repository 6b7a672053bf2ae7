//! What operators see and do: `context-hub admin …`, and the nodes' own pages.

use crate::support::{Ask, Reply, Wire, context_hub_within};
use chaos::cluster::{Cluster, Role};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A drain moves nothing before the controller has known the coordinator for a minute, which begins anew whenever the coordinator
/// does not answer for a moment.
const ENDED_WITHIN: Duration = Duration::from_secs(180);

/// What `admin` prints with `--json`, line by line.
pub async fn admin(cluster: &Cluster, words: &[&str]) -> Vec<Value> {
    let etcd = cluster.etcd_endpoints();
    let words = [&["admin"], words, &["--json", "--etcd-endpoints", &etcd]].concat();
    let done = context_hub_within(ENDED_WITHIN, cluster.folder(), &words, &[]).await;
    assert!(done.success, "{words:?}: {}", done.err);
    done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The nodes by name, as `admin nodes list` has them.
pub async fn nodes(cluster: &Cluster) -> BTreeMap<String, Value> {
    let listed = admin(cluster, &["nodes", "list"]).await.remove(0);
    let nodes = listed["nodes"].as_array().unwrap().iter();
    nodes.map(|node| (node["name"].as_str().unwrap().to_owned(), node.clone())).collect()
}

/// The shards, as `admin shards list` has them.
pub async fn shards(cluster: &Cluster) -> Vec<Value> {
    admin(cluster, &["shards", "list"]).await.remove(0)["shards"].as_array().unwrap().clone()
}

/// Numbers of nodes in an array, whatever their order.
pub fn ids(value: &Value) -> BTreeSet<u64> {
    value.as_array().into_iter().flatten().map(|id| id.as_u64().unwrap()).collect()
}

/// What a node answers to operators.
pub async fn page(cluster: &Cluster, node: &str, path: &str) -> Reply {
    let side = cluster.member(node).unwrap().side.unwrap();
    Ask::new(Arc::new(Wire::to(&side.to_string())), "GET", path).send().await
}

/// The values of a figure at a node, by their labels as they are written.
pub async fn figure(cluster: &Cluster, node: &str, name: &str) -> BTreeMap<String, f64> {
    let page = page(cluster, node, "/metrics").await;
    let lines = page.text().lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
    let values = lines.map(|line| {
        let (labels, value) = line.rsplit_once("} ").unwrap();
        (labels.to_owned(), value.parse().unwrap())
    });
    values.collect()
}

/// The names of the nodes.
pub fn names(cluster: &Cluster) -> Vec<String> {
    cluster.members(Role::Node).map(|node| node.name.clone()).collect()
}
