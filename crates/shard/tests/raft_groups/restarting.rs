//! What was acknowledged is there after a restart.

use crate::node::{Node, command};
use shard::raft::{MemoryMachine, Phase, Policy, ProposeError};
use std::sync::Arc;

/// Restarts three times, each time with the machine that `next` makes of the last one.
async fn everything_is_there_after_restarts(next: impl Fn(&MemoryMachine) -> MemoryMachine) {
    let folder = tempfile::tempdir().unwrap();
    let mut machines: Vec<_> = (0..3).map(|_| Arc::<MemoryMachine>::default()).collect();
    let mut term = 0;
    for round in 0..3 {
        let node = Node::start(folder.path(), &machines).await;
        for number in 0..3 {
            node.group(number)
                .propose(vec![command(round, number), command(round, number + 100)])
                .await
                .unwrap();
        }
        let status = node.group(0).status().unwrap();
        assert!(status.term > term, "every start begins a term of its own");
        term = status.term;
        let handle = node.group(0);
        node.stop().await;
        assert_eq!(handle.propose(vec![command(9, 9)]).await, Err(ProposeError::Stopped));
        for (number, machine) in (0..).zip(&machines) {
            let expected =
                (0..=round).flat_map(|round| [command(round, number), command(round, number + 100)]);
            assert_eq!(machine.commands().into_values().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
        machines.iter_mut().for_each(|machine| *machine = Arc::new(next(machine)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_store_that_lost_everything() {
    everything_is_there_after_restarts(MemoryMachine::after_power_cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_store_that_is_up_to_date() {
    everything_is_there_after_restarts(|machine| {
        use shard::raft::StateMachine;
        drop(machine.snapshot().unwrap());
        machine.after_power_cut()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_its_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let machines = [Arc::<MemoryMachine>::default()];
    let node = Node::start(folder.path(), &machines).await;
    node.group(0).propose(vec![command(0, 0)]).await.unwrap();
    node.stop().await;

    let other = tempfile::tempdir().unwrap();
    let node = Node::begin(other.path(), &machines, Policy::default());
    let group = node.group(0);
    assert!(group.until_phase(|phase| matches!(phase, Phase::Broken { .. })).await);
    let Phase::Broken { reason } = group.phase() else { panic!("it was broken a moment ago") };
    assert!(reason.contains("the log is empty"), "{reason}");
    assert!(!group.until_leading().await);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shortened_log_without_its_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[Arc::<MemoryMachine>::default()]).await;
    node.group(0).propose((0..2_000).map(|number| command(0, number)).collect()).await.unwrap();
    let purged = node.group(0).snapshot_and_purge(0).await.unwrap().purged;
    assert!(purged.is_some());
    while node.group(0).status().unwrap().purged < purged {
        tokio::task::yield_now().await;
    }
    node.stop().await;

    let node = Node::begin(folder.path(), &[Arc::<MemoryMachine>::default()], Policy::default());
    let group = node.group(0);
    assert!(group.until_phase(|phase| matches!(phase, Phase::Broken { .. })).await);
    let Phase::Broken { reason } = group.phase() else { panic!("it was broken a moment ago") };
    assert!(reason.contains("the store is empty"), "{reason}");
    node.stop().await;
}
