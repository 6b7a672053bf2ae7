//! What a cluster looks like at the moment.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::process::Condition;
use super::state::{Member, Role};
use super::{Cluster, keys, probe};

/// A cluster.
#[derive(Debug, Serialize)]
pub struct Look {
    /// Its gateways.
    pub gateways: Vec<MemberLook>,
    /// Its nodes.
    pub nodes: Vec<MemberLook>,
    /// Its etcds.
    pub etcd: Vec<MemberLook>,
    /// Its shards; nothing if nobody could say.
    pub shards: Option<Vec<ShardLook>>,
    /// Why nobody could.
    pub shards_unknown: Option<String>,
    /// Who does not reach each other.
    pub severed: Vec<(String, String)>,
    /// The file with the owner's token.
    pub owner_token_file: PathBuf,
}

/// One process of it.
#[derive(Debug, Serialize)]
pub struct MemberLook {
    /// Its name.
    pub name: String,
    /// Its number, while it is there.
    pub pid: Option<i32>,
    /// What it does.
    pub condition: Condition,
    /// Whether it says that it can serve; nothing if it says nothing.
    pub ready: Option<bool>,
    /// Where it is reached.
    pub addr: SocketAddr,
    /// Where a node answers /readyz and /metrics.
    pub ops_url: Option<String>,
    /// Its data.
    pub data: Option<PathBuf>,
    /// Its log.
    pub log: PathBuf,
}

/// One shard of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ShardLook {
    /// Its number.
    pub shard: u64,
    /// The node that leads it, as far as it was told to etcd.
    pub leader: Option<String>,
    /// The term in which it does.
    pub term: Option<u64>,
    /// The nodes that have replicas.
    pub voters: Vec<String>,
}

impl Cluster {
    /// Looks at everyone. Who is frozen or cut off costs a second.
    pub async fn look(&self) -> anyhow::Result<Look> {
        let (mut shards, mut shards_unknown) = (None, None);
        match self.shards().await {
            Ok(found) => shards = Some(found),
            Err(error) => shards_unknown = Some(format!("{error:#}")),
        }
        Ok(Look {
            gateways: self.look_at(Role::Gateway).await?,
            nodes: self.look_at(Role::Node).await?,
            etcd: self.look_at(Role::Etcd).await?,
            shards,
            shards_unknown,
            severed: self.severed(),
            owner_token_file: self.owner_token_file(),
        })
    }

    /// Which node leads which shard, as far as it was told to etcd.
    pub async fn shards(&self) -> anyhow::Result<Vec<ShardLook>> {
        let etcds: Vec<_> = self.state.with(Role::Etcd).map(condition).collect::<anyhow::Result<_>>()?;
        let running = etcds.iter().filter(|condition| **condition == Condition::Running).count();
        anyhow::ensure!(running * 2 > etcds.len(), "etcd has no quorum: {running} of {} run", etcds.len());
        let nodes = self.admin(&["nodes", "list"]).await?;
        parse(&nodes, &self.admin(&["shards", "list"]).await?)
    }

    async fn admin(&self, verb: &[&str]) -> anyhow::Result<String> {
        let endpoints = self.etcd_endpoints();
        let words = [&["admin"], verb, &["--json", "--etcd-endpoints", &endpoints]].concat();
        let words: Vec<_> = words.into_iter().map(Into::into).collect();
        keys::tool(&self.state.binary, &words).await
    }

    async fn look_at(&self, role: Role) -> anyhow::Result<Vec<MemberLook>> {
        let mut looks = Vec::new();
        for member in self.state.with(role) {
            let condition = condition(member)?;
            let (asked, path) = match role {
                Role::Node => (member.side.unwrap_or(member.addr), "/readyz"),
                Role::Gateway => (member.addr, "/readyz"),
                Role::Etcd => (member.addr, "/health"),
            };
            let ready = match condition {
                Condition::Ended => None,
                _ => probe::get(asked, path).await.map(|answer| answer.status.is_success()),
            };
            let there = member.process.as_ref().filter(|_| condition != Condition::Ended);
            looks.push(MemberLook {
                name: member.name.clone(),
                pid: there.map(|process| process.pid),
                condition,
                ready,
                addr: member.addr,
                ops_url: (role == Role::Node).then(|| format!("http://{asked}")),
                data: member.folder.clone(),
                log: member.log.clone(),
            });
        }
        Ok(looks)
    }
}

fn condition(member: &Member) -> anyhow::Result<Condition> {
    let condition = member.process.as_ref().map(|process| process.condition()).transpose()?;
    Ok(condition.unwrap_or(Condition::Ended))
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<NodeLine>,
}

#[derive(Deserialize)]
struct NodeLine {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct Shards {
    shards: Vec<ShardLine>,
}

#[derive(Deserialize)]
struct ShardLine {
    shard: u64,
    leader: Option<u64>,
    term: Option<u64>,
    voters: Option<Vec<u64>>,
}

/// Puts names to the numbers of nodes. A number without a name belongs to a node that was removed.
fn parse(nodes: &str, shards: &str) -> anyhow::Result<Vec<ShardLook>> {
    let nodes: Nodes = serde_json::from_str(nodes).context("`admin nodes list` is not understood")?;
    let shards: Shards = serde_json::from_str(shards).context("`admin shards list` is not understood")?;
    let names: BTreeMap<u64, String> = nodes.nodes.into_iter().map(|node| (node.id, node.name)).collect();
    let name = |id: u64| names.get(&id).cloned().unwrap_or_else(|| format!("node {id}"));
    let looks = shards.shards.into_iter().map(|line| ShardLook {
        shard: line.shard,
        leader: line.leader.map(name),
        term: line.term,
        voters: line.voters.unwrap_or_default().into_iter().map(name).collect(),
    });
    Ok(looks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaders_have_names() {
        let nodes = r#"{"nodes":[{"id":4,"name":"n1","state":"up"},{"id":5,"name":"n2"}]}"#;
        let shards = r#"{"shards":[{"shard":0,"leader":5,"term":2,"voters":[4,5,6],"desired":[4,5,6]},
            {"shard":1,"leader":null,"term":null,"voters":null}]}"#;
        let looks = parse(nodes, shards).unwrap();
        assert_eq!(looks[0].leader.as_deref(), Some("n2"));
        assert_eq!(looks[0].voters, ["n1", "n2", "node 6"]);
        assert_eq!(looks[1], ShardLook { shard: 1, leader: None, term: None, voters: vec![] });
        assert!(parse(nodes, "[]").is_err());
    }
}
