//! Failing disks: a failed sync ends everything, a full one does not.

use std::sync::Mutex;

use super::*;
use crate::disk::Disk;
use crate::{Room, WriteError};

const A: GroupId = GroupId(1);

/// A log whose failure hook writes down what it is told.
fn open_with_hook(disk: &SimDisk) -> (Wal, Arc<Mutex<Vec<io::ErrorKind>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = {
        let told = told.clone();
        Arc::new(move |error: &io::Error| told.lock().unwrap().push(error.kind()))
    };
    let (wal, _) = Wal::open_on(Arc::new(disk.clone()), Options { on_failure: hook, ..options() }).unwrap();
    (wal, told)
}

fn wait_until_prepared(wal: &Wal) {
    while wal.stats().prepared_segments < 2 {
        std::thread::yield_now();
    }
}

/// What is submitted is refused before the hook is called, and whoever waits is told after it has returned.
#[test]
fn a_failed_sync_calls_the_hook_and_is_never_tried_again() {
    let disk = SimDisk::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::new(Mutex::new(None::<Wal>));
    let hook = {
        let (told, log) = (told.clone(), log.clone());
        Arc::new(move |error: &io::Error| {
            let refused = log.lock().unwrap().as_ref().map(|wal| wal.append(A, vec![], ignore()));
            told.lock().unwrap().push((error.kind(), refused));
        })
    };
    let (wal, _) = Wal::open_on(Arc::new(disk.clone()), Options { on_failure: hook, ..options() }).unwrap();
    *log.lock().unwrap() = Some(wal.clone());
    append(&wal, A, entries(1..=1, 10));
    wait_until_prepared(&wal);
    disk.fail_syncs(io::ErrorKind::NotConnected);
    let (tell, result) = mpsc::channel();
    let at_the_callback = told.clone();
    let done = move |result| tell.send((result, at_the_callback.lock().unwrap().clone())).unwrap();
    wal.append(A, entries(2..=2, 10), Box::new(done)).unwrap();
    let (result, told_before) = result.recv().unwrap();
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::NotConnected);
    let once = [(io::ErrorKind::NotConnected, Some(Err(WriteError::Failed)))];
    assert_eq!(told_before, once);
    assert_eq!(wal.append(A, entries(3..=3, 10), ignore()), Err(WriteError::Failed));
    log.lock().unwrap().take();
    wal.close();
    assert_eq!(*told.lock().unwrap(), once);
}

/// The keeper and the writer meet the same broken disk; whichever is first, it is one failure.
#[test]
fn a_disk_that_fails_under_two_threads_fails_the_log_once() {
    for _ in 0..50 {
        let disk = SimDisk::new();
        let (wal, told) = open_with_hook(&disk);
        let (done, result) = waiter();
        disk.fail_syncs(io::ErrorKind::NotConnected);
        if wal.append(A, entries(1..=1, 10), done).is_ok() {
            assert_eq!(result.recv().unwrap().unwrap_err().kind(), io::ErrorKind::NotConnected);
            assert_eq!(*told.lock().unwrap(), [io::ErrorKind::NotConnected]);
        }
        wal.close();
        assert_eq!(*told.lock().unwrap(), [io::ErrorKind::NotConnected]);
    }
}

#[test]
fn a_panic_in_a_callback_ends_the_log_like_a_failed_write() {
    let (wal, told) = open_with_hook(&SimDisk::new());
    wal.append(A, entries(1..=1, 10), Box::new(|_| panic!("a callback that is wrong"))).unwrap();
    // Nobody waits for ever: submissions are refused from here on, and the log closes.
    while wal.append(A, vec![], ignore()).is_ok() {
        std::thread::yield_now();
    }
    wal.close();
    assert_eq!(*told.lock().unwrap(), [io::ErrorKind::Other]);
}

#[test]
fn a_full_disk_is_told_early_and_what_was_accepted_still_fits() {
    let disk = SimDisk::new();
    let (wal, _) =
        Wal::open_on(Arc::new(disk.clone()), Options { reserve_bytes: 1000, ..options() }).unwrap();
    append(&wal, A, entries(1..=1, 10));
    wait_until_prepared(&wal);
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
    wait_until_prepared(&wal);
    disk.limit_capacity(Some(3 * (16 << 10) + 100));
    let (done, result) = waiter();
    wal.append(A, entries(2..=60, 1000), done).unwrap();
    wal.close();
    assert_eq!(result.recv().unwrap().unwrap_err().kind(), io::ErrorKind::StorageFull);
    let kept = open(&disk.snapshot()).0.state(A).last.unwrap().0;
    assert!((2..60).contains(&kept), "a first part is there: {kept}");
}

/// A sync that fails can leave pages that read well and count as clean, but are on no disk. What the next start finds there
/// is shown to its callers, so it must be made durable first, and another sync alone would find nothing to do.
#[test]
fn what_a_failed_sync_forgot_is_written_again_at_the_next_start() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    append(&wal, A, entries(1..=3, 1000));
    wait_until_prepared(&wal);
    disk.fail_syncs_and_forget(io::ErrorKind::Other);
    // They fit into the segment: were another one taken, the keeper could fail before they are written.
    let (done, result) = waiter();
    wal.append(A, entries(4..=10, 1000), done).unwrap();
    result.recv().unwrap().unwrap_err();
    wal.close();
    // The process ends, the machine does not: the next one reads what the kernel still has in memory.
    disk.heal_syncs();
    let (wal, _) = open(&disk);
    assert_eq!(wal.state(A).last, Some((10, 1)), "the kernel still shows what it could not write");
    append(&wal, A, entries(11..=11, 10));
    wal.close();
    for seed in 0..20 {
        let (wal, recovery) = open(&disk.after_power_cut(seed));
        assert_eq!(recovery.damaged, []);
        assert_eq!(all(&wal, A), [entries(1..=10, 1000), entries(11..=11, 10)].concat());
    }
}
