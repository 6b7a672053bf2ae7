//! What the log does for one caller, before and after it is opened again.

use std::sync::{Arc, Mutex};

use super::*;
use crate::disk::Disk;
use crate::{GroupState, OpenError, TryAppendError, WriteError};

const A: GroupId = GroupId(1);
const B: GroupId = GroupId(2);

#[test]
fn entries_can_be_read_before_they_are_on_disk_and_after_the_next_start() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    wal.append(A, entries(1..=3, 10), ignore()).unwrap();
    assert_eq!(all(&wal, A), entries(1..=3, 10));
    wal.close();
    let (wal, recovery) = open(&disk);
    assert_eq!(all(&wal, A), entries(1..=3, 10));
    assert_eq!(recovery.groups[&A].last, Some((3, 1)));
}

#[test]
fn groups_do_not_see_each_other() {
    let (wal, _) = open(&SimDisk::new());
    append(&wal, A, entries(1..=2, 10));
    append(&wal, B, entries(7..=9, 10));
    assert_eq!(all(&wal, A), entries(1..=2, 10));
    assert_eq!(all(&wal, B), entries(7..=9, 10));
    assert_eq!(wal.groups(), [A, B]);
}

#[test]
fn a_group_keeps_its_state() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    append(&wal, A, vec![entry(5, 1, "a"), entry(6, 2, "b"), entry(7, 2, "c"), entry(8, 3, "d")]);
    let (done, voted) = waiter();
    wal.save_vote(A, Bytes::from_static(b"vote"), done).unwrap();
    voted.recv().unwrap().unwrap();
    wal.save_committed(A, Bytes::from_static(b"committed")).unwrap();
    wal.purge_to(A, 5, Bytes::from_static(b"meta")).unwrap();
    wal.truncate_after(A, Some(7), ignore()).unwrap();
    let expected = GroupState {
        first_index: Some(6),
        last: Some((7, 2)),
        purged: Some((5, Bytes::from_static(b"meta"))),
        vote: Some(Bytes::from_static(b"vote")),
        committed: Some(Bytes::from_static(b"committed")),
    };
    assert_eq!(wal.state(A), expected);
    wal.close();
    let (wal, recovery) = open(&disk);
    assert_eq!(wal.state(A), expected);
    assert_eq!(recovery.groups[&A], expected);
}

#[test]
fn callbacks_come_in_the_order_of_submission() {
    let (wal, _) = open(&SimDisk::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    for index in 1..=500 {
        let order = order.clone();
        wal.append(A, entries(index..=index, 100), Box::new(move |_| order.lock().unwrap().push(index)))
            .unwrap();
    }
    flush(&wal);
    assert_eq!(*order.lock().unwrap(), (1..=500).collect::<Vec<_>>());
}

#[test]
fn an_entry_that_does_not_follow_is_refused() {
    let (wal, _) = open(&SimDisk::new());
    append(&wal, A, entries(1..=3, 10));
    let refused = |index, after| Err(WriteError::OutOfOrder { group: A, index, after });
    assert_eq!(wal.append(A, entries(3..=3, 10), ignore()), refused(3, 3));
    assert_eq!(wal.append(A, entries(5..=5, 10), ignore()), refused(5, 3));
    assert_eq!(wal.append(A, vec![entry(4, 1, ""), entry(6, 1, "")], ignore()), refused(6, 4));
    wal.purge_to(A, 10, Bytes::new()).unwrap();
    assert_eq!(wal.append(A, entries(10..=10, 10), ignore()), refused(10, 10));
    assert_eq!(wal.append(A, entries(11..=11, 10), ignore()), Ok(()));
}

#[test]
fn truncation_makes_room_for_other_entries() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    append(&wal, A, entries(1..=9, 10));
    wal.truncate_after(A, Some(4), ignore()).unwrap();
    append(&wal, A, vec![entry(5, 9, "other")]);
    let mut expected = entries(1..=4, 10);
    expected.push(entry(5, 9, "other"));
    assert_eq!(all(&wal, A), expected);
    drop(wal);
    assert_eq!(all(&open(&disk).0, A), expected);
}

#[test]
fn a_dropped_group_is_gone_and_can_begin_again() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    append(&wal, A, entries(1..=9, 10));
    wal.save_vote(A, Bytes::from_static(b"vote"), ignore()).unwrap();
    wal.drop_group(A, ignore()).unwrap();
    assert_eq!(wal.state(A), GroupState::default());
    wal.append(A, entries(3..=4, 20), ignore()).unwrap();
    wal.close();
    let (wal, _) = open(&disk);
    assert_eq!(all(&wal, A), entries(3..=4, 20));
    assert_eq!(wal.state(A).vote, None);
}

#[test]
fn a_read_is_cut_by_bytes_but_never_empty() {
    let (wal, _) = open(&SimDisk::new());
    append(&wal, A, entries(1..=9, 100));
    assert_eq!(wal.read(A, 2..8, 250).unwrap(), entries(2..=3, 100));
    assert_eq!(wal.read(A, 2..8, 0).unwrap(), entries(2..=2, 100));
    assert_eq!(wal.read(A, 8..100, usize::MAX).unwrap(), entries(8..=9, 100));
    assert_eq!(wal.read(A, 10..100, usize::MAX).unwrap(), []);
    assert_eq!(wal.read(B, 0..100, usize::MAX).unwrap(), []);
}

