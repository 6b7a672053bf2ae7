//! Many writers, many groups, one log.

use crate::node::{Node, command};
use bytes::Bytes;
use shard::raft::MemoryMachine;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::task::JoinSet;

const WRITERS: u32 = 8;
async fn many_groups_take_concurrent_proposals(count: u32, each: u32) {
    let folder = tempfile::tempdir().unwrap();
    let machines: Vec<_> = (0..count).map(|_| Arc::<MemoryMachine>::default()).collect();
    let node = Node::start(folder.path(), &machines).await;
    let mut writers = JoinSet::new();
    for (number, writer) in (0..count).flat_map(|number| (0..WRITERS).map(move |writer| (number, writer))) {
        let group = node.group(number);
        writers.spawn(async move {
            let mut acknowledged = Vec::new();
            for number in 0..each {
                let outcome = group.propose(vec![command(writer, number)]).await.unwrap();
                acknowledged.push((outcome[0].index, command(writer, number)));
            }
            (number, acknowledged)
        });
    }
    let mut acknowledged = BTreeMap::<u32, Vec<(u64, Bytes)>>::new();
    while let Some(writer) = writers.join_next().await {
        let (number, commands) = writer.unwrap();
        assert!(commands.is_sorted(), "a writer's commands keep their order");
        acknowledged.entry(number).or_default().extend(commands);
    }
    for (number, machine) in (0..count).zip(&machines) {
        let acknowledged: BTreeMap<_, _> = acknowledged.remove(&number).unwrap().into_iter().collect();
        assert_eq!(
            machine.commands(),
            acknowledged,
            "exactly what was acknowledged, where it was said to be"
        );
        assert_eq!(acknowledged.len(), (WRITERS * each) as usize);
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_groups() {
    many_groups_take_concurrent_proposals(4, 50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_groups() {
    many_groups_take_concurrent_proposals(32, 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_of_one_proposal_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::<MemoryMachine>::default();
    let node = Node::start(folder.path(), std::slice::from_ref(&machine)).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let group = node.group(0);
        writers.spawn(async move {
            let entries: Vec<_> = (0..300).map(|number| command(writer, number)).collect();
            let outcomes = group.propose(entries.clone()).await.unwrap();
            outcomes.into_iter().map(|at| at.index).zip(entries).collect::<Vec<_>>()
        });
    }
    let mut indexes = BTreeSet::new();
    while let Some(writer) = writers.join_next().await {
        let placed = writer.unwrap();
        assert!(placed.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0), "no stranger between them");
        for (index, command) in placed {
            assert_eq!(machine.commands()[&index], command);
            assert!(indexes.insert(index));
        }
    }
    assert_eq!(node.group(0).propose(Vec::new()).await.unwrap(), []);
    node.stop().await;
}
