//! Writes the log that `tests/format_1.rs` reads, into a new folder: `cargo run -p wal --example make_fixture <folder>`.
//!
//! A committed fixture is never written again: it stands for what that release left on disk. Run this for a new format,
//! into a folder of its own.

use std::path::PathBuf;

use bytes::Bytes;
use wal::{Entry, GroupId, Options, Wal};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("name a new folder")?);
    let (wal, _) = Wal::open(&folder, Options { segment_bytes: 16 << 10, ..Options::default() })?;
    let entry = |index: u64, term| Entry {
        index,
        term,
        payload: Bytes::from(format!("entry {index} of term {term}")),
    };
    let nothing = || Box::new(|_| {});

    wal.append(GroupId(1), (1..=5).map(|index| entry(index, 1)).collect(), nothing())?;
    wal.save_vote(GroupId(1), Bytes::from_static(b"vote"), nothing())?;
    wal.save_committed(GroupId(1), Bytes::from_static(b"committed"))?;
    wal.truncate_after(GroupId(1), Some(3), nothing())?;
    wal.append(GroupId(1), vec![entry(4, 2), entry(5, 2)], nothing())?;
    wal.purge_to(GroupId(1), 2, Bytes::from_static(b"purged"))?;
    wal.append(GroupId(2), vec![entry(1, 1)], nothing())?;
    wal.drop_group(GroupId(2), nothing())?;
    // Enough to go on in a second segment.
    let filler = Entry { index: 10, term: 3, payload: Bytes::from(vec![b'x'; 12_000]) };
    wal.append(
        GroupId(3),
        vec![filler, Entry { index: 11, term: 3, payload: Bytes::from_static(b"last") }],
        nothing(),
    )?;
    wal.close();
    Ok(())
}
