//! Followers that are behind: those that are near get entries, those that are far a snapshot.

use super::checker::Ledger;
use super::world::{World, command, until};
use crate::raft::{Keep, Status};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Writes 500 entries while one follower is away, shortens the log, and gives the leader, the follower and the log.
async fn shortened(world: &World, for_followers: u64) -> (u64, u64, Status) {
    let leader = world.leader().await;
    let away = world.others(leader)[0];
    world.isolate(away);
    for round in 0..5 {
        let commands = (0..100).map(|number| command(round, number)).collect();
        world.group(leader).propose(commands).await.unwrap();
    }
    let compacted = world.group(leader).compact(Keep { entries: 0, for_followers }).await.unwrap();
    let shorter = until("a shorter log", || {
        world.group(leader).status().filter(|status| status.purged == compacted.purged)
    });
    let status = shorter.await;
    (leader, away, status)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_far_behind_gets_a_snapshot() {
    let world = World::of_three().await;
    let (leader, away, status) = shortened(&world, 100).await;
    let behind = world.group(away).status().unwrap().last;
    assert!(status.purged > behind, "{status:?}");
    // The first ones arrive damaged, and touch nothing.
    world.net.damage_snapshots(2);
    world.net.heal();
    let last = world.group(leader).propose_placed(vec![command(9, 9)]).await.unwrap()[0].position.index;
    world.group(away).until_applied(last, super::world::PATIENCE).await.unwrap();
    assert!(world.net.snapshots.load(Ordering::Relaxed) >= 3, "two were damaged and one was whole");
    assert_eq!(world.node(away).machine.commands(), world.node(leader).machine.commands());
    assert_eq!(
        world.group(away).status().unwrap().purged.max(behind),
        world.group(away).status().unwrap().purged
    );
    Arc::new(Ledger::default()).finish(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_who_is_near_the_log_stays() {
    let world = World::of_three().await;
    let (_, away, status) = shortened(&world, 1_000).await;
    assert!(status.purged <= world.group(away).status().unwrap().last, "{status:?}");
    world.net.heal();
    Arc::new(Ledger::default()).finish(&world).await;
    assert_eq!(world.net.snapshots.load(Ordering::Relaxed), 0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_keeps_the_pace_and_the_log_behind_it() {
    let world = World::of_three().await;
    let (leader, away, _) = shortened(&world, 0).await;
    // 500 records of some 20 bytes, half a second long.
    world.node(leader).network.limit_snapshots(20_000);
    world.net.heal();
    until("a snapshot on its way", || (world.net.snapshots.load(Ordering::Relaxed) > 0).then_some(())).await;
    let began = std::time::Instant::now();
    world.group(leader).propose((0..300).map(|number| command(7, number)).collect()).await.unwrap();
    world.group(leader).compact(Keep { entries: 0, for_followers: 0 }).await.unwrap();
    Arc::new(Ledger::default()).finish(&world).await;
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(world.net.snapshots.load(Ordering::Relaxed), 1, "the entries behind the first one were there");
    assert_eq!(world.node(away).machine.commands(), world.node(leader).machine.commands());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_takes_in_only_so_many_snapshots_at_once() {
    let world = World::of_three().await;
    let (leader, away, _) = shortened(&world, 0).await;
    let network = world.node(away).network.clone();
    let others = network.0.incoming.try_acquire_many(2).unwrap();
    world.net.heal();
    until("two attempts", || (world.net.snapshots.load(Ordering::Relaxed) >= 2).then_some(())).await;
    let behind = world.group(away).status().unwrap().applied;
    assert!(behind < world.group(leader).status().unwrap().purged);
    drop(others);
    Arc::new(Ledger::default()).finish(&world).await;
    world.stop().await;
}
