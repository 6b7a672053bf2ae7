//! Old segments go, and nothing that is needed goes with them.

use super::*;
use crate::disk::Disk;
use crate::options::SPARE_SEGMENTS;
use crate::segment::sequence_in;

const IDLE: GroupId = GroupId(1);
const BUSY: GroupId = GroupId(2);

fn fill(wal: &Wal, group: GroupId, indexes: std::ops::RangeInclusive<u64>) {
    for index in indexes {
        append(wal, group, entries(index..=index, 1000));
    }
}

fn oldest(disk: &SimDisk) -> u32 {
    disk.list().unwrap().iter().filter_map(|name| sequence_in(name)).min().unwrap()
}

#[test]
fn an_idle_group_cannot_pin_the_disk() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    fill(&wal, IDLE, 1..=5);
    wal.save_vote(IDLE, Bytes::from_static(b"vote"), ignore()).unwrap();
    wal.save_committed(IDLE, Bytes::from_static(b"committed")).unwrap();
    wal.purge_to(IDLE, 2, Bytes::from_static(b"two")).unwrap();
    fill(&wal, BUSY, 1..=100);
    wal.purge_to(BUSY, 95, Bytes::from_static(b"meta")).unwrap();
    let before = wal.stats();
    let state = wal.state(IDLE);
    let report = wal.collect().unwrap();
    assert_eq!(report.moved_entries, 3);
    // By this collection, or by the log itself, which looks after each purge.
    while wal.stats().segments >= 4 {
        std::thread::yield_now();
    }
    assert!(wal.stats().disk_bytes < before.disk_bytes);
    wal.close();
    let (wal, _) = open(&disk);
    assert!(oldest(&disk) > 6);
    assert_eq!(all(&wal, IDLE), entries(3..=5, 1000));
    assert_eq!(wal.state(IDLE), state);
    assert_eq!(all(&wal, BUSY), entries(96..=100, 1000));
}

#[test]
fn unneeded_segments_go_by_themselves() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    fill(&wal, BUSY, 1..=100);
    wal.purge_to(BUSY, 100, Bytes::new()).unwrap();
    while wal.stats().segments > 1 {
        std::thread::yield_now();
    }
    wal.close();
    assert_eq!(open(&disk).0.state(BUSY).purged, Some((100, Bytes::new())));
}

#[test]
fn the_log_collects_itself_above_the_threshold() {
    let disk = SimDisk::new();
    let small = Options { collect_above_bytes: 10 * (16 << 10), ..options() };
    let (wal, _) = Wal::open_on(Arc::new(disk.clone()), small).unwrap();
    append(&wal, IDLE, entries(1..=1, 100));
    for index in 1..=400 {
        append(&wal, BUSY, entries(index..=index, 1000));
        wal.purge_to(BUSY, index, Bytes::new()).unwrap();
    }
    while wal.stats().disk_bytes > 16 * (16 << 10) {
        std::thread::yield_now();
    }
    assert_eq!(all(&wal, IDLE), entries(1..=1, 100));
}

#[test]
fn a_segment_that_cannot_be_removed_is_tried_again() {
    let disk = SimDisk::new();
    let eager = Options { collect_retry: std::time::Duration::from_millis(1), ..options() };
    let (wal, _) = Wal::open_on(Arc::new(disk.clone()), eager).unwrap();
    fill(&wal, BUSY, 1..=100);
    while wal.stats().prepared_segments < 2 {
        std::thread::yield_now();
    }
    disk.fail_names(Some(io::ErrorKind::PermissionDenied));
    wal.purge_to(BUSY, 100, Bytes::new()).unwrap();
    while wal.stats().collect_failures < 3 {
        std::thread::yield_now();
    }
    assert!(wal.stats().segments > 1);
    append(&wal, BUSY, entries(101..=101, 10));
    disk.fail_names(None);
    while wal.stats().segments > 1 || wal.stats().collect_failures > 0 {
        std::thread::yield_now();
    }
    wal.close();
    assert_eq!(all(&open(&disk).0, BUSY), entries(101..=101, 10));
}

