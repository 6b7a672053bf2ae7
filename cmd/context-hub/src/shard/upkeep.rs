//! Keeps what a node has and leads in step with what placement wants.
//!
//! A replica comes when placement names this node. It goes when placement does not name the node any more, *and* the
//! leader has reported that it has no vote: until then it is needed. Who leads a shard makes its voters those that are
//! wanted, one shard at a time, so that snapshots do not crowd each other.

use base::{NodeId, ShardId};
use cluster::state::Observed;
use cluster::view::{ClusterView, Snapshot};
use shard::raft::{Founding, Members, Position, Progress};
use shard::{Node, Replica};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long nothing is heard of the coordinator before it is looked again: leaders change without it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long a change of voters may stand still: much longer than a snapshot of a large shard takes to arrive.
const STUCK_AFTER: Duration = Duration::from_secs(15 * 60);

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
                if is_to_found(node, *shard, replica).await && refounded.insert(*shard) {
                    found_again(node, *shard, replica).await;
                }
            } else if let Err(error) = node.add_replica(*shard, replica.clone()).await {
                tracing::error!(%shard, %error, "the replica cannot be had");
            }
        }
        for shard in here.union(&node.shards_on_disk()).filter(|shard| !wanted.contains_key(shard)) {
            if !has_let_go(node, &now, *shard).await {
                continue;
            }
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
/// given that one up. A replica that was begun to found its shard does so, however long that takes.
async fn is_to_found(node: &Node, shard: ShardId, replica: &Replica) -> bool {
    if !matches!(replica.founding, Founding::Found { .. }) || !node.joins(shard).await {
        return false;
    }
    let Some(members) = node.members(shard) else { return false };
    node.heard_up_to(shard).await.is_ok_and(|heard| is_new(&members, heard))
}

/// Whether a replica has never heard of its group. One that has just begun knows nobody either, until it has looked into its log.
fn is_new(members: &Members, heard: Option<Position>) -> bool {
    members.voters.is_empty() && heard.is_none()
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
async fn has_let_go(node: &Node, snapshot: &Snapshot, shard: ShardId) -> bool {
    let Some(observed) = snapshot.observed().get(&shard) else { return false };
    if observed.replicas.contains(&node.id()) {
        return false;
    }
    let members = node.members(shard);
    match node.heard_up_to(shard).await {
        Ok(heard) => is_let_go(observed, members.as_ref(), heard),
        Err(error) => {
            tracing::warn!(%shard, %error, "the log of a replica that is elsewhere now cannot be read");
            // Where nothing runs, what it heard is lost, and it will never run.
            members.is_none()
        }
    }
}

/// Whether a report in which this node does not vote is later than all that it heard of who votes.
fn is_let_go(observed: &Observed, members: Option<&Members>, heard: Option<Position>) -> bool {
    match members.and_then(|members| members.set_at) {
        Some(set_at) => observed.applied >= set_at.index,
        // Nothing of it runs here: it moved away while this node was down, or is broken. Or it runs and knows nobody, as it does
        // for a moment when it begins, whatever is in its log.
        None => heard.is_none_or(|heard| is_later(observed, heard)),
    }
}

/// Whether a report tells of everything that was agreed upon up to an entry: it is of a later leader, who has all of that, or
/// of the same one when it had come so far.
fn is_later(observed: &Observed, heard: Position) -> bool {
    observed.term > heard.term || (observed.term == heard.term && observed.applied >= heard.index)
}

/// Makes the voters of what this node leads those that are wanted.
async fn settle_voters(node: &Node, mut cluster: ClusterView, stop: &CancellationToken) {
    loop {
        for (shard, wanted) in unsettled(node, &cluster.now()) {
            let settled = settle(node, cluster.clone(), shard, &wanted);
            if stop.run_until_cancelled(settled).await.is_none() {
                return;
            }
        }
        let changed = tokio::time::timeout(LOOK_AGAIN, cluster.changed());
        match stop.run_until_cancelled(changed).await {
            None | Some(Ok(None)) => return,
            Some(Ok(Some(_)) | Err(_)) => {}
        }
    }
}

/// Makes the voters of a shard those that are wanted. Given up when others are wanted, and when nothing goes on any more: the
/// other shards wait for this one, which is tried again after them.
async fn settle(node: &Node, mut cluster: ClusterView, shard: ShardId, wanted: &BTreeSet<NodeId>) {
    let (progress, seen) = watch::channel(Progress::default());
    tracing::info!(%shard, ?wanted, "the voters of the shard change");
    let others_wanted = cluster.wait_for(|now| voters_wanted(now, shard).as_ref() != Some(wanted));
    tokio::select! {
        became = node.become_voters(shard, wanted, &progress) => match became {
            Ok(()) => tracing::info!(%shard, "the voters of the shard are those that are wanted"),
            Err(error) => {
                tracing::warn!(%shard, %error, "the voters of the shard are not yet those that are wanted");
            }
        },
        _now = others_wanted => tracing::info!(%shard, "other voters are wanted now"),
        stuck = until_stuck(seen, STUCK_AFTER) => {
            tracing::warn!(%shard, ?stuck, "the voters of the shard do not change; it is tried again later");
        }
    }
}

/// Waits until a move stands still for so long, and gives where.
async fn until_stuck(mut seen: watch::Receiver<Progress>, limit: Duration) -> Progress {
    // That the leader's log grows is no progress of the move.
    let place = |progress| match progress {
        Progress::CatchingUp { matched, .. } => Progress::CatchingUp { matched, last: None },
        other => other,
    };
    let mut last = place(*seen.borrow());
    loop {
        let goes_on = seen.wait_for(|now| place(*now) != last);
        let now = match tokio::time::timeout(limit, goes_on).await {
            Ok(Ok(now)) => *now,
            Ok(Err(_)) | Err(_) => return last,
        };
        last = place(now);
    }
}

fn voters_wanted(snapshot: &Snapshot, shard: ShardId) -> Option<BTreeSet<NodeId>> {
    Some(snapshot.placement(shard)?.value.replicas().iter().copied().collect())
}

/// The shards that this node leads with other voters than placement wants.
fn unsettled(node: &Node, snapshot: &Snapshot) -> Vec<(ShardId, BTreeSet<NodeId>)> {
    let led = node.led().into_iter().filter_map(|led| {
        let wanted = voters_wanted(snapshot, led.shard)?;
        (led.voters != wanted.iter().copied().collect::<Vec<_>>()).then_some((led.shard, wanted))
    });
    led.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catching_up(matched: u64, last: u64) -> Progress {
        Progress::CatchingUp { matched: Some(matched), last: Some(last) }
    }

    #[tokio::test]
    async fn a_move_is_stuck_when_only_the_leader_goes_on() {
        let limit = Duration::from_millis(300);
        let (progress, seen) = watch::channel(Progress::default());
        let stuck = tokio::spawn(until_stuck(seen, limit));
        for matched in 0..10 {
            progress.send_replace(catching_up(matched, 100));
            tokio::time::sleep(limit / 6).await;
            assert!(!stuck.is_finished(), "it goes on");
        }
        let mut last = 100;
        while !stuck.is_finished() {
            last += 1;
            assert!(last < 1_000, "it is never stuck");
            progress.send_replace(catching_up(9, last));
            tokio::time::sleep(limit / 6).await;
        }
        assert_eq!(stuck.await.unwrap(), Progress::CatchingUp { matched: Some(9), last: None });
    }

    #[test]
    fn a_replica_that_has_just_begun_is_not_taken_for_a_new_one() {
        let (nobody, heard) = (Members::default(), Position { term: 5, node: 2, index: 80 });
        assert!(is_new(&nobody, None) && !is_new(&nobody, Some(heard)));
        let report = |term, applied| Observed { leader: NodeId(2), term, replicas: vec![NodeId(2)], applied };
        assert!(is_let_go(&report(1, 0), Some(&nobody), None), "nothing is lost with it");
        for members in [Some(&nobody), None] {
            assert!(!is_let_go(&report(5, 79), members, Some(heard)));
            assert!(is_let_go(&report(5, 80), members, Some(heard)));
        }
        let knows = Members { set_at: Some(Position { index: 60, ..heard }), ..Members::default() };
        assert!(
            is_let_go(&report(5, 60), Some(&knows), Some(heard)),
            "what came since says nothing of voters"
        );
        assert!(!is_let_go(&report(5, 59), Some(&knows), Some(heard)));
    }

    #[test]
    fn a_report_counts_when_it_tells_of_all_that_was_heard() {
        let observed = |term, applied| {
            let replicas = vec![NodeId(2), NodeId(3), NodeId(4)];
            Observed { leader: NodeId(2), term, replicas, applied }
        };
        let heard = Position { term: 5, node: 2, index: 80 };
        assert!(is_later(&observed(6, 10), heard), "a later leader has all that was agreed upon");
        assert!(is_later(&observed(5, 80), heard));
        assert!(!is_later(&observed(5, 79), heard));
        assert!(!is_later(&observed(4, 900), heard), "what a coordinator that was put back shows");
    }
}
