//! A segment file: opening one, and making the next.
//!
//! A file gets its segment name last, after its length, its zeros and its header are durable, so a name `0000002a.wal`
//! always stands for a whole segment. Zeros are written, not only reserved: a sync that must also convert reserved room
//! costs half as much again.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::BLOCK;
use crate::format::folder::FolderId;
use crate::format::header::{self, HeaderError, SegmentHeader};

/// Zeros are written in pieces of this size and synced piece by piece, so that a commit beside them waits for one piece
/// at most.
const ZERO_CHUNK_BYTES: u64 = 2 << 20;

/// What the file is called until it is a segment.
pub(crate) const UNFINISHED: &str = "segment.tmp";

/// An open segment.
pub(crate) struct Segment {
    pub(crate) header: SegmentHeader,
    /// The value from which this segment's checksums start.
    pub(crate) seed: u32,
    pub(crate) path: PathBuf,
    /// Where the file ends; less than its capacity only in a file that was cut short.
    pub(crate) end: u64,
    pub(crate) file: Arc<dyn DiskFile>,
}

/// Why a file is not an open segment.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SegmentError {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The name of segment `sequence`.
pub(crate) fn name(sequence: u32) -> String {
    format!("{sequence:08x}.wal")
}

/// The sequence in a segment's name.
pub(crate) fn sequence_in(file: &str) -> Option<u32> {
    let sequence = u32::from_str_radix(file.strip_suffix(".wal")?, 16).ok()?;
    (sequence > 0 && name(sequence) == file).then_some(sequence)
}

impl Segment {
    pub(crate) fn sequence(&self) -> u32 {
        self.header.sequence
    }

    /// Opens a file and reads its header.
    pub(crate) fn open(disk: &dyn Disk, file_name: &str) -> Result<Self, SegmentError> {
        Self::from_file(disk.open(file_name)?, disk.path(file_name))
    }

    /// Reads the header of an open file.
    pub(crate) fn from_file(file: Arc<dyn DiskFile>, path: PathBuf) -> Result<Self, SegmentError> {
        let length = file.length()?;
        if length < header::BYTES as u64 {
            return Err(HeaderError::NotOurs.into());
        }
        let mut bytes = [0; header::BYTES];
        file.read_at(&mut bytes, 0)?;
        let header = SegmentHeader::decode(&bytes)?;
        Ok(Self { seed: header.seed(), end: header.capacity.min(length), header, path, file })
    }

    /// Makes a new segment of zeros.
    pub(crate) fn make(disk: &dyn Disk, header: SegmentHeader) -> io::Result<Self> {
        remove_unfinished(disk)?;
        let made = Self::fill(disk, &header).and_then(|file| Self::finish(disk, header, file));
        if made.is_err() {
            // A full disk needs the room back; if this fails too, the next attempt or start removes the file.
            let _ = disk.remove(UNFINISHED);
        }
        made
    }

    /// Takes a segment's name away, so that its file can become another. When this fails nothing has changed.
    pub(crate) fn unname(&self, disk: &dyn Disk) -> io::Result<()> {
        remove_unfinished(disk)?;
        disk.rename(&name(self.sequence()), UNFINISHED)
    }

    /// Makes a new segment from one that was unnamed. Its old bytes stay, and fail their checksums under the new salt.
    pub(crate) fn renew(&self, disk: &dyn Disk, header: SegmentHeader) -> io::Result<Self> {
        // Before the header changes, the old name must be gone for good: a segment never contradicts its name.
        disk.sync_folder()?;
        Self::finish(disk, header, self.file.clone())
    }

    fn fill(disk: &dyn Disk, header: &SegmentHeader) -> io::Result<Arc<dyn DiskFile>> {
        let file = disk.create(UNFINISHED)?;
        file.reserve(header.capacity)?;
        let zeros = vec![0; ZERO_CHUNK_BYTES.min(header.capacity) as usize];
        let mut offset = 0;
        while offset < header.capacity {
            let bytes = ZERO_CHUNK_BYTES.min(header.capacity - offset);
            file.write_at(&zeros[..bytes as usize], offset)?;
            file.sync()?;
            offset += bytes;
        }
        Ok(file)
    }

    /// Writes the header and an empty first block of frames, then gives the file its name.
    fn finish(disk: &dyn Disk, header: SegmentHeader, file: Arc<dyn DiskFile>) -> io::Result<Self> {
        let mut front = vec![0; 2 * BLOCK as usize];
        front[..header::BYTES].copy_from_slice(&header.encode());
        file.write_at(&front, 0)?;
        file.sync()?;
        let file_name = name(header.sequence);
        disk.rename(UNFINISHED, &file_name)?;
        disk.sync_folder()?;
        Ok(Self { seed: header.seed(), end: header.capacity, header, path: disk.path(&file_name), file })
    }

    /// A header for the segment `sequence` of this folder, with a salt of its own.
    pub(crate) fn new_header(folder: FolderId, sequence: u32, capacity: u64) -> SegmentHeader {
        SegmentHeader { sequence, folder, salt: rand::random(), capacity }
    }

    /// The error for a file of this segment that the system refused.
    pub(crate) fn io_error(&self, source: io::Error) -> OpenError {
        OpenError::Io { path: self.path.clone(), source }
    }
}

/// Removes what a crash left half made.
pub(crate) fn remove_unfinished(disk: &dyn Disk) -> io::Result<()> {
    match disk.remove(UNFINISHED) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SimDisk;

    #[test]
    fn only_exact_names_are_segments() {
        assert_eq!(sequence_in(&name(42)), Some(42));
        for other in ["2a.wal", "0000002A.wal", "00000000.wal", "0000002a.wal.bak", "+000002a.wal"] {
            assert_eq!(sequence_in(other), None, "{other}");
        }
    }

    /// Whatever happens while segments are made and recycled, every name that looks like a segment is one.
    #[test]
    fn a_power_cut_never_leaves_a_name_without_its_segment() {
        for operations in 0..40 {
            let disk = SimDisk::new();
            disk.cut_power_after(operations);
            let header = |sequence| Segment::new_header([1; 16], sequence, 4 * BLOCK);
            if let Ok(first) = Segment::make(&disk, header(1)) {
                let _ = Segment::make(&disk, header(2))
                    .and_then(|_| first.unname(&disk))
                    .and_then(|()| first.renew(&disk, header(3)));
            }
            for seed in 0..20 {
                let survivor = disk.after_power_cut(seed);
                for file in survivor.list().unwrap() {
                    if let Some(sequence) = sequence_in(&file) {
                        assert_eq!(Segment::open(&survivor, &file).unwrap().sequence(), sequence);
                    }
                }
            }
        }
    }
}
