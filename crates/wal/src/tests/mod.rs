//! Tests of the whole log, on a disk in memory unless they say otherwise.

mod basics;
mod collecting;
mod crash;
mod damage;
mod failing;
mod fuzz;
mod model;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use bytes::Bytes;

use crate::disk::SimDisk;
use crate::{Done, Entry, GroupId, Options, Recovery, Wal};

/// Small segments, and a failed write does not end the test's process.
fn options() -> Options {
    Options {
        segment_bytes: 16 << 10,
        tail_cache_bytes: 4 << 10,
        collect_above_bytes: u64::MAX,
        on_failure: Arc::new(|_| {}),
        ..Options::default()
    }
}

fn open(disk: &SimDisk) -> (Wal, Recovery) {
    Wal::open_on(Arc::new(disk.clone()), options()).expect("the log opens")
}

fn entry(index: u64, term: u64, payload: impl Into<Bytes>) -> Entry {
    Entry { index, term, payload: payload.into() }
}

/// Entries whose payloads tell their index.
fn entries(indexes: std::ops::RangeInclusive<u64>, payload_bytes: usize) -> Vec<Entry> {
    indexes.map(|index| entry(index, 1, vec![index as u8; payload_bytes])).collect()
}

/// A callback and where its result arrives.
fn waiter() -> (Done, Receiver<io::Result<()>>) {
    let (sender, receiver) = mpsc::channel();
    let done = move |result| {
        // A test that stopped waiting has failed already.
        let _ = sender.send(result);
    };
    (Box::new(done), receiver)
}

/// A callback that nobody waits for.
fn ignore() -> Done {
    Box::new(|_| {})
}

/// Appends and waits until it is on disk.
fn append(wal: &Wal, group: GroupId, entries: Vec<Entry>) {
    let (done, result) = waiter();
    wal.append(group, entries, done).expect("the log takes it");
    result.recv().expect("the callback is called").expect("it is on disk");
}

/// Waits until everything submitted so far is on disk.
fn flush(wal: &Wal) {
    append(wal, GroupId(u32::MAX), Vec::new());
}

/// Everything that a group has.
fn all(wal: &Wal, group: GroupId) -> Vec<Entry> {
    wal.read(group, 0..u64::MAX, usize::MAX).expect("it can be read")
}
