//! Failing disks: a failed sync ends everything, a full one does not.

use std::sync::Mutex;

use super::*;
use crate::disk::Disk;
use crate::{Room, WriteError};

const A: GroupId = GroupId(1);

#[test]
fn a_failed_sync_calls_the_hook_and_is_never_tried_again() {
    let disk = SimDisk::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hook = {
        let seen = seen.clone();
        Arc::new(move |error: &io::Error| seen.lock().unwrap().push(error.kind()))
    };
    let (wal, _) = Wal::open_on(Arc::new(disk.clone()), Options { on_failure: hook, ..options() }).unwrap();
    append(&wal, A, entries(1..=1, 10));
    disk.fail_syncs(io::ErrorKind::NotConnected);
    let (done, result) = waiter();
    wal.append(A, entries(2..=2, 10), done).unwrap();
    assert_eq!(result.recv().unwrap().unwrap_err().kind(), io::ErrorKind::NotConnected);
    assert_eq!(wal.append(A, entries(3..=3, 10), ignore()), Err(WriteError::Failed));
    assert_eq!(*seen.lock().unwrap(), [io::ErrorKind::NotConnected]);
}

#[test]
fn a_panic_in_a_callback_ends_the_log_like_a_failed_write() {
    let failed = Arc::new(Mutex::new(0));
    let hook = {
        let failed = failed.clone();
        Arc::new(move |_: &io::Error| *failed.lock().unwrap() += 1)
    };
    let (wal, _) = Wal::open_on(Arc::new(SimDisk::new()), Options { on_failure: hook, ..options() }).unwrap();
    wal.append(A, entries(1..=1, 10), Box::new(|_| panic!("a callback that is wrong"))).unwrap();
    // Nobody waits for ever: submissions are refused from here on, and the log closes.
    while wal.append(A, vec![], ignore()).is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(*failed.lock().unwrap(), 1);
    wal.close();
}

#[test]
fn a_full_disk_is_told_early_and_what_was_accepted_still_fits() {
    let disk = SimDisk::new();
    let (wal, _) =
        Wal::open_on(Arc::new(disk.clone()), Options { reserve_bytes: 1000, ..options() }).unwrap();
    append(&wal, A, entries(1..=1, 10));
    while wal.stats().prepared_segments < 2 {
        std::thread::yield_now();
    }
    assert_eq!(disk.list().unwrap().len(), 4, "the folder's id, a segment, and two that are ready");
    disk.limit_capacity(Some(3 * (16 << 10) + 100));
    // What fills both prepared segments fits.
    append(&wal, A, entries(2..=20, 1000));
    // What needs a third waits for room, and neither fails nor is lost.
    let (done, result) = waiter();
    wal.append(A, entries(21..=50, 1000), done).unwrap();
    while !matches!(wal.room(), Room::Low { .. }) {
        std::thread::yield_now();
    }
    assert!(result.try_recv().is_err());
    disk.limit_capacity(None);
    result.recv().unwrap().unwrap();
    wal.close();
    assert_eq!(open(&disk).0.state(A).last, Some((50, 1)));
}

#[test]
fn a_log_that_is_closed_on_a_full_disk_says_what_it_could_not_write() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    append(&wal, A, entries(1..=1, 10));
    while wal.stats().prepared_segments < 2 {
        std::thread::yield_now();
    }
    disk.limit_capacity(Some(3 * (16 << 10) + 100));
    let (done, result) = waiter();
    wal.append(A, entries(2..=60, 1000), done).unwrap();
    wal.close();
    assert_eq!(result.recv().unwrap().unwrap_err().kind(), io::ErrorKind::StorageFull);
    let kept = open(&disk.snapshot()).0.state(A).last.unwrap().0;
    assert!((2..60).contains(&kept), "a first part is there: {kept}");
}
