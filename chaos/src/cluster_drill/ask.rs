//! What nodes say of themselves: who is ready, who leads what, and what their replicas hold.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::cluster::{Cluster, Role, probe};
use crate::drive::{Digests, Lead, Replica};
use crate::history::ShardId;

/// How long a node has to hash all that it holds.
const HASHED_WITHIN: Duration = Duration::from_secs(10);

/// A node, and where it answers.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its name.
    pub name: String,
    ops: SocketAddr,
}

/// All nodes of a cluster.
pub fn nodes(cluster: &Cluster) -> Vec<Asked> {
    let asked = |member: &crate::cluster::Member| Asked {
        name: member.name.clone(),
        ops: member.side.unwrap_or(member.addr),
    };
    cluster.members(Role::Node).map(asked).collect()
}

impl Asked {
    /// Whether all that it is to have runs.
    pub async fn is_ready(&self) -> bool {
        probe::get(self.ops, "/readyz").await.is_some_and(|answer| answer.status.is_success())
    }

    /// What it leads, as it says; nothing if it says nothing.
    pub async fn leads(&self) -> Vec<Lead> {
        let answer = probe::get(self.ops, "/leads").await;
        answer.map(|answer| leads(&self.name, &answer.body)).unwrap_or_default()
    }

    async fn digests(&self) -> BTreeMap<ShardId, Replica> {
        let answer = probe::get_within(self.ops, "/digests", HASHED_WITHIN).await;
        answer.map(|answer| digests(&answer.body)).unwrap_or_default()
    }
}

/// Who leads what, in the order of the shards; an old leader that has not noticed may be beside the new one.
pub async fn all_leads(nodes: &[Asked]) -> Vec<Lead> {
    let mut all = Vec::new();
    for node in nodes {
        all.extend(node.leads().await);
    }
    all.sort();
    all
}

/// What the replicas of all nodes hold.
pub async fn all_digests(nodes: &[Asked]) -> Digests {
    let mut all = Digests::new();
    for node in nodes {
        all.insert(node.name.clone(), node.digests().await);
    }
    all
}

fn leads(node: &str, body: &Value) -> Vec<Lead> {
    let lead =
        |it: &Value| Some(Lead { shard: shard(it)?, term: it["term"].as_u64()?, node: node.to_owned() });
    body["leads"].as_array().into_iter().flatten().filter_map(lead).collect()
}

fn digests(body: &Value) -> BTreeMap<ShardId, Replica> {
    let replica = |it: &Value| {
        let (applied, hash) = (it["index"].as_u64()?, it["hash"].as_str()?.to_owned());
        Some((shard(it)?, Replica { applied, hash }))
    };
    body["digests"].as_array().into_iter().flatten().filter_map(replica).collect()
}

fn shard(it: &Value) -> Option<ShardId> {
    Some(ShardId(it["shard"].as_u64()?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nodes_say_is_understood() {
        let body = json!({"leads": [{"shard": 3, "term": 7}, {"shard": "x", "term": 1}]});
        assert_eq!(leads("n1", &body), [Lead { shard: ShardId(3), term: 7, node: "n1".into() }]);
        assert_eq!(leads("n1", &Value::Null), []);
        let body = json!({"digests": [{"shard": 3, "index": 9, "hash": "ab"}, {"shard": 4}]});
        let wanted = Replica { applied: 9, hash: "ab".into() };
        assert_eq!(digests(&body), BTreeMap::from([(ShardId(3), wanted)]));
    }
}
