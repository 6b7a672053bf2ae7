//! The trap of leases: a follower that restarts forgets what it promised to its leader.
//!
//! The leader is cut off from one follower, and lives by the other's answers. That one restarts, cut off from the leader;
//! the first one stands for election at the very moment, and is elected while the leader still trusts its lease. The
//! rule of the start closes the trap: who restarts holds still until every promise has run out.

use super::net::FAIR;
use super::node::Start;
use super::world::{World, command, thinks_it_leads};
use std::time::Duration;

/// Whether the old leader would answer a read that knows nothing of a write that is acknowledged already.
async fn stale_read(seed: u64, holds_still: bool) -> bool {
    let mut world = World::of(3, seed, FAIR).await;
    let old = world.leader().await;
    // Whoever lacks an entry could not be elected.
    world.settle().await;
    let [voter, rival] = world.others(old)[..] else { panic!("three nodes") };
    // The rival hears nothing of the leader for longer than it is bound.
    world.net.cut(old, rival);
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert!(world.group(old).leads_with_lease(), "it lives by the other follower's answers");

    world.net.cut(old, voter);
    let node = world.take(voter);
    let remains = node.after_kill();
    world.start(voter, remains, Start { holds_still, ..Start::join() });
    let ending = tokio::spawn(node.stop());
    // Its clock could make the rival stand at any moment; here it stands again and again.
    let standing = tokio::spawn({
        let (group, groups) = (world.running(rival), [voter, rival].map(|id| world.group(id).clone()));
        async move {
            while !groups.iter().any(thinks_it_leads) {
                group.raft.trigger().elect(true).await.unwrap();
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
        }
    });
    let new = world.leader_among(&[voter, rival]).await;
    world.group(new).propose(vec![command(0, 0)]).await.unwrap();
    let stale = world.group(old).leads_with_lease();
    assert!(!world.node(old).machine.commands().values().any(|it| *it == command(0, 0)));
    standing.await.unwrap();
    ending.await.unwrap();
    world.stop().await;
    stale
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_restarts_keeps_its_promise() {
    for seed in 0..2 {
        assert!(!stale_read(seed, true).await);
    }
}

/// This shows that the test above would notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_rule_of_the_start_a_read_is_stale() {
    // A busy machine may be too slow for the trap once or twice.
    for seed in 0..10 {
        if stale_read(seed, false).await {
            return;
        }
    }
    panic!("the rule is left out, and nobody noticed");
}
