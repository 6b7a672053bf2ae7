//! `context-hub admin nodes`.

use super::{Seen, named, node_of};
use crate::cli::{CommonArgs, NodeArgs};
use crate::table::table;
use anyhow::Result;
use base::NodeId;
use cluster::state::NodeState;
use cluster::view::Snapshot;
use serde_json::json;

/// What a node has to do with shards.
struct Duties {
    /// Replicas that it is to have, or has still.
    replicas: usize,
    leads: usize,
}

fn duties(snapshot: &Snapshot, node: NodeId) -> Duties {
    let leads = snapshot.observed().values().filter(|seen| seen.leader == node).count();
    let desired = snapshot.placements().into_iter().flatten();
    let replicas = desired.filter(|(shard, placement)| {
        let there = snapshot.observed().get(shard).is_some_and(|seen| seen.replicas.contains(&node));
        there || placement.value.replicas().contains(&node)
    });
    Duties { replicas: replicas.count(), leads }
}

fn state(snapshot: &Snapshot, node: NodeId) -> &'static str {
    match snapshot.nodes().get(&node) {
        None => "removed",
        Some(node) if node.record.state == NodeState::Draining && node.down_since.is_some() => {
            "draining, down"
        }
        Some(node) if node.record.state == NodeState::Draining => "draining",
        Some(node) if node.down_since.is_some() => "down",
        Some(_) => "up",
    }
}

pub async fn list(common: &CommonArgs) -> Result<()> {
    let seen = Seen::look(common).await?;
    let now = seen.now();
    if common.json {
        let nodes = now.nodes().iter().map(|(id, node)| {
            let Duties { replicas, leads } = duties(&now, *id);
            let spec = &node.record.spec;
            json!({
                "id": id.0, "name": spec.name, "state": state(&now, *id), "zone": spec.zone,
                "capacity": spec.capacity, "address": spec.address, "starts": node.record.incarnation,
                "replicas": replicas, "leads": leads,
            })
        });
        println!("{}", json!({ "nodes": nodes.collect::<Vec<_>>() }));
    } else {
        let rows: Vec<_> = now
            .nodes()
            .iter()
            .map(|(id, node)| {
                let Duties { replicas, leads } = duties(&now, *id);
                let spec = &node.record.spec;
                [
                    id.to_string(),
                    spec.name.clone(),
                    state(&now, *id).to_owned(),
                    spec.zone.clone(),
                    replicas.to_string(),
                    leads.to_string(),
                    spec.address.clone(),
                ]
            })
            .collect();
        println!("{}", table(["ID", "NAME", "STATE", "ZONE", "REPLICAS", "LEADS", "ADDRESS"], &rows));
    }
    seen.end().await;
    Ok(())
}

pub async fn drain(args: &NodeArgs) -> Result<()> {
    let mut seen = Seen::look(&args.common).await?;
    let node = node_of(&seen.now(), &args.node)?;
    seen.contact.members().drain(node).await?;
    let mut last = None;
    loop {
        let now = seen.now();
        let Duties { replicas, leads } = duties(&now, node);
        if last != Some((replicas, leads)) {
            say(&args.common, &now, node, replicas, leads);
            last = Some((replicas, leads));
        }
        if replicas == 0 || seen.view.changed().await.is_none() {
            break;
        }
    }
    seen.end().await;
    Ok(())
}

fn say(common: &CommonArgs, now: &Snapshot, node: NodeId, replicas: usize, leads: usize) {
    if common.json {
        println!(
            "{}",
            json!({ "node": node.0, "replicas": replicas, "leads": leads, "done": replicas == 0 })
        );
    } else if replicas == 0 {
        println!("{} is empty: stop it, and remove it if it does not come back", named(now, node));
    } else {
        println!("{} has {replicas} replicas still, and leads {leads} shards", named(now, node));
    }
}

pub async fn undrain(args: &NodeArgs) -> Result<()> {
    let seen = Seen::look(&args.common).await?;
    let node = node_of(&seen.now(), &args.node)?;
    seen.contact.members().undrain(node).await?;
    done(&args.common, &seen, node, "takes replicas again");
    seen.end().await;
    Ok(())
}

pub async fn remove(args: &NodeArgs) -> Result<()> {
    let seen = Seen::look(&args.common).await?;
    let node = node_of(&seen.now(), &args.node)?;
    let before = seen.now();
    seen.contact.members().remove(node).await?;
    if args.common.json {
        println!("{}", json!({ "node": node.0, "removed": true }));
    } else {
        println!("{} is removed; its number is never given again", named(&before, node));
    }
    seen.end().await;
    Ok(())
}

fn done(common: &CommonArgs, seen: &Seen, node: NodeId, what: &str) {
    if common.json {
        println!("{}", json!({ "node": node.0, "state": "up" }));
    } else {
        println!("{} {what}", named(&seen.now(), node));
    }
}
