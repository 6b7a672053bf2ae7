//! Leadership goes to another node on purpose, and loses nothing.

use super::checker::{Leases, Ledger, handles};
use super::world::{World, command, until};
use crate::raft::{ReadError, TransferError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_under_load_loses_nothing() {
    let world = World::of_three().await;
    let handles = handles(&world);
    let leases = Leases::watch(handles.clone());
    let (ledger, stop) = (Arc::new(Ledger::default()), CancellationToken::new());
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        writers.spawn(ledger.clone().write(handles.clone(), writer, stop.clone()));
    }
    for _ in 0..5 {
        let old = world.leader().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let began = Instant::now();
        let new = world.group(old).give_way(None, LIMIT).await.unwrap();
        assert_ne!(new, old);
        assert!(
            began.elapsed() < Duration::from_millis(1_200),
            "quicker than an election: {:?}",
            began.elapsed()
        );
        assert!(!world.group(old).leads_with_lease());
        assert_eq!(world.leader().await, new);
    }
    stop.cancel();
    writers.join_all().await;
    assert!(ledger.len() > 50, "{} were acknowledged", ledger.len());
    ledger.finish(&world).await;
    leases.check().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_gives_way_and_nobody_waits_for_an_election() {
    let mut world = World::of_three().await;
    let old = world.leader().await;
    let began = Instant::now();
    assert_eq!(world.node(old).supervisor().give_way(LIMIT).await, [], "every group was taken over");
    let node = world.take(old);
    let new = world.leader().await;
    world.group(new).propose(vec![command(0, 0)]).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(1_200), "{:?}", began.elapsed());
    node.stop().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_lead_or_has_no_heir_says_so() {
    let world = World::of_three().await;
    let leader = world.leader().await;
    let other = world.others(leader)[0];
    let not_leader = world.group(other).give_way(None, LIMIT).await;
    assert_eq!(not_leader, Err(TransferError::NotLeader { leader: Some(leader) }));
    let nobody = world.group(leader).give_way(Some(99), Duration::from_millis(100)).await;
    assert_eq!(nobody, Err(TransferError::NoHeir));
    assert!(world.group(leader).leads_with_lease(), "nothing was disturbed");
    assert_eq!(world.group(other).read_barrier().await, Err(ReadError::NotLeader { leader: Some(leader) }));
    assert_eq!(world.group(leader).read_barrier().await, Ok(()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_preferred_leader_leads_when_it_can() {
    let world = World::of_three().await;
    let leader = world.leader().await;
    let wanted = world.others(leader)[1];
    for node in world.nodes.values() {
        node.group().prefer_leader(Some(wanted));
    }
    until("the preferred leader", || world.group(wanted).leads_with_lease().then_some(())).await;
    Arc::new(Ledger::default()).finish(&world).await;
    world.stop().await;
}
