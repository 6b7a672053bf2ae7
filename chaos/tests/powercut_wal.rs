//! The hub's log on a disk that loses its power: through the kernel, with the system calls that production makes.
//!
//! Groups are appended to, purged and collected without waiting; then the power goes in the middle of it all. What was
//! confirmed must be there, unchanged, and what is there must be what was submitted last at its place.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use chaos::powercut::{Survivors, mount};
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use tempfile::TempDir;
use wal::{Entry, GroupId, Options, Wal};

const CUTS: u32 = 40;
const GROUPS: u32 = 3;

/// One group as its owner remembers it.
#[derive(Default)]
struct Group {
    /// What was submitted last at each index, and not purged.
    submitted: BTreeMap<u64, Bytes>,
    /// The last index that was confirmed.
    confirmed: Arc<AtomicU64>,
    purged: u64,
}

#[test]
fn the_log_keeps_what_it_confirmed() {
    if !chaos::can_mount() {
        return;
    }
    let (backing, mountpoint) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut disk = mount(backing.path(), mountpoint.path(), 11).unwrap();
    let mut dice = StdRng::seed_from_u64(11);
    let mut groups: BTreeMap<GroupId, Group> =
        (0..GROUPS).map(|id| (GroupId(id), Group::default())).collect();
    for cut in 0..CUTS {
        let (log, _found) = Wal::open(&disk.path().join("wal"), options()).unwrap();
        for (&id, group) in &mut groups {
            check(&log, id, group);
        }
        for _ in 0..dice.random_range(1..200) {
            let id = GroupId(dice.random_range(0..GROUPS));
            submit(&log, id, groups.get_mut(&id).unwrap(), &mut dice);
        }
        disk.power_off();
        drop(log);
        let survivors = if cut % 2 == 0 { Survivors::None } else { Survivors::Some };
        disk.cut(survivors).unwrap();
    }
    let confirmed: u64 = groups.values().map(|group| group.confirmed.load(Ordering::SeqCst)).sum();
    assert!(confirmed > u64::from(CUTS), "hardly anything was confirmed: {confirmed}");
    assert_whole(&disk.path().join("wal"));
}

/// Small segments, so that many of them are made, recycled and collected; a failed sync does not end the test.
fn options() -> Options {
    Options {
        segment_bytes: 64 << 10,
        collect_above_bytes: 256 << 10,
        on_failure: Arc::new(|_| {}),
        ..Options::default()
    }
}

/// Appends a few entries, or purges some.
fn submit(log: &Wal, id: GroupId, group: &mut Group, dice: &mut StdRng) {
    let confirmed = group.confirmed.load(Ordering::SeqCst);
    if dice.random_bool(0.05) && confirmed > group.purged {
        group.purged = dice.random_range(group.purged + 1..=confirmed);
        group.submitted = group.submitted.split_off(&(group.purged + 1));
        log.purge_to(id, group.purged, Bytes::new()).unwrap();
        return;
    }
    let first = log.state(id).last.map_or(group.purged, |(index, _)| index) + 1;
    let mut entries = Vec::new();
    for index in first..first + dice.random_range(1..4) {
        let mut payload = vec![0; dice.random_range(0..3000)];
        dice.fill_bytes(&mut payload);
        let payload = Bytes::from(payload);
        group.submitted.insert(index, payload.clone());
        entries.push(Entry { index, term: 1, payload });
    }
    let last = first + entries.len() as u64 - 1;
    let confirmed = Arc::clone(&group.confirmed);
    let done = move |outcome: std::io::Result<()>| {
        if outcome.is_ok() {
            confirmed.store(last, Ordering::SeqCst);
        }
    };
    log.append(id, entries, Box::new(done)).unwrap();
}

/// Everything confirmed is there, and everything there is as it was submitted. What was not confirmed and did not
/// survive is forgotten.
fn check(log: &Wal, id: GroupId, group: &mut Group) {
    let state = log.state(id);
    let confirmed = group.confirmed.load(Ordering::SeqCst);
    // A purge is written lazily: the log may begin at an older place than its owner asked for.
    let purged = state.purged.map_or(0, |(index, _)| index);
    assert!(purged <= group.purged, "group {id} was purged to {purged}, asked was {}", group.purged);
    let last = state.last.map_or(purged, |(index, _)| index);
    assert!(last >= confirmed, "group {id} ends at {last}, confirmed was {confirmed}");
    let first = group.purged + 1;
    if first <= last {
        let entries = log.read(id, first..last + 1, usize::MAX).unwrap();
        let payloads: Vec<_> = entries.into_iter().map(|entry| entry.payload).collect();
        let submitted: Vec<_> =
            group.submitted.range(first..=last).map(|(_, payload)| payload.clone()).collect();
        assert_eq!(payloads, submitted, "group {id}");
    }
    group.submitted.split_off(&(last + 1));
}

fn assert_whole(folder: &Path) {
    let verdict = wal::inspect::verify(folder);
    assert!(verdict.is_whole(), "{verdict:?}");
}
