//! Keeps what a node has and leads in step with what placement wants.
//!
//! A replica comes when placement names this node. It goes when placement does not name the node any more, *and* the
//! leader has reported that it has no vote: until then it is needed. Who leads a shard makes its voters those that are
//! wanted, one shard at a time, so that snapshots do not crowd each other.

use base::{NodeId, ShardId};
use cluster::view::{ClusterView, Snapshot};
use shard::raft::{Founding, Progress};
use shard::{Node, Replica};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long nothing is heard of the coordinator before it is looked again: leaders change without it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Goes on until it is told to stop.
pub async fn keep(node: Arc<Node>, cluster: ClusterView, stop: CancellationToken) {
    let voters = settle_voters(&node, cluster.clone(), &stop);
    tokio::join!(keep_replicas(&node, cluster, &stop), voters);
}

/// The replicas that a node is to have, and those that it has still, as far as leaders know.
pub fn replicas_of(snapshot: &Snapshot, node: NodeId) -> BTreeMap<ShardId, Replica> {
    let placements = snapshot.placements().into_iter().flatten();
    let here = placements.filter_map(|(shard, placement)| {
        let (placement, observed) = (&placement.value, snapshot.observed().get(shard));
        let wanted = placement.replicas().contains(&node);
        let has_still = observed.is_some_and(|observed| observed.replicas.contains(&node));
        if !wanted && !has_still {
            return None;
        }
        // A shard that somebody led once was founded: whoever founded it again would make another one of it.
        let founds = observed.is_none() && placement.leader() == node;
        let founding = match founds {
            true => Founding::Found { voters: placement.replicas().iter().map(|node| node.0).collect() },
            false => Founding::Join,
        };
        Some((*shard, Replica { founding, leader: placement.leader() }))
    });
    here.collect()
}

async fn keep_replicas(node: &Node, mut cluster: ClusterView, stop: &CancellationToken) {
    let mut refounded = BTreeSet::new();
    loop {
        let now = cluster.now();
        if let Some(slots) = now.slots() {
            node.set_slots((**slots).clone());
        }
        let wanted = replicas_of(&now, node.id());
        let here: BTreeSet<ShardId> = node.replicas_here().into_iter().collect();
        for (shard, replica) in &wanted {
            if here.contains(shard) {
                node.prefer_leader(*shard, replica.leader);
                if is_to_found(node, *shard, replica) && refounded.insert(*shard) {
                    found_again(node, *shard, replica).await;
                }
            } else if let Err(error) = node.add_replica(*shard, replica.clone()).await {
                tracing::error!(%shard, %error, "the replica cannot be had");
            }
        }
        for shard in
            here.iter().filter(|shard| !wanted.contains_key(shard) && has_let_go(node, &now, **shard))
        {
            match node.remove_replica(*shard).await {
                Ok(()) => tracing::info!(%shard, "the replica is elsewhere now, and gone from here"),
                Err(error) => tracing::warn!(%shard, %error, "the replica does not go yet"),
            }
        }
        let changed = tokio::time::timeout(LOOK_AGAIN, cluster.changed());
        match stop.run_until_cancelled(changed).await {
            None | Some(Ok(None)) => return,
            Some(Ok(Some(_)) | Err(_)) => {}
        }
    }
}

/// Whether this node is to found a shard whose replica waits here for a leader: who was to found it never came, and somebody has
/// given that one up.
fn is_to_found(node: &Node, shard: ShardId, replica: &Replica) -> bool {
    let waits = |members: shard::raft::Members| members.voters.is_empty();
    matches!(replica.founding, Founding::Found { .. }) && node.members(shard).is_some_and(waits)
}

/// Begins a replica anew that waits for a leader. If it ever voted it goes on waiting: then somebody has founded the shard.
async fn found_again(node: &Node, shard: ShardId, replica: &Replica) {
    tracing::warn!(%shard, "nobody has founded the shard; this node does");
    let begun = match node.remove_replica(shard).await {
        Ok(()) => node.add_replica(shard, replica.clone()).await,
        Err(error) => Err(error),
    };
    if let Err(error) = begun {
        tracing::error!(%shard, %error, "the shard cannot be founded; restart this node to try again");
    }
}

/// Whether the leader of a shard has reported, since this node heard last who votes, that this node does not.
fn has_let_go(node: &Node, snapshot: &Snapshot, shard: ShardId) -> bool {
    let Some(observed) = snapshot.observed().get(&shard) else { return false };
    let heard = node.members(shard).and_then(|members| members.set_at);
    !observed.replicas.contains(&node.id()) && heard.is_none_or(|heard| observed.applied >= heard.index)
}

/// Makes the voters of what this node leads those that are wanted.
async fn settle_voters(node: &Node, mut cluster: ClusterView, stop: &CancellationToken) {
    loop {
        for (shard, wanted) in unsettled(node, &cluster.now()) {
            let (progress, _) = watch::channel(Progress::default());
            tracing::info!(%shard, ?wanted, "the voters of the shard change");
            match stop.run_until_cancelled(node.become_voters(shard, &wanted, &progress)).await {
                None => return,
                Some(Ok(())) => tracing::info!(%shard, "the voters of the shard are those that are wanted"),
                Some(Err(error)) => {
                    tracing::warn!(%shard, %error, "the voters of the shard are not yet those that are wanted")
                }
            }
        }
        let changed = tokio::time::timeout(LOOK_AGAIN, cluster.changed());
        match stop.run_until_cancelled(changed).await {
            None | Some(Ok(None)) => return,
            Some(Ok(Some(_)) | Err(_)) => {}
        }
    }
}

/// The shards that this node leads with other voters than placement wants.
fn unsettled(node: &Node, snapshot: &Snapshot) -> Vec<(ShardId, BTreeSet<NodeId>)> {
    let wanted = |shard| {
        let placement = snapshot.placement(shard)?;
        Some(placement.value.replicas().iter().copied().collect::<BTreeSet<_>>())
    };
    let led = node.led().into_iter().filter_map(|led| {
        let wanted = wanted(led.shard)?;
        (led.voters != wanted.iter().copied().collect::<Vec<_>>()).then_some((led.shard, wanted))
    });
    led.collect()
}
