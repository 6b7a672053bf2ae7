//! The members of a group change while it is written to.

use super::checker::{Leases, Ledger, handles};
use super::net::{FAIR, Net};
use super::node::{GROUP, Remains, Start};
use super::world::{World, command, until};
use crate::raft::{Change, ChangeError, Founding, GroupConfig, MemoryMachine, MoveError, Phase, Progress};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wal::GroupId;

/// Moves a replica as a controller does: asks whoever leads, until it is done.
async fn moved(world: &World, from: u64, to: u64, progress: &watch::Sender<Progress>) {
    loop {
        let leader = world.leader().await;
        match world.group(leader).move_replica(from, to, progress).await {
            Ok(()) => return,
            Err(
                MoveError::HandedOver { .. }
                | MoveError::Change(
                    ChangeError::NotLeader { .. } | ChangeError::Conflict | ChangeError::Unknown,
                ),
            ) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_move_under_load() {
    let mut world = World::of_three().await;
    world.start(4, Remains::nothing(), Start::join());
    world.start(5, Remains::nothing(), Start::join());
    let handles = handles(&world);
    let leases = Leases::watch(handles.clone());
    let (ledger, stop) = (Arc::new(Ledger::default()), CancellationToken::new());
    let mut writers = JoinSet::new();
    for writer in 0..6 {
        writers.spawn(ledger.clone().write(handles.clone(), writer, stop.clone()));
    }
    let leader = world.leader().await;
    let follower = world.others(leader).into_iter().find(|&id| id <= 3).unwrap();
    let (progress, seen) = watch::channel(Progress::default());
    moved(&world, follower, 4, &progress).await;
    assert_eq!(*seen.borrow(), Progress::Done);
    // The leader itself moves: it gives way first.
    let leader = world.leader().await;
    moved(&world, leader, 5, &progress).await;
    // Once more changes nothing.
    moved(&world, leader, 5, &progress).await;
    stop.cancel();
    writers.join_all().await;

    let now = world.leader().await;
    let members = world.group(now).members().unwrap();
    let expected: BTreeSet<u64> = (1..=5).filter(|&id| id != follower && id != leader).collect();
    assert_eq!((members.voters, members.learners), (vec![expected], BTreeSet::new()));
    assert!(ledger.len() > 30, "{} were acknowledged", ledger.len());
    for gone in [follower, leader] {
        handles.lock().remove(&gone);
        world.take(gone).stop().await;
    }
    ledger.finish(&world).await;
    leases.check().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_to_a_node_that_is_away_is_given_up_for_another() {
    let mut world = World::of_three().await;
    world.start(5, Remains::nothing(), Start::join());
    let leader = world.leader().await;
    let follower = world.others(leader).into_iter().find(|&id| id <= 3).unwrap();
    let (progress, mut seen) = watch::channel(Progress::default());
    // Nobody runs as node 4.
    let group = world.group(leader).clone();
    let to_nobody = tokio::spawn({
        let (group, progress) = (group.clone(), progress.clone());
        async move { group.move_replica(follower, 4, &progress).await }
    });
    seen.wait_for(|progress| matches!(progress, Progress::CatchingUp { .. })).await.unwrap();
    assert_eq!(group.members().unwrap().learners, BTreeSet::from([4]));
    to_nobody.abort();
    moved(&world, follower, 5, &progress).await;
    let members = world.group(world.leader().await).members().unwrap();
    let expected: BTreeSet<u64> = [1, 2, 3, 5].into_iter().filter(|&id| id != follower).collect();
    assert_eq!((members.voters, members.learners), (vec![expected], BTreeSet::new()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_voter_becomes_three() {
    let mut world = World { net: Net::new(4, FAIR), nodes: BTreeMap::new() };
    world.start(1, Remains::nothing(), Start { founding: Founding::alone(1), ..Start::join() });
    assert_eq!(world.leader().await, 1);
    world.group(1).propose((0..100).map(|number| command(0, number)).collect()).await.unwrap();
    for id in [2, 3] {
        world.start(id, Remains::nothing(), Start::join());
        let seen = world.group(1).members().unwrap().set_at;
        let added = world.group(1).change_members(Change::AddLearner(id), seen).await.unwrap();
        assert!(added.learners.contains(&id));
        let stale = world.group(1).change_members(Change::Promote(id), seen).await;
        assert_eq!(stale, Err(ChangeError::Conflict), "it was decided on other members");
        let caught_up = || world.group(id).status().filter(|it| it.applied.is_some()).map(drop);
        until("a learner that has caught up", caught_up).await;
        let promoted = world.group(1).change_members(Change::Promote(id), added.set_at).await.unwrap();
        assert!(promoted.is_voter(id) && promoted.voters.len() == 1);
    }
    let members = world.group(1).members().unwrap();
    let own = world.group(1).change_members(Change::Remove(1), members.set_at).await;
    assert!(matches!(own, Err(ChangeError::Refused(_))), "{own:?}");
    let heard = || world.group(2).members().filter(|heard| *heard == members).map(drop);
    until("a follower that has heard of the last change", heard).await;
    let elsewhere = world.group(2).change_members(Change::AddLearner(9), members.set_at).await;
    assert_eq!(elsewhere, Err(ChangeError::NotLeader { leader: Some(1) }));

    world.net.cut(1, 2);
    world.net.cut(1, 3);
    world.leader_among(&[2, 3]).await;
    world.net.heal();
    Arc::new(Ledger::default()).finish(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_left_is_stopped_and_another_takes_its_place() {
    let world = World::of_three().await;
    let leader = world.leader().await;
    let leaving = world.others(leader)[0];
    let seen = world.group(leader).members().unwrap().set_at;
    world.group(leader).change_members(Change::Remove(leaving), seen).await.unwrap();
    let node = world.node(leaving);
    let handle = node.group().clone();
    node.supervisor().remove(GROUP).await;
    assert!(matches!(handle.phase(), Phase::Stopped) && node.supervisor().group(GROUP).is_none());
    world.group(leader).propose(vec![command(0, 0)]).await.unwrap();

    let other = GroupConfig::alone(GroupId(2), leaving, node.wal.clone(), Arc::<MemoryMachine>::default());
    let added = node.supervisor().add(other.clone()).unwrap();
    assert!(node.supervisor().add(other).is_none(), "it is there already");
    assert!(added.until_leading().await);
    added.propose(vec![command(0, 0)]).await.unwrap();
    node.supervisor().remove(GroupId(9)).await;
    world.stop().await;
}
