//! Opening a folder: read what is there, cut the trace of a crash, and say where writing goes on.
//!
//! First everything is read and judged; only then is anything changed. What was read is then made durable, for the
//! process that wrote it may have ended before its sync: frames of a later segment must never outlive frames of this one.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::book::Book;
use crate::disk::Disk;
use crate::entry::{GroupId, GroupState};
use crate::error::OpenError;
use crate::format::folder::{self, FolderId};
use crate::format::{BLOCK, align, frame};
use crate::group::Group;
use crate::options::Options;
use crate::replay::Replay;
use crate::scan::{Position, Tail};
use crate::segment::{self, Segment};
use crate::survey::{self, Contents, Survey};

/// What opening a log found and did.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Each group's state.
    pub groups: BTreeMap<GroupId, GroupState>,
    /// Groups whose log is incomplete. They refuse everything until they are dropped.
    pub damaged: Vec<DamagedGroup>,
    /// Traces of a crash that were cut.
    pub torn: Vec<Torn>,
    /// Files in the folder that are not the log's. They were left alone.
    pub strangers: Vec<PathBuf>,
    /// Segments that hold frames.
    pub segments: usize,
    /// Records read.
    pub records: u64,
}

/// A group whose log is incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedGroup {
    /// The group.
    pub group: GroupId,
    /// What is wrong with it.
    pub what: String,
}

/// An interrupted write that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The segment.
    pub file: PathBuf,
    /// Where the cut is.
    pub offset: u64,
    /// How many bytes were in doubt.
    pub bytes: u64,
    /// Where a copy of them is.
    pub copy: PathBuf,
}

/// A log that was read and is ready to be written.
pub(crate) struct Recovered {
    pub(crate) folder: FolderId,
    pub(crate) groups: HashMap<GroupId, Group>,
    pub(crate) book: Book,
    /// The segment that is written next, and where.
    pub(crate) active: Arc<Segment>,
    pub(crate) position: Position,
    /// Empty segments behind it.
    pub(crate) prepared: Vec<Arc<Segment>>,
    pub(crate) report: Recovery,
}

/// A segment and what was found in it.
type Found = (Arc<Segment>, Contents);

/// Reads the log in this folder and makes it ready to be written.
pub(crate) fn recover(disk: &dyn Disk, options: &Options) -> Result<Recovered, OpenError> {
    let Survey { folder, sequences, strangers } = survey::survey(disk)?;
    if let Some(sequence) = survey::missing(&sequences) {
        return Err(OpenError::MissingSegment(disk.path(&segment::name(sequence))));
    }
    let mut replay = Replay::default();
    let mut found = match folder {
        Some(folder) => read_all(disk, folder, &sequences, &mut replay)?,
        None => Vec::new(),
    };
    // From here on the folder is changed.
    let io_error = |source| survey::io_error(disk, "", source);
    segment::remove_unfinished(disk).map_err(io_error)?;
    disk.sync_folder().map_err(io_error)?;
    let folder = folder.map_or_else(|| make_folder_id(disk), Ok).map_err(io_error)?;
    let torn = cut_all(disk, &found)?;
    drop_empty_of_other_size(disk, &mut found, options.segment_bytes).map_err(io_error)?;
    if found.is_empty() {
        found.push(first_segment(disk, folder, options.segment_bytes).map_err(io_error)?);
    }
    let records = replay.records;
    let mut recovered = assemble(folder, found, replay)?;
    recovered.report.strangers = strangers;
    recovered.report.torn = torn;
    recovered.report.records = records;
    Ok(recovered)
}

fn read_all(
    disk: &dyn Disk,
    folder: FolderId,
    sequences: &[u32],
    replay: &mut Replay,
) -> Result<Vec<Found>, OpenError> {
    let mut found: Vec<Found> = Vec::new();
    for sequence in sequences {
        let segment = survey::open_segment(disk, folder, *sequence)?;
        let number = survey::number(&segment)?;
        let contents = survey::read_segment(&segment, |offset, record| replay.apply(number, offset, record))?;
        if let Some((before, of_before)) = found.last() {
            survey::check_end(before, of_before, contents.link)?;
        }
        found.push((Arc::new(segment), contents));
    }
    if let Some((last, contents)) = found.last() {
        survey::check_end(last, contents, None)?;
    }
    Ok(found)
}

fn make_folder_id(disk: &dyn Disk) -> io::Result<FolderId> {
    match disk.remove(folder::UNFINISHED) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let id = rand::random();
    let file = disk.create(folder::UNFINISHED)?;
    file.write_at(&folder::encode(&id), 0)?;
    file.sync()?;
    disk.rename(folder::UNFINISHED, folder::NAME)?;
    disk.sync_folder()?;
    Ok(id)
}

