//! Leases that are lost, ids that come back, and nodes that go.

use crate::support::{EtcdServer, TTL, join, keys, soon, spec, until, view};
use base::NodeId;
use cluster::membership::{Members, MembershipError, Standing};
use cluster::state::{Key, NodeState};
use cluster::view::Snapshot;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_was_lost_is_regained_by_the_same_node() {
    let server = EtcdServer::start();
    let coordinator = server.coordinator();
    let members = Members::new(coordinator.clone(), keys());
    let node = join(&members, "a", TTL).await;
    let other = join(&members, "b", TTL).await;
    let (mut seen, view_task) = view(&coordinator);
    until(&mut seen, "both nodes", |snapshot| snapshot.nodes().len() == 2).await;

    let alive = keys().path(Key::Alive(node.id()));
    let lease = coordinator.get(alive.clone()).await.unwrap().unwrap().lease.unwrap();
    let mut standing = node.standing();
    coordinator.revoke(lease).await.unwrap();
    until(&mut seen, "that it is down", |snapshot| snapshot.nodes()[&NodeId(1)].down_since.is_some()).await;
    soon("that it lapsed", standing.wait_for(|standing| *standing == Standing::Lapsed)).await.unwrap();
    soon("that it joined again", standing.wait_for(|standing| *standing == Standing::Joined)).await.unwrap();
    let now =
        until(&mut seen, "that it runs", |snapshot| snapshot.nodes()[&NodeId(1)].down_since.is_none()).await;
    assert_eq!((node.id(), node.incarnation()), (NodeId(1), 1));
    assert_eq!(now.nodes()[&NodeId(1)].record.incarnation, 1);
    assert!(now.nodes()[&NodeId(2)].down_since.is_none());

    // Started again while the old process still runs: the new one is the node, and the old one is told.
    let again = members.join(node.id(), None, spec("a"), TTL).await.unwrap();
    assert_eq!(again.incarnation(), 2);
    soon("that it was superseded", standing.wait_for(|standing| *standing == Standing::Superseded))
        .await
        .unwrap();
    node.leave().await;
    assert!(coordinator.get(alive.clone()).await.unwrap().is_some(), "the old one takes nothing along");

    // Who goes is seen to be down at once, and drains on when it comes back.
    members.drain(again.id()).await.unwrap();
    let asked = Instant::now();
    again.leave().await;
    until(&mut seen, "that it is down", |snapshot| snapshot.nodes()[&NodeId(1)].down_since.is_some()).await;
    assert!(asked.elapsed() < TTL);
    let third = members.join(NodeId(1), None, spec("a"), TTL).await.unwrap();
    assert_eq!(third.incarnation(), 3);
    let drains = |snapshot: &Snapshot| snapshot.nodes()[&NodeId(1)].record.state == NodeState::Draining;
    until(&mut seen, "that it still drains", |snapshot| drains(snapshot)).await;

    // A data folder that was copied is noticed.
    let copied = members.join(NodeId(1), None, spec("z"), TTL).await.err();
    assert_eq!(copied, Some(MembershipError::Taken { node: NodeId(1), name: "a".into() }));
    assert_eq!(members.remove(NodeId(1)).await, Err(MembershipError::Running(NodeId(1))));
    third.leave().await;
    members.remove(NodeId(1)).await.unwrap();
    assert_eq!(members.remove(NodeId(1)).await, Err(MembershipError::NoSuchNode(NodeId(1))));
    // An id is never given again, also one that was given by an etcd that is gone.
    assert_eq!(members.new_id().await, Ok(NodeId(3)));
    let of_old = members.join(NodeId(40), None, spec("d"), TTL).await.unwrap();
    assert_eq!(members.new_id().await, Ok(NodeId(41)));
    of_old.leave().await;
    other.leave().await;
    view_task.stop().await;
}
