//! The records of a snapshot in a file.
//!
//! ```text
//! ┌───────┬────────────┬──────────────┬─────┬───────┐
//! │ space │ key length │ value length │ key │ value │  one after the other, until the file ends
//! │  u8   │   u32 LE   │    u32 LE    │     │       │
//! └───────┴────────────┴──────────────┴─────┴───────┘
//! ```

use crate::raft::{Record, Records};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const HEAD: usize = 9;
const BUFFER_BYTES: usize = 256 << 10;

/// A file that is removed when this is dropped.
pub(super) struct Staged {
    pub(super) path: PathBuf,
}

impl Staged {
    /// A name that nobody else in this folder has. `kind` tells people what it is.
    pub(super) fn new(folder: &Path, group: u32, kind: &str) -> Staged {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Staged { path: folder.join(format!("{group}-{number}.{kind}")) }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(file = %self.path.display(), %error, "a staged snapshot could not be removed");
            }
            _ => {}
        }
    }
}

/// What the file of a snapshot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) hash: [u8; 32],
}

/// Writes records to the file, until they end or `stop` is set. Blocks.
pub(super) fn write(staged: &Staged, records: Records, stop: &AtomicBool) -> io::Result<Content> {
    let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::create_new(&staged.path)?);
    let mut hash = Sha256::new();
    let mut content = Content { records: 0, bytes: 0, hash: [0; 32] };
    for record in records {
        if stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("nobody wants the snapshot any more"));
        }
        let Record { space, key, value } = record?;
        let lengths = (length(&key)?, length(&value)?);
        for bytes in [&[space][..], &lengths.0, &lengths.1, &key, &value] {
            hash.update(bytes);
            file.write_all(bytes)?;
            content.bytes += bytes.len() as u64;
        }
        content.records += 1;
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)?;
    content.hash = hash.finalize().into();
    Ok(content)
}

fn length(bytes: &[u8]) -> io::Result<[u8; 4]> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::other("a record of 4 GiB or more"))?;
    Ok(length.to_le_bytes())
}

/// The records of a file, which is removed after the last. Lengths are held against what is left of the file before
/// anything is allocated for them.
pub(super) fn read(staged: Staged, content: Content) -> io::Result<Records> {
    let file = BufReader::with_capacity(BUFFER_BYTES, File::open(&staged.path)?);
    Ok(Box::new(Reading { file, left: content.bytes, records: content.records, _staged: staged }))
}

struct Reading {
    file: BufReader<File>,
    /// Bytes, and records, that are still to come.
    left: u64,
    records: u64,
    _staged: Staged,
}

impl Reading {
    fn record(&mut self) -> io::Result<Record> {
        let mut head = [0; HEAD];
        self.take(&mut head)?;
        let [space, k0, k1, k2, k3, v0, v1, v2, v3] = head;
        let (key, value) = (u32::from_le_bytes([k0, k1, k2, k3]), u32::from_le_bytes([v0, v1, v2, v3]));
        if u64::from(key) + u64::from(value) > self.left {
            return Err(damaged("a record that is longer than the rest"));
        }
        let (mut key, mut value) = (vec![0; key as usize], vec![0; value as usize]);
        self.take(&mut key)?;
        self.take(&mut value)?;
        Ok(Record { space, key: Bytes::from(key), value: Bytes::from(value) })
    }

    fn take(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.left = self.left.checked_sub(buffer.len() as u64).ok_or_else(|| damaged("half a record"))?;
        self.file.read_exact(buffer)
    }
}

impl Iterator for Reading {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<io::Result<Record>> {
        let next = match (self.left, self.records) {
            (0, 0) => return None,
            (0, _) | (_, 0) => Err(damaged("another number of records than its head says")),
            _ => self.record(),
        };
        self.records = self.records.saturating_sub(1);
        if next.is_err() {
            (self.left, self.records) = (0, 0);
        }
        Some(next)
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a snapshot that holds {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u8, value: usize) -> Record {
        Record { space: number, key: Bytes::from(vec![number; 3]), value: Bytes::from(vec![number; value]) }
    }

    fn staged(records: Vec<Record>) -> (tempfile::TempDir, Staged, Content) {
        let folder = tempfile::tempdir().unwrap();
        let staged = Staged::new(folder.path(), 1, "out");
        let content = write(&staged, Box::new(records.into_iter().map(Ok)), &AtomicBool::new(false)).unwrap();
        (folder, staged, content)
    }

    #[test]
    fn records_come_back_and_the_file_goes() {
        let records = vec![record(1, 0), record(2, 100_000), record(3, 5)];
        let (folder, staged, content) = staged(records.clone());
        assert_eq!(content.bytes, std::fs::metadata(&staged.path).unwrap().len());
        let read: Vec<_> = read(staged, content).unwrap().map(Result::unwrap).collect();
        assert_eq!(read, records);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_does_not_add_up_is_an_error_once() {
        for wrong in [(0, -1), (0, 1), (-1, 0)] {
            let (_folder, staged, content) = staged(vec![record(1, 10), record(2, 10)]);
            let (bytes, records) = wrong;
            let content = Content {
                bytes: content.bytes.saturating_add_signed(bytes),
                records: content.records.saturating_add_signed(records),
                ..content
            };
            let read: Vec<_> = read(staged, content).unwrap().collect();
            assert!(read.last().unwrap().is_err());
            assert_eq!(read.iter().filter(|record| record.is_err()).count(), 1);
        }
    }

    #[test]
    fn a_length_beyond_the_file_allocates_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let staged = Staged::new(folder.path(), 1, "in");
        let bytes = [1, 255, 255, 255, 255, 255, 255, 255, 255, 0];
        std::fs::write(&staged.path, bytes).unwrap();
        let content = Content { records: 1, bytes: 10, hash: [0; 32] };
        assert!(read(staged, content).unwrap().next().unwrap().is_err());
    }

    #[test]
    fn writing_stops_when_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let staged = Staged::new(folder.path(), 1, "out");
        let records: Records = Box::new(std::iter::repeat_with(|| Ok(record(1, 1))));
        assert!(write(&staged, records, &AtomicBool::new(true)).is_err());
    }
}
