//! What the log says of files that are not as it wrote them, and what it leaves alone.

use super::*;
use crate::disk::Disk;
use crate::inspect::verify_on;
use crate::{HeaderError, OpenError};

const A: GroupId = GroupId(1);
const FIRST: &str = "00000001.wal";

/// A log of a few segments, closed.
fn written() -> SimDisk {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    for index in 1..=40 {
        append(&wal, A, entries(index..=index, 1000));
    }
    wal.close();
    disk
}

/// A log of three frames in one segment, closed, and where its frames start and end.
fn written_small() -> (SimDisk, Vec<usize>) {
    let disk = SimDisk::new();
    let (wal, _) = open(&disk);
    for index in 1..=3 {
        append(&wal, A, entries(index..=index, 100));
    }
    wal.close();
    // A frame's header and an entry, ending at a multiple of eight; in the first one a link besides.
    let (first, other) = (16 + 36 + 132, 16 + 132 + 4);
    (disk, vec![4096, 4096 + first, 4096 + first + other, 4096 + first + 2 * other])
}

/// Changes a file's bytes in a copy of the disk.
fn changed(disk: &SimDisk, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> SimDisk {
    let disk = disk.snapshot();
    let mut bytes = disk.bytes(name).unwrap();
    change(&mut bytes);
    disk.put(name, bytes);
    disk
}

/// The error of opening, after checking that nothing on disk changed and that `verify` names the same file.
fn refused(disk: &SimDisk) -> OpenError {
    let before: Vec<_> = disk.list().unwrap().into_iter().map(|name| (disk.bytes(&name), name)).collect();
    let error = Wal::open_on(Arc::new(disk.clone()), options()).expect_err("the log is refused");
    let after: Vec<_> = disk.list().unwrap().into_iter().map(|name| (disk.bytes(&name), name)).collect();
    assert!(before == after, "a refused log is left as it is");
    assert!(!verify_on(disk).is_whole());
    error
}

#[test]
fn a_whole_log_verifies() {
    let verdict = verify_on(&written());
    assert!(verdict.is_whole() && verdict.torn.is_empty(), "{verdict:?}");
    assert!(verdict.segments > 2);
    // At most two segments are prepared and hold no link yet.
    let links = verdict.records - 40;
    assert!(
        (verdict.segments - 2..=verdict.segments).contains(&links),
        "every entry, and a link a segment in use"
    );
}

#[test]
fn any_flipped_bit_before_the_last_frame_is_named_with_its_frame() {
    let (disk, frames) = written_small();
    for bit in (frames[0] * 8..frames[2] * 8).step_by(7) {
        let disk = changed(&disk, FIRST, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        // The bytes between a frame's end and the next multiple of eight belong to no frame.
        if verify_on(&disk).is_whole() {
            let frame = if bit / 8 < frames[1] { frames[1] } else { frames[2] };
            assert!(frame - bit / 8 <= 4, "byte {} was not noticed", bit / 8);
            continue;
        }
        let OpenError::Damaged(damage) = refused(&disk) else { panic!("bit {bit}") };
        let frame = if bit / 8 < frames[1] { frames[0] } else { frames[1] };
        assert_eq!((damage.file.to_str(), damage.offset), (Some(FIRST), frame as u64), "bit {bit}");
        assert_eq!(verify_on(&disk).damages[0], damage);
    }
}

#[test]
fn a_torn_last_frame_is_cut_and_a_copy_kept() {
    let (disk, frames) = written_small();
    let disk = changed(&disk, FIRST, |bytes| bytes[frames[2] + 60] ^= 1);
    assert_eq!(verify_on(&disk).torn[0].offset, frames[2] as u64);
    let (wal, recovery) = open(&disk);
    assert_eq!(all(&wal, A), entries(1..=2, 100));
    let [torn] = &recovery.torn[..] else { panic!("{recovery:?}") };
    assert_eq!(torn.offset, frames[2] as u64);
    let copy = disk.bytes(torn.copy.to_str().unwrap()).unwrap();
    assert!(copy.windows(30).any(|window| window == [3; 30]), "the copy has the entry that was cut");
    append(&wal, A, entries(3..=3, 50));
    wal.close();
    let (wal, recovery) = open(&disk);
    assert!(recovery.torn.is_empty() && recovery.strangers.is_empty());
    assert_eq!(wal.state(A).last, Some((3, 1)));
}

#[test]
fn a_zeroed_frame_in_the_middle_is_damage() {
    let (disk, frames) = written_small();
    let disk = changed(&disk, FIRST, |bytes| bytes[frames[1]..frames[2]].fill(0));
    assert!(matches!(refused(&disk), OpenError::Damaged(damage) if damage.offset == frames[1] as u64));
}

#[test]
fn a_lost_end_of_an_inner_segment_is_damage() {
    let disk = written();
    let disk = changed(&disk, FIRST, |bytes| bytes[8192..].fill(0));
    assert!(matches!(refused(&disk), OpenError::Damaged(damage) if damage.file.to_str() == Some(FIRST)));
}

#[test]
fn a_truncated_file_is_damage() {
    let disk = changed(&written(), FIRST, |bytes| bytes.truncate(9000));
    assert!(matches!(refused(&disk), OpenError::Damaged(damage) if damage.offset == 9000));
}

#[test]
fn a_missing_segment_is_named() {
    let disk = written();
    disk.remove("00000002.wal").unwrap();
    assert!(
        matches!(refused(&disk), OpenError::MissingSegment(file) if file.to_str() == Some("00000002.wal"))
    );
}

#[test]
fn a_damaged_a_newer_and_another_programs_file_are_named() {
    let disk = written();
    let reason = |disk: &SimDisk| match refused(disk) {
        OpenError::Unreadable { file, reason } if file.to_str() == Some(FIRST) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&changed(&disk, FIRST, |bytes| bytes[40] ^= 1)), HeaderError::Checksum);
    assert_eq!(reason(&changed(&disk, FIRST, |bytes| bytes[8] = 2)), HeaderError::Newer { version: 2 });
    assert_eq!(reason(&changed(&disk, FIRST, |bytes| bytes[0] = b'x')), HeaderError::NotOurs);
}

#[test]
fn a_segment_of_another_log_is_named() {
    let disk = written();
    disk.put("00000002.wal", written().bytes("00000002.wal").unwrap());
    assert!(matches!(refused(&disk), OpenError::Foreign(file) if file.to_str() == Some("00000002.wal")));
}

#[test]
fn segments_without_their_folders_id_are_refused() {
    let disk = written();
    disk.remove("folder").unwrap();
    assert!(matches!(refused(&disk), OpenError::Damaged(damage) if damage.file.to_str() == Some("folder")));
}

#[test]
fn strangers_are_named_and_left_alone() {
    let disk = written();
    disk.put("notes.txt", b"mine".to_vec());
    let (wal, recovery) = open(&disk);
    assert_eq!(recovery.strangers, [std::path::PathBuf::from("notes.txt")]);
    wal.close();
    assert_eq!(disk.bytes("notes.txt").unwrap(), b"mine");
}

#[test]
fn an_entry_that_rots_while_the_log_is_open_is_named_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (wal, _) = Wal::open(folder.path(), options()).unwrap();
    append(&wal, A, entries(1..=12, 1000));
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join(FIRST)).unwrap();
    std::os::unix::fs::FileExt::write_at(&file, b"rot", 4096 + 16 + 36 + 40).unwrap();
    let error = wal.read(A, 1..2, usize::MAX).unwrap_err();
    assert!(matches!(error, crate::ReadError::Damaged(damage) if damage.offset == 4096 + 16 + 36));
    assert_eq!(wal.read(A, 2..3, usize::MAX).unwrap(), entries(2..=2, 1000));
}

#[test]
fn a_dump_shows_every_record_in_both_forms() {
    let disk = written();
    let dump = |json| {
        let mut out = Vec::new();
        crate::inspect::dump_on(&disk, &mut out, json).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(dump(false).lines().filter(|line| line.contains("  entry ")).count(), 40);
    let entries = dump(true).lines().filter(|line| line.contains(r#""kind":"entry","group":1,"#)).count();
    assert_eq!(entries, 40);
}
