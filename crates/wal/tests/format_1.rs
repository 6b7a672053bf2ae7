//! Format 1 as it was first released can still be read. The fixture was written by `examples/make_fixture.rs` and is never
//! written again.

use std::path::Path;

use bytes::Bytes;
use wal::{GroupId, GroupState, Options, Wal, inspect};

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-1")
}

#[test]
fn the_fixture_verifies() {
    let verdict = inspect::verify(&fixture());
    assert!(verdict.is_whole(), "{verdict:?}");
    assert_eq!((verdict.frames > 0, verdict.torn.len(), verdict.strangers.len()), (true, 0, 0));
}

#[test]
fn the_fixture_opens_with_everything_that_was_written() {
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(fixture()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let options = Options { segment_bytes: 16 << 10, ..Options::default() };
    let (wal, recovery) = Wal::open(folder.path(), options).unwrap();
    assert_eq!((recovery.damaged.len(), recovery.torn.len()), (0, 0));
    let expected = GroupState {
        first_index: Some(3),
        last: Some((5, 2)),
        purged: Some((2, Bytes::from_static(b"purged"))),
        vote: Some(Bytes::from_static(b"vote")),
        committed: Some(Bytes::from_static(b"committed")),
    };
    assert_eq!(wal.state(GroupId(1)), expected);
    assert_eq!(wal.state(GroupId(2)), GroupState::default());
    let payloads = |group, range| -> Vec<Bytes> {
        wal.read(GroupId(group), range, usize::MAX).unwrap().into_iter().map(|entry| entry.payload).collect()
    };
    assert_eq!(payloads(1, 0..9), ["entry 3 of term 1", "entry 4 of term 2", "entry 5 of term 2"]);
    assert_eq!(payloads(3, 11..12), ["last"]);
    assert_eq!(payloads(3, 10..11)[0].len(), 12_000);
}
