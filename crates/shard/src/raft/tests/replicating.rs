//! Entries reach all voters, in one order.

use super::checker::{Ledger, handles};
use super::net::{FAIR, Weather};
use super::world::{PATIENCE, World, command, until};
use crate::raft::{Role, WaitError};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_takes_all_apply() {
    let world = World::of_three().await;
    let leader = world.leader().await;
    let ledger = Arc::new(Ledger::default());
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let (group, ledger) = (world.group(leader).clone(), ledger.clone());
        writers.spawn(async move {
            for number in 0..50 {
                let placed = group.propose_placed(vec![command(writer, number)]).await.unwrap();
                ledger.acknowledge(placed[0].position.index, command(writer, number));
            }
        });
    }
    writers.join_all().await;
    ledger.check(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_knows_who_leads_and_the_leader_how_all_are() {
    let world = World::of_three().await;
    let leader = world.leader().await;
    let placed = world.group(leader).propose_placed(vec![command(0, 0), command(0, 1)]).await.unwrap();
    let last = placed[1].position;
    assert_eq!(last.node, leader);
    for id in world.others(leader) {
        world.group(id).until_applied(last.index, PATIENCE).await.unwrap();
        let status = world.group(id).status().unwrap();
        assert_eq!((status.leader, status.role, status.term), (Some(leader), Role::Follower, last.term));
        assert_eq!(status.applied, Some(last.index));
        assert!(status.followers.is_empty() && !world.group(id).leads_with_lease());
    }
    let status = until("followers without lag", || {
        let status = world.group(leader).status().unwrap();
        status
            .followers
            .iter()
            .all(|it| it.matched >= Some(last.index) && it.silence.is_some())
            .then_some(status)
    })
    .await;
    assert_eq!(status.role, Role::Leader);
    assert_eq!(status.followers.len(), 2);
    for follower in &status.followers {
        assert!(follower.voter && follower.behind == 0 && follower.late == Duration::ZERO, "{follower:?}");
    }

    let away = world.others(leader)[0];
    world.isolate(away);
    world.group(leader).propose((0..10).map(|number| command(1, number)).collect()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = world.group(leader).status().unwrap();
    let lagging = status.followers.iter().find(|it| it.node == away).unwrap();
    assert!(lagging.behind >= 10 && lagging.late >= Duration::from_millis(300), "{lagging:?}");
    assert!(lagging.silence.unwrap() >= Duration::from_millis(250), "{lagging:?}");

    let late = world.group(away).until_applied(last.index + 5, Duration::from_millis(50)).await;
    assert_eq!(late, Err(WaitError::Late));
    let handle = world.group(away).clone();
    world.stop().await;
    assert_eq!(handle.until_applied(last.index + 500, PATIENCE).await, Err(WaitError::Stopped));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_delays_and_loses_changes_no_order() {
    let delay = (Duration::from_millis(1), Duration::from_millis(15));
    let world = World::of(3, 11, Weather { delay, lost_per_mille: 0 }).await;
    world.net.weather(Weather { delay, lost_per_mille: 20 });
    let (ledger, stop) = (Arc::new(Ledger::default()), CancellationToken::new());
    let handles = handles(&world);
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        writers.spawn(ledger.clone().write(handles.clone(), writer, stop.clone()));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    stop.cancel();
    writers.join_all().await;
    world.net.weather(FAIR);
    assert!(ledger.len() > 20, "{} were acknowledged", ledger.len());
    ledger.finish(&world).await;
    world.stop().await;
}
