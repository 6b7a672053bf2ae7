//! Looking at a folder without changing it: which files are segments, what each holds, how they follow each other.
//!
//! Opening a log and inspecting one both go through here, so that what `verify` says is what `open` does.

use std::io;
use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::disk::Disk;
use crate::error::{Damage, OpenError};
use crate::format::folder::{self, FolderId};
use crate::format::header::HeaderError;
use crate::format::record::Record;
use crate::scan::{Link, Position, Tail, Walk};
use crate::segment::{self, Segment, SegmentError};

/// What the names in a folder say.
pub(crate) struct Survey {
    /// The folder's id; none when it was never used.
    pub(crate) folder: Option<FolderId>,
    /// The sequences of the segments, ascending.
    pub(crate) sequences: Vec<u32>,
    /// Files that are not the log's.
    pub(crate) strangers: Vec<PathBuf>,
}

/// Reads the names in a folder, and its id.
pub(crate) fn survey(disk: &dyn Disk) -> Result<Survey, OpenError> {
    let names = disk.list().map_err(|source| io_error(disk, "", source))?;
    let mut found = Survey { folder: None, sequences: Vec::new(), strangers: Vec::new() };
    for name in names {
        if name == folder::NAME {
            found.folder = Some(read_folder_id(disk)?);
        } else if let Some(sequence) = segment::sequence_in(&name) {
            found.sequences.push(sequence);
        } else if !is_ours(&name) {
            found.strangers.push(disk.path(&name));
        }
    }
    found.sequences.sort_unstable();
    if found.folder.is_none() && !found.sequences.is_empty() {
        let file = disk.path(folder::NAME);
        return Err(Damage {
            file,
            offset: 0,
            what: "the folder's id is missing beside its segments".into(),
        }
        .into());
    }
    Ok(found)
}

/// Files that the log makes for itself and that hold no entries.
fn is_ours(name: &str) -> bool {
    [segment::UNFINISHED, folder::UNFINISHED].contains(&name) || name.ends_with(".torn")
}

fn read_folder_id(disk: &dyn Disk) -> Result<FolderId, OpenError> {
    let read = || -> io::Result<Vec<u8>> {
        let file = disk.open(folder::NAME)?;
        let mut bytes = vec![0; file.length()?.min(folder::BYTES as u64) as usize];
        file.read_at(&mut bytes, 0)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|source| io_error(disk, folder::NAME, source))?;
    folder::decode(&bytes).map_err(|reason| OpenError::Unreadable { file: disk.path(folder::NAME), reason })
}

/// Opens a segment and checks that it is what its name and its folder say.
pub(crate) fn open_segment(disk: &dyn Disk, folder: FolderId, sequence: u32) -> Result<Segment, OpenError> {
    let name = segment::name(sequence);
    let file = disk.path(&name);
    let segment = Segment::open(disk, &name).map_err(|error| match error {
        SegmentError::Header(reason) => OpenError::Unreadable { file: file.clone(), reason },
        SegmentError::Io(source) => OpenError::Io { path: file.clone(), source },
    })?;
    if segment.header.folder != folder || segment.sequence() != sequence {
        return Err(OpenError::Foreign(file));
    }
    if segment.end < segment.header.capacity {
        let what = format!("the file ends here and should have {} bytes", segment.header.capacity);
        return Err(Damage { file, offset: segment.end, what }.into());
    }
    Ok(segment)
}

/// What the frames of a segment came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contents {
    /// What its first record says of the segment before; none in an empty segment.
    pub(crate) link: Option<Link>,
    pub(crate) end: Position,
    pub(crate) frames: u64,
    pub(crate) tail: Tail,
}

/// Reads every good frame of a segment and hands each record to `visit`.
pub(crate) fn read_segment(
    segment: &Segment,
    mut visit: impl FnMut(u64, &Record<'_>),
) -> Result<Contents, OpenError> {
    let io_error = |source| segment.io_error(source);
    let mut walk = Walk::new(segment);
    let mut frames = 0;
    let mut link = None;
    while let Some(records) = walk.next_frame().map_err(io_error)? {
        for (at, record) in records.enumerate() {
            let (offset, record) = record?;
            if frames == 0 && at == 0 {
                link = Some(Link::from_record(&record).ok_or_else(|| unlinked(segment, offset))?);
            }
            visit(offset, &record);
        }
        frames += 1;
    }
    let tail = walk.tail().map_err(io_error)?;
    Ok(Contents { link, end: walk.position(), frames, tail })
}

fn unlinked(segment: &Segment, offset: u64) -> Damage {
    let what = "the first record does not link to the segment before".into();
    Damage { file: segment.path.clone(), offset, what }
}

/// Whether the frames of `segment` end well: nothing good behind damage, and where the next segment says that they end.
pub(crate) fn check_end(segment: &Segment, contents: &Contents, next: Option<Link>) -> Result<(), Damage> {
    let damage = |what: String| Damage { file: segment.path.clone(), offset: contents.end.offset, what };
    if let Tail::Damaged { good_at } = contents.tail {
        return Err(damage(format!("no good frame here, but a good one follows at byte {good_at}")));
    }
    match next {
        Some(link) if link.sequence != u64::from(segment.sequence()) || link.end != contents.end => {
            Err(damage(format!(
                "the good frames end here, but the next segment follows on segment {:08x} up to byte {}",
                link.sequence, link.end.offset
            )))
        }
        _ => Ok(()),
    }
}

/// The first segment that is missing between two others.
pub(crate) fn missing(sequences: &[u32]) -> Option<u32> {
    sequences.windows(2).find(|pair| pair[1] != pair[0] + 1).map(|pair| pair[0] + 1)
}

/// A segment's sequence as its places carry it.
pub(crate) fn number(segment: &Segment) -> Result<NonZeroU32, OpenError> {
    NonZeroU32::new(segment.sequence())
        .ok_or_else(|| OpenError::Unreadable { file: segment.path.clone(), reason: HeaderError::NotOurs })
}

/// The error for a file that the system refused.
pub(crate) fn io_error(disk: &dyn Disk, name: &str, source: io::Error) -> OpenError {
    OpenError::Io { path: disk.path(name), source }
}
