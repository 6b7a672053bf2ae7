//! `context-hub admin shards`.

use super::{Seen, named};
use crate::cli::CommonArgs;
use crate::table::table;
use anyhow::Result;
use base::NodeId;
use serde_json::json;

pub async fn list(common: &CommonArgs) -> Result<()> {
    let seen = Seen::look(common).await?;
    let now = seen.now();
    let ids = |nodes: &[NodeId]| nodes.iter().map(|node| node.0).collect::<Vec<_>>();
    if common.json {
        let shards = now.placements().into_iter().flatten().map(|(shard, placement)| {
            let observed = now.observed().get(shard);
            json!({
                "shard": shard.0,
                "leader": observed.map(|seen| seen.leader.0),
                "term": observed.map(|seen| seen.term),
                "voters": observed.map(|seen| ids(&seen.replicas)),
                "desired": ids(placement.value.replicas()),
                "preferred_leader": placement.value.leader().0,
            })
        });
        println!("{}", json!({ "shards": shards.collect::<Vec<_>>() }));
    } else {
        let names =
            |nodes: &[NodeId]| nodes.iter().map(|node| named(&now, *node)).collect::<Vec<_>>().join(", ");
        let rows: Vec<_> = now
            .placements()
            .into_iter()
            .flatten()
            .map(|(shard, placement)| {
                let observed = now.observed().get(shard);
                let wanted = placement.value.replicas();
                let there = observed.map(|seen| seen.replicas.as_slice()).unwrap_or_default();
                let moves = there != wanted && !there.is_empty();
                [
                    shard.to_string(),
                    observed.map_or("nobody yet".to_owned(), |seen| named(&now, seen.leader)),
                    observed.map_or(String::new(), |seen| seen.term.to_string()),
                    names(if there.is_empty() { wanted } else { there }),
                    if moves { format!("to {}", names(wanted)) } else { String::new() },
                ]
            })
            .collect();
        if rows.is_empty() {
            println!("Nothing is placed yet: nodes are waited for. See: context-hub admin nodes list");
        } else {
            println!("{}", table(["SHARD", "LEADER", "TERM", "REPLICAS", "MOVING"], &rows));
        }
    }
    seen.end().await;
    Ok(())
}
