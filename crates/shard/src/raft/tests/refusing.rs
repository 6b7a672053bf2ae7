//! What a replica does not start from, and what it does not listen to.

use super::net::{FAIR, Net};
use super::node::{Node, Remains, Start};
use super::world::{World, command, until};
use crate::raft::codec::{Append, Ballot, Envelope, Request, Response, decode_response, encode_request};
use crate::raft::types::Vote;
use crate::raft::{Founding, MemoryMachine, Phase, Position};
use base::{NodeId, ShardId};
use rpc::{Lane, PeerError, RaftReplicas};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use wal::disk::SimDisk;

/// Why a node's group is broken, once it is.
async fn broken(node: &Node) -> String {
    assert!(node.group().until_phase(|phase| matches!(phase, Phase::Broken { .. })).await);
    let Phase::Broken { reason } = node.group().phase() else { panic!("it was broken a moment ago") };
    reason
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_voted_for_who_lacks_what_an_earlier_replica_took_in() {
    let mut world = World { net: Net::new(5, FAIR), nodes: BTreeMap::new() };
    let promised = Some(Position { term: 3, node: 1, index: 9 });
    world.start(2, Remains::nothing(), Start { promised, ..Start::join() });
    let founding = Founding::Found { voters: BTreeSet::from([1, 2]) };
    world.start(1, Remains::nothing(), Start { founding, ..Start::join() });
    let elected = async { world.leader().await };
    assert!(tokio::time::timeout(Duration::from_secs(4), elected).await.is_err());
    // It comes back without having promised anything: the same group gets a leader.
    world.take(2).stop().await;
    world.start(2, Remains::nothing(), Start::join());
    world.leader().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_lost_its_log_stays_away() {
    let mut world = World::of_three().await;
    let leader = world.leader().await;
    world.group(leader).propose(vec![command(0, 0)]).await.unwrap();
    world.settle().await;
    let lost = world.others(leader)[0];
    let node = world.take(lost);
    let Remains { disk, machine } = node.after_kill();
    node.stop().await;

    let blank = Remains { disk: SimDisk::new(), machine: machine.clone() };
    let again = Node::start(lost, &world.net, blank, Start::join());
    let reason = broken(&again).await;
    assert!(reason.contains("join again under a new id"), "{reason}");
    again.stop().await;

    let damage = Some("a byte".to_owned());
    let again = Node::start(lost, &world.net, Remains { disk, machine }, Start { damage, ..Start::join() });
    let reason = broken(&again).await;
    assert!(reason.contains("damaged: a byte"), "{reason}");
    again.stop().await;
    world.group(leader).propose(vec![command(0, 1)]).await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_founder_is_one_of_its_voters() {
    let mut world = World::of(1, 1, FAIR).await;
    let founding = Founding::Found { voters: BTreeSet::from([8, 9]) };
    world.start(7, Remains::nothing(), Start { founding, ..Start::join() });
    let reason = broken(world.node(7)).await;
    assert!(reason.contains("correct the placement"), "{reason}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_replica_waits_and_stands_for_nothing() {
    let mut world = World::of(1, 1, FAIR).await;
    world.start(2, Remains::nothing(), Start::join());
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let status = world.group(2).status().unwrap();
    assert_eq!((status.term, status.leader, status.last), (0, None, None));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_went_astray_never_reaches_the_group() {
    let world = World::of_three().await;
    let leader = world.leader().await;
    let [to, other] = world.others(leader)[..] else { panic!("three nodes") };
    let replicas = world.node(to).supervisor().replicas(NodeId(to));
    let term = world.group(to).status().unwrap().term;
    let ask = async |from: u64, shard, envelope: Envelope, vote| {
        let append = Append { vote, previous: None, commit: None, entries: Vec::new() };
        let message = encode_request(envelope, &Request::Append(append));
        replicas.handle(NodeId(from), Lane::Appends, ShardId(shard), message).await
    };
    let envelope = Envelope { from: other, to, group: 1 };
    let vote = Vote::new_committed(term + 100, other);
    for (from, envelope) in [
        (other, Envelope { to: leader, ..envelope }),
        (other, Envelope { group: 2, ..envelope }),
        (leader, envelope),
        (other, Envelope { from: leader, ..envelope }),
    ] {
        let answer = ask(from, 1, envelope, vote).await;
        assert!(matches!(answer, Err(PeerError::Failed { .. })), "{answer:?}");
    }
    let no_shard = ask(other, 2, envelope, vote).await;
    assert!(matches!(no_shard, Err(PeerError::NoSuchShard { .. })), "{no_shard:?}");
    let noise = replicas.handle(NodeId(other), Lane::Control, ShardId(1), "noise".into()).await;
    assert!(matches!(noise, Err(PeerError::Failed { .. })), "{noise:?}");
    assert_eq!(world.group(to).status().unwrap().term, term);
    assert_eq!(world.leader().await, leader);

    let handle = world.group(to).clone();
    let machine: Arc<MemoryMachine> = world.node(to).machine.clone();
    world.stop().await;
    until("the end of the group", || matches!(handle.phase(), Phase::Stopped).then_some(())).await;
    let stopped = ask(other, 1, envelope, vote).await;
    assert!(matches!(stopped, Err(PeerError::NoSuchShard { .. })), "{stopped:?}");
    drop(machine);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_a_second_vote_in_a_term() {
    let mut world = World::of(1, 1, FAIR).await;
    world.start(7, Remains::nothing(), Start::join());
    assert!(world.group(7).until_phase(|phase| matches!(phase, Phase::Running(_))).await);
    let replicas = world.node(7).supervisor().replicas(NodeId(7));
    let ask = async |from: u64, term| {
        let ballot = Ballot { vote: Vote::new(term, from), last: None, transfer: false };
        let message = encode_request(Envelope { from, to: 7, group: 1 }, &Request::Vote(ballot));
        let answer = replicas.handle(NodeId(from), Lane::Control, ShardId(1), message).await.unwrap();
        match decode_response(&answer).unwrap() {
            Response::Voted { granted, .. } => granted,
            other => panic!("{other:?}"),
        }
    };
    assert!(ask(8, 5).await);
    assert!(!ask(9, 5).await, "a greater node is no reason");
    assert!(!ask(8, 5).await, "the greater vote is written");
    assert!(ask(9, 6).await);
    assert!(ask(9, 6).await, "asked twice, answered twice");
    world.stop().await;
}