/// A log that frees as much as it fills uses its files again.
#[test]
fn a_steady_log_makes_no_new_files() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    let turn = |first: u64| {
        for index in first..first + 10 {
            append(&wal, BUSY, entries(index..=index, 1000));
        }
        wal.purge_to(BUSY, first + 9, Bytes::new()).unwrap();
        flush(&wal);
        while wal.stats().segments > 1 && wal.stats().prepared_segments < SPARE_SEGMENTS {
            std::thread::yield_now();
        }
    };
    (0..20).for_each(|at| turn(1 + 10 * at));
    let made = disk.created_files();
    (20..60).for_each(|at| turn(1 + 10 * at));
    assert_eq!(disk.created_files(), made);
}

#[test]
fn a_purge_that_is_not_on_disk_removes_nothing() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    fill(&wal, BUSY, 1..=50);
    wal.purge_to(BUSY, 50, Bytes::new()).unwrap();
    while wal.stats().segments > 1 {
        std::thread::yield_now();
    }
    for seed in 0..20 {
        let (wal, _) = open(&disk.after_power_cut(seed));
        assert_eq!(
            wal.state(BUSY).purged,
            Some((50, Bytes::new())),
            "the segments are gone, so the purge is there"
        );
    }
}

#[test]
fn readers_of_a_segment_that_goes_still_get_their_entries() {
    let (wal, _) = open(&SimDisk::new());
    fill(&wal, BUSY, 1..=60);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            loop {
                let first = wal.state(BUSY).first_index.unwrap_or(u64::MAX);
                if first > 3000 {
                    return;
                }
                let range = first..first + 30;
                for entry in
                    wal.read(BUSY, range, usize::MAX).expect("a reader never sees a used-again segment")
                {
                    assert_eq!(entry.payload, vec![entry.index as u8; 1000]);
                }
            }
        });
        for index in 61..=3060 {
            wal.append(BUSY, entries(index..=index, 1000), ignore()).unwrap();
            wal.purge_to(BUSY, index - 55, Bytes::new()).unwrap();
        }
        reader.join().unwrap();
    });
}

#[test]
fn a_damaged_group_keeps_its_segments_until_it_is_dropped() {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    fill(&wal, IDLE, 1..=1);
    wal.close();
    // A hole cannot be written through the log, so a frame with one is put there by hand.
    put_hole(&disk);
    let (wal, recovery) = open(&disk);
    assert_eq!(recovery.damaged[0].group, IDLE);
    assert_eq!(wal.append(IDLE, entries(9..=9, 1), ignore()), Err(crate::WriteError::Damaged(IDLE)));
    assert!(matches!(wal.read(IDLE, 0..9, 9), Err(crate::ReadError::DamagedGroup(IDLE))));
    assert!(matches!(wal.collect(), Err(crate::CollectError::Damaged(IDLE))));
    assert_eq!(crate::inspect::verify_on(&disk).damaged_groups.len(), 1);
    wal.drop_group(IDLE, ignore()).unwrap();
    append(&wal, IDLE, entries(1..=1, 1));
    wal.collect().unwrap();
    wal.close();
    assert!(open(&disk).1.damaged.is_empty());
}

/// Writes a frame behind the log's end whose entry leaves a hole.
fn put_hole(disk: &SimDisk) {
    use crate::format::record::{Kind, Record};
    let name = crate::segment::name(1);
    let segment = crate::segment::Segment::open(disk, &name).unwrap();
    let end = crate::survey::read_segment(&segment, |_, _| {}).unwrap().end;
    let base = (end.offset / 4096 * 4096) as usize;
    let mut bytes = disk.bytes(&name).unwrap();
    let before = bytes[base..end.offset as usize].to_vec();
    let mut frame = crate::frames::FrameBuilder::new(segment.seed, segment.header.capacity, end, &before);
    frame.add(&Record { kind: Kind::Entry, group: IDLE, index: 7, term: 1, payload: b"hole" });
    let write = frame.seal(Vec::new());
    bytes[base..base + write.bytes.len()].copy_from_slice(&write.bytes);
    disk.put(&name, bytes);
}