fn first_segment(disk: &dyn Disk, folder: FolderId, bytes: u64) -> io::Result<Found> {
    let segment = Segment::make(disk, Segment::new_header(folder, 1, bytes))?;
    let end = Position { offset: BLOCK, check: segment.seed };
    Ok((Arc::new(segment), Contents { link: None, end, frames: 0, tail: Tail::Clean }))
}

/// Cuts every torn tail. Only the last write can be torn, so this is one at most, unless segments were touched by hand.
fn cut_all(disk: &dyn Disk, found: &[Found]) -> Result<Vec<Torn>, OpenError> {
    let mut torn = Vec::new();
    for (segment, contents) in found {
        if let Tail::Torn { bytes } = contents.tail {
            let offset = contents.end.offset;
            torn.push(cut(disk, segment, offset, bytes).map_err(|source| segment.io_error(source))?);
        }
    }
    Ok(torn)
}

/// Copies the bytes in doubt aside and writes zeros where the next frame will start.
fn cut(disk: &dyn Disk, segment: &Segment, offset: u64, bytes: u64) -> io::Result<Torn> {
    let mut doubtful = vec![0; bytes as usize];
    segment.file.read_at(&mut doubtful, offset)?;
    let name = format!("{:08x}-{offset}-{:08x}.torn", segment.sequence(), rand::random::<u32>());
    let copy = disk.create(&name)?;
    copy.write_at(&doubtful, 0)?;
    copy.sync()?;
    disk.sync_folder()?;
    let end = align(offset + frame::HEADER_BYTES as u64, BLOCK).min(segment.end);
    segment.file.write_at(&vec![0; (end - offset) as usize], offset)?;
    segment.file.sync()?;
    Ok(Torn { file: segment.path.clone(), offset, bytes, copy: disk.path(&name) })
}

/// Removes the empty segments at the end if they are not of the size that is wanted now: an entry may not fit them.
fn drop_empty_of_other_size(disk: &dyn Disk, found: &mut Vec<Found>, bytes: u64) -> io::Result<()> {
    let used = found.iter().rposition(|(_, contents)| contents.frames > 0).map_or(0, |at| at + 1);
    if found[used..].iter().all(|(segment, _)| segment.header.capacity == bytes) {
        return Ok(());
    }
    while found.len() > used {
        let (segment, _) = found.pop().expect("there are more than are used");
        disk.remove(&segment::name(segment.sequence()))?;
        disk.sync_folder()?;
    }
    Ok(())
}

/// More than one commit ever leaves unsynced: what the queue holds, and one more batch.
const DOUBTFUL_BYTES: u64 = 32 << 20;

/// Writes the newest frames again and syncs them, the oldest first.
///
/// A sync alone would not do: after one that failed, the kernel may take pages for written that never reached the disk.
/// They are read from memory until the power goes, and another sync finds nothing to do.
fn write_again(found: &[Found]) -> Result<(), (Arc<Segment>, io::Error)> {
    let mut doubtful = 0;
    let newest = found.iter().rev().take_while(|(_, contents)| {
        let before = doubtful;
        doubtful += contents.end.offset;
        before < DOUBTFUL_BYTES
    });
    let first = found.len() - newest.count();
    for (segment, contents) in &found[first..] {
        rewrite(segment, contents.end.offset).map_err(|source| (segment.clone(), source))?;
    }
    Ok(())
}

fn rewrite(segment: &Segment, end: u64) -> io::Result<()> {
    const PIECE_BYTES: u64 = 1 << 20;
    let mut piece = Vec::new();
    let mut offset = BLOCK;
    while offset < end {
        piece.resize((end - offset).min(PIECE_BYTES) as usize, 0);
        segment.file.read_at(&mut piece, offset)?;
        segment.file.write_at(&piece, offset)?;
        offset += piece.len() as u64;
    }
    segment.file.sync()
}

/// Brings together what was read. `found` is not empty.
fn assemble(folder: FolderId, mut found: Vec<Found>, replay: Replay) -> Result<Recovered, OpenError> {
    let active = found.iter().rposition(|(_, contents)| contents.frames > 0).unwrap_or(0);
    let prepared = found.split_off(active + 1).into_iter().map(|(segment, _)| segment).collect();
    write_again(&found).map_err(|(segment, source)| segment.io_error(source))?;
    let mut book = Book::default();
    let mut last = None;
    for (segment, contents) in found {
        book.add(segment.clone());
        last = Some((segment, contents.end));
    }
    let (active, position) = last.expect("a log has a segment");
    let groups = replay.finish(&mut book);
    let report = Recovery { segments: book.len(), ..report(&groups) };
    Ok(Recovered { folder, groups, book, active, position, prepared, report })
}

fn report(groups: &HashMap<GroupId, Group>) -> Recovery {
    let mut report = Recovery::default();
    for (id, group) in groups {
        match &group.damage {
            Some(what) => report.damaged.push(DamagedGroup { group: *id, what: what.clone() }),
            None => drop(report.groups.insert(*id, group.state())),
        }
    }
    report.damaged.sort_by_key(|it| it.group);
    report
}
