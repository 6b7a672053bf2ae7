//! Snapshots make the store durable, and only then does the log get shorter.

use crate::node::{Node, command};
use bytes::Bytes;
use shard::raft::{Compacted, GroupHandle, MemoryMachine, Policy, SnapshotPolicy, Status};
use std::sync::Arc;
use std::time::Duration;

async fn propose(group: &GroupHandle<MemoryMachine>, writer: u32, count: u32) {
    let commands: Vec<Bytes> = (0..count).map(|number| command(writer, number)).collect();
    group.propose(commands).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shorter_log_and_a_durable_store_make_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::<MemoryMachine>::default();
    let node = Node::start(folder.path(), std::slice::from_ref(&machine)).await;
    let group = node.group(0);
    propose(&group, 1, 3_000).await;

    let Compacted { snapshot, purged } = group.snapshot_and_purge(1_500).await.unwrap();
    assert_eq!(snapshot, group.status().unwrap().applied);
    assert_eq!(purged, snapshot.map(|index| index - 1_500));
    propose(&group, 2, 10).await;
    assert_eq!(group.status().unwrap().purged, purged);
    let again = group.snapshot_and_purge(0).await.unwrap();
    assert_eq!(again.purged, again.snapshot.map(|index| index - 64), "the entries nearest to the end stay");
    propose(&group, 3, 10).await;
    node.stop().await;

    let whole = machine.commands();
    let after = Arc::new(machine.after_power_cut());
    assert!(after.commands().len() < whole.len(), "the last entries were not durable in the store");
    let node = Node::start(folder.path(), std::slice::from_ref(&after)).await;
    assert_eq!(after.commands(), whole);
    assert_eq!(node.group(0).status().unwrap().purged, again.purged);
    propose(&node.group(0), 4, 1).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_snapshot_of_the_same_state_returns_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::<MemoryMachine>::default();
    let node = Node::start(folder.path(), std::slice::from_ref(&machine)).await;
    let first = node.group(0).snapshot_and_purge(0).await.unwrap();
    assert_eq!(node.group(0).snapshot_and_purge(0).await.unwrap(), first);
    assert_eq!(first.purged, None);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scheduler_takes_snapshots_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let machines = [Arc::<MemoryMachine>::default(), Arc::default()];
    let snapshot = SnapshotPolicy { age: Duration::ZERO, ..SnapshotPolicy::default() };
    let node = Node::begin(folder.path(), &machines, Policy { snapshot, ..Policy::default() });
    for number in 0..2 {
        let group = node.group(number);
        assert!(group.until_leading().await);
        let mut round = 0;
        while group.status().unwrap().snapshot.is_none() {
            propose(&group, round, 1).await;
            round += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_large_entries_few_stay() {
    const ENTRY_BYTES: usize = 32 << 10;
    let folder = tempfile::tempdir().unwrap();
    let snapshot = SnapshotPolicy { bytes: 4 << 20, keep_bytes: 3 << 20, ..SnapshotPolicy::default() };
    let node = Node::begin(
        folder.path(),
        &[Arc::<MemoryMachine>::default()],
        Policy { snapshot, ..Policy::default() },
    );
    let group = node.group(0);
    assert!(group.until_leading().await);
    let few = 64..=(3 << 20) / ENTRY_BYTES as u64 + 1;
    let are_few = |status: &Status| {
        let kept = status.snapshot.zip(status.purged).map(|(snapshot, purged)| snapshot - purged);
        kept.is_some_and(|kept| few.contains(&kept))
    };
    // Again and again: what was appended before the scheduler first saw the group does not count, and what is purged shows
    // a moment after the snapshot.
    while !are_few(&group.status().unwrap()) {
        group.propose(vec![Bytes::from(vec![7; ENTRY_BYTES]); 150]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    node.stop().await;
}
