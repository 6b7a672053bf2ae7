//! What a group leaves in the log's queue when it dies is not taken for written by the one that follows it.

use crate::node::command;
use bytes::Bytes;
use shard::raft::{Group, GroupConfig, MemoryMachine, ProposeError};
use std::sync::Arc;
use std::time::Duration;
use wal::disk::SimDisk;
use wal::{GroupId, Options, Wal};

/// So small that what is proposed does not fit into the segments that are prepared, and waits in the queue.
const SEGMENT_BYTES: u64 = 16 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_starts_when_what_the_last_one_left_is_on_disk() {
    let disk = SimDisk::new();
    let options = Options { segment_bytes: SEGMENT_BYTES, ..Options::default() };
    let (wal, _) = Wal::open_on(Arc::new(disk.clone()), options).unwrap();
    let machine = Arc::<MemoryMachine>::default();
    let config = GroupConfig::alone(GroupId(0), 7, wal.clone(), machine);
    let group = Arc::new(Group::start(config.clone()).await.unwrap());
    while group.propose(vec![command(0, 0)]).await.is_err() {
        tokio::task::yield_now().await;
    }

    // The prepared segments fit, and no other.
    while wal.stats().prepared_segments < 2 {
        tokio::task::yield_now().await;
    }
    disk.limit_capacity(Some(wal.stats().disk_bytes + 1_000));
    let large = vec![Bytes::from(vec![7; 4 << 10]); 40];
    let proposing = tokio::spawn({
        let group = group.clone();
        async move { group.propose(large).await }
    });
    while wal.state(GroupId(0)).last.is_none_or(|(last, _)| last < 40) {
        tokio::task::yield_now().await;
    }
    group.shutdown().await;
    assert_eq!(proposing.await.unwrap(), Err(ProposeError::Unknown));

    let mut starting = tokio::spawn(Group::start(config));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut starting).await;
    assert!(early.is_err(), "it starts while its log is not on disk");
    disk.limit_capacity(None);
    let group = starting.await.unwrap().unwrap();
    group.shutdown().await;
    wal.close();
}
