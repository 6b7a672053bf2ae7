//! When a read may be answered without asking anybody.

use crate::faulty::{Fault, Faulty};
use crate::node::{Node, command};
use shard::raft::{MemoryMachine, Phase, Policy, ReadError};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_lease_before_an_entry_of_the_own_term_is_applied() {
    let folder = tempfile::tempdir().unwrap();
    let machines = [Arc::new(Faulty::default())];
    let node = Node::start(folder.path(), &machines).await;
    node.group(0).propose(vec![command(0, 0)]).await.unwrap();
    let before = node.group(0).status().unwrap();
    node.stop().await;

    machines[0].set(Fault::StandStill);
    let node = Node::begin(folder.path(), &machines, Policy::default());
    let group = node.group(0);
    assert!(group.until_phase(|phase| matches!(phase, Phase::Running(_))).await);
    let elected_again = || {
        let now = group.status().unwrap();
        now.term > before.term && now.leader == Some(7) && now.committed > before.committed
    };
    while !elected_again() {
        assert!(!group.leads_with_lease(), "its leadership is that of an earlier life");
        tokio::task::yield_now().await;
    }
    assert!(!group.leads_with_lease(), "elected, but what the last term acknowledged may not be applied yet");

    machines[0].set(Fault::None);
    assert!(group.until_leading().await);
    assert!(group.status().unwrap().applied > before.applied);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_barrier_sees_everything_acknowledged_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::<MemoryMachine>::default();
    let node = Node::start(folder.path(), std::slice::from_ref(&machine)).await;
    let group = node.group(0);
    for number in 0..50 {
        let at = group.propose(vec![command(0, number)]).await.unwrap()[0];
        group.read_barrier().await.unwrap();
        assert!(machine.commands().contains_key(&at.index));
        assert!(group.leads_with_lease());
    }
    node.stop().await;
    assert_eq!(group.read_barrier().await, Err(ReadError::Stopped));
    assert!(!group.leads_with_lease());
}
