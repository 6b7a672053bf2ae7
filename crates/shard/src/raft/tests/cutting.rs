//! A leader that is cut off, or one that hears nobody.

use super::checker::{Leases, Ledger, handles};
use super::net::FAIR;
use super::world::{World, command, thinks_it_leads, until};
use crate::raft::timing::LEASE;
use crate::raft::{ProposeError, ReadError};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Elections take 1.3 to 1.6 s, and a busy machine some more.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_takes_over_and_the_old_one_answers_nothing() {
    let world = World::of_three().await;
    let leases = Leases::watch(handles(&world));
    let old = world.leader().await;
    world.group(old).propose(vec![command(0, 0)]).await.unwrap();
    let cut = Instant::now();
    world.isolate(old);
    // It is in the old leader's log, and no other's.
    let hanging = tokio::spawn({
        let group = world.group(old).clone();
        async move { group.propose(vec![command(1, 0)]).await }
    });
    until("the end of the lease", || (!world.group(old).leads_with_lease()).then_some(())).await;
    assert!(cut.elapsed() < LEASE + Duration::from_millis(500), "{:?}", cut.elapsed());

    let new = world.leader_among(&world.others(old)).await;
    let gap = cut.elapsed();
    assert!(gap < TAKEN_OVER_WITHIN, "{gap:?}");
    let placed = world.group(new).propose_placed(vec![command(2, 0)]).await.unwrap();
    assert!(!world.group(old).leads_with_lease());
    let read = tokio::time::timeout(Duration::from_secs(5), world.group(old).read_barrier()).await;
    assert!(matches!(read.unwrap(), Err(ReadError::NoQuorum | ReadError::NotLeader { .. })));
    let late =
        tokio::time::timeout(Duration::from_secs(5), world.group(old).propose(vec![command(1, 1)])).await;
    assert!(matches!(late, Ok(Err(ProposeError::NotLeader { .. }))), "{late:?}");

    world.net.heal();
    let ended = tokio::time::timeout(Duration::from_secs(10), hanging).await.unwrap().unwrap();
    assert!(matches!(ended, Err(ProposeError::Unknown | ProposeError::NotLeader { .. })), "{ended:?}");
    let ledger = Arc::new(Ledger::default());
    ledger.acknowledge(placed[0].position.index, command(2, 0));
    ledger.clone().finish(&world).await;
    let applied = world.node(old).machine.commands();
    assert!(!applied.values().any(|it| *it == command(1, 0) || *it == command(1, 1)));
    leases.check().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_hears_nobody_gives_its_place_up() {
    let world = World::of_three().await;
    let old = world.leader().await;
    for other in world.others(old) {
        world.net.deafen(other, old);
    }
    let new = world.leader_among(&world.others(old)).await;
    assert!(!world.group(old).leads_with_lease());
    world.group(new).propose(vec![command(0, 0)]).await.unwrap();
    world.net.heal();
    Arc::new(Ledger::default()).finish(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_was_away_disturbs_nobody() {
    let world = World::of(3, 3, FAIR).await;
    let leader = world.leader().await;
    let term = world.group(leader).status().unwrap().term;
    let away = world.others(leader)[0];
    world.isolate(away);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!thinks_it_leads(world.group(away)));
    world.net.heal();
    world.group(leader).propose(vec![command(0, 0)]).await.unwrap();
    world.settle().await;
    let status = world.group(leader).status().unwrap();
    assert_eq!((status.term, world.leader().await), (term, leader), "it asks before it stands for election");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_follower_holds_up_nobody_and_catches_up() {
    let world = World::of_three().await;
    let leader = world.leader().await;
    let frozen = world.others(leader)[0];
    world.net.freeze(frozen);
    for number in 0..200 {
        world.group(leader).propose(vec![command(0, number)]).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.net.thaw(frozen);
    Arc::new(Ledger::default()).finish(&world).await;
    assert_eq!(world.node(frozen).machine.commands().len(), 201);
    world.stop().await;
}