#[test]
fn entries_beyond_the_cache_come_from_disk_over_many_segments() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    for index in 1..=200 {
        append(&wal, A, entries(index..=index, 1000));
    }
    assert!(wal.stats().segments > 10);
    assert!(wal.stats().cached_bytes <= options().tail_cache_bytes);
    assert_eq!(all(&wal, A), entries(1..=200, 1000));
    wal.close();
    assert_eq!(all(&open(&disk).0, A), entries(1..=200, 1000));
}

#[test]
fn one_submission_may_span_many_segments() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    append(&wal, A, entries(1..=200, 1000));
    wal.close();
    assert_eq!(all(&open(&disk).0, A), entries(1..=200, 1000));
}

#[test]
fn the_largest_payload_fits_and_one_more_byte_is_refused() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    let limit = options().largest_payload_bytes();
    append(&wal, A, entries(1..=3, limit));
    let refused = wal.append(A, entries(4..=4, limit + 1), ignore());
    assert_eq!(refused, Err(WriteError::TooLarge { bytes: limit + 1, limit }));
    wal.close();
    assert_eq!(all(&open(&disk).0, A), entries(1..=3, limit));
}

#[test]
fn an_empty_append_is_called_back() {
    let (wal, _) = open(&SimDisk::new());
    append(&wal, A, Vec::new());
}

#[test]
fn a_full_queue_blocks_until_it_is_written() {
    let disk = SimDisk::new();
    let small = Options { queue_bytes: 1000, ..options() };
    let (wal, _) = Wal::open_on(Arc::new(disk), small).unwrap();
    for index in 1..=300 {
        wal.append(A, entries(index..=index, 500), ignore()).unwrap();
        assert!(wal.stats().queued_bytes < 3000);
    }
    assert_eq!(all(&wal, A), entries(1..=300, 500));
}

#[test]
fn one_who_must_not_block_is_told_when_there_is_room() {
    let gate = Arc::new(Mutex::new(()));
    let small = Options { queue_bytes: 1000, ..options() };
    let (wal, _) = Wal::open_on(Arc::new(SimDisk::new()), small).unwrap();
    // The writer stands still in a callback, so nothing is written meanwhile.
    let held = gate.lock().unwrap();
    let (started, standing) = mpsc::channel();
    let stand = {
        let gate = gate.clone();
        move |_| {
            started.send(()).unwrap();
            drop(gate.lock());
        }
    };
    wal.append(A, entries(1..=1, 10), Box::new(stand)).unwrap();
    standing.recv().unwrap();
    wal.try_append(A, entries(2..=2, 2000), ignore()).unwrap();
    let (done, durable) = waiter();
    let Err(TryAppendError::Full(given_back, done)) = wal.try_append(A, entries(3..=3, 10), done) else {
        panic!("there is no room");
    };
    assert_eq!(given_back, entries(3..=3, 10));
    let (tell, told) = mpsc::channel();
    wal.when_room(Box::new(move || tell.send(()).unwrap()));
    assert!(told.try_recv().is_err());
    // Small things go in all the same: a vote must not wait behind a full log.
    wal.save_vote(A, Bytes::from_static(b"vote"), ignore()).unwrap();
    drop(held);
    told.recv().unwrap();
    wal.try_append(A, given_back, done).unwrap();
    durable.recv().unwrap().unwrap();
    assert_eq!(wal.state(A).last, Some((3, 1)));
}

#[test]
fn one_who_waits_for_room_is_told_when_the_log_closes() {
    let (wal, _) = open(&SimDisk::new());
    let (tell, told) = mpsc::channel();
    let other = wal.clone();
    wal.close();
    other.when_room(Box::new(move || tell.send(()).unwrap()));
    told.recv().unwrap();
    let refused = other.try_append(A, entries(1..=1, 1), ignore());
    assert!(matches!(refused, Err(TryAppendError::Refused(WriteError::Closed))));
}

#[test]
fn a_closed_log_refuses_and_the_last_handle_closes() {
    let (wal, _) = open(&SimDisk::new());
    let other = wal.clone();
    wal.close();
    assert_eq!(other.append(A, entries(1..=1, 1), ignore()), Err(WriteError::Closed));
}

#[test]
fn the_last_handle_may_go_in_a_callback() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    let (done, result) = waiter();
    let inside = wal.clone();
    let last = move |outcome| {
        drop(inside);
        done(outcome);
    };
    wal.append(A, entries(1..=1, 1), Box::new(last)).unwrap();
    drop(wal);
    result.recv().unwrap().unwrap();
}

#[test]
fn a_real_folder_is_locked_and_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wal");
    let (wal, _) = Wal::open(&path, options()).unwrap();
    append(&wal, A, entries(1..=50, 1000));
    assert!(matches!(Wal::open(&path, options()), Err(OpenError::Locked(_))));
    wal.close();
    let (wal, recovery) = Wal::open(&path, options()).unwrap();
    assert_eq!(all(&wal, A), entries(1..=50, 1000));
    assert!(recovery.torn.is_empty() && recovery.strangers.is_empty());
    wal.close();
    assert!(crate::inspect::verify(&path).is_whole());
}

#[test]
fn another_segment_size_replaces_the_empty_segments() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    append(&wal, A, entries(1..=3, 1000));
    wal.close();
    let larger = Options { segment_bytes: 64 << 10, ..options() };
    let limit = larger.largest_payload_bytes();
    let (wal, _) = Wal::open_on(Arc::new(disk.clone()), larger).unwrap();
    append(&wal, A, entries(4..=6, limit));
    wal.close();
    let (wal, _) = open(&disk);
    assert_eq!(wal.state(A).last, Some((6, 1)));
    assert!(disk.list().unwrap().len() > 4);
}
