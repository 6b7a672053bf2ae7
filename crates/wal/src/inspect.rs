//! Looking at a log from outside: what is in it, and whether it is whole. Nothing is changed and no lock is taken, so it
//! also works beside a running process; what that one is writing just then may look torn.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::disk::{Disk, RealDisk};
use crate::entry::GroupId;
use crate::error::{Damage, OpenError};
use crate::format::folder::FolderId;
use crate::format::record::{Kind, Record};
use crate::replay::Replay;
use crate::scan::Tail;
use crate::segment::{self, Segment};
use crate::survey::{self, Contents};

/// What `verify` found.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Every damage. The log opens only when there is none.
    pub damages: Vec<Damage>,
    /// Groups that are incomplete although every frame is good.
    pub damaged_groups: Vec<(GroupId, String)>,
    /// Where the trace of a crash stands behind the last good frame. The next start cuts it.
    pub torn: Vec<Damage>,
    /// Files in the folder that are not the log's.
    pub strangers: Vec<PathBuf>,
    /// Segments read.
    pub segments: u64,
    /// Good frames.
    pub frames: u64,
    /// Records in them.
    pub records: u64,
}

impl Verdict {
    /// Whether nothing is damaged. A torn tail is no damage.
    pub fn is_whole(&self) -> bool {
        self.damages.is_empty() && self.damaged_groups.is_empty()
    }
}

/// A line of a dump.
#[derive(Serialize)]
#[serde(tag = "line", rename_all = "snake_case")]
enum Line<'a> {
    Segment {
        file: String,
        sequence: u32,
        bytes: u64,
    },
    Record {
        file: &'a str,
        offset: u64,
        kind: Kind,
        group: GroupId,
        index: u64,
        term: u64,
        payload_bytes: usize,
    },
    End {
        file: String,
        offset: u64,
        frames: u64,
        tail: String,
    },
    Problem {
        message: String,
    },
}

/// Prints every record of the log in this folder: lines for people, or one JSON object a line.
pub fn dump(dir: &Path, out: &mut impl Write, json: bool) -> io::Result<()> {
    dump_on(&RealDisk::read_only(dir)?, out, json)
}

/// Reads the whole log in this folder and names every damage.
pub fn verify(dir: &Path) -> Verdict {
    match RealDisk::read_only(dir) {
        Ok(disk) => verify_on(&disk),
        Err(source) => Verdict {
            damages: vec![as_damage(OpenError::Io { path: dir.to_owned(), source })],
            ..Verdict::default()
        },
    }
}

/// [`verify`] on a disk that the caller chose.
pub fn verify_on(disk: &dyn Disk) -> Verdict {
    let mut verdict = Verdict::default();
    let found = match survey::survey(disk) {
        Ok(found) => found,
        Err(error) => {
            verdict.damages.push(as_damage(error));
            return verdict;
        }
    };
    verdict.strangers = found.strangers;
    if let Some(sequence) = survey::missing(&found.sequences) {
        verdict.damages.push(as_damage(OpenError::MissingSegment(disk.path(&segment::name(sequence)))));
    }
    let Some(folder) = found.folder else { return verdict };
    let mut replay = Replay::default();
    verdict.read_all(disk, folder, &found.sequences, &mut replay);
    if verdict.damages.is_empty() {
        verdict.damaged_groups = replay.damaged_groups();
    }
    verdict
}

impl Verdict {
    fn read_all(&mut self, disk: &dyn Disk, folder: FolderId, sequences: &[u32], replay: &mut Replay) {
        let mut before: Option<(Segment, Contents)> = None;
        for sequence in sequences {
            let read = read_one(disk, folder, *sequence, replay);
            let link = read.as_ref().ok().and_then(|(_, contents)| contents.link);
            let follows = sequence.checked_sub(1);
            if let Some((segment, contents)) = before.take() {
                let link = link.filter(|_| follows == Some(segment.sequence()));
                self.damages.extend(survey::check_end(&segment, &contents, link).err());
            }
            match read {
                Ok(read) => {
                    self.count(&read);
                    before = Some(read);
                }
                Err(error) => self.damages.push(as_damage(error)),
            }
        }
        if let Some((segment, contents)) = before {
            self.damages.extend(survey::check_end(&segment, &contents, None).err());
        }
        self.records = replay.records;
    }

    fn count(&mut self, (segment, contents): &(Segment, Contents)) {
        self.segments += 1;
        self.frames += contents.frames;
        if let Tail::Torn { bytes } = contents.tail {
            let what = format!("an interrupted write of up to {bytes} bytes");
            self.torn.push(Damage { file: segment.path.clone(), offset: contents.end.offset, what });
        }
    }
}

fn read_one(
    disk: &dyn Disk,
    folder: FolderId,
    sequence: u32,
    replay: &mut Replay,
) -> Result<(Segment, Contents), OpenError> {
    let segment = survey::open_segment(disk, folder, sequence)?;
    let number = survey::number(&segment)?;
    let contents = survey::read_segment(&segment, |offset, record| replay.apply(number, offset, record))?;
    Ok((segment, contents))
}

/// An error in the words of a damage: where, and what.
fn as_damage(error: OpenError) -> Damage {
    let what = match &error {
        OpenError::Io { source, .. } => format!("{error}: {source}"),
        _ => error.to_string(),
    };
    match error {
        OpenError::Damaged(damage) => damage,
        OpenError::Unreadable { file, reason } => Damage { file, offset: 0, what: reason.to_string() },
        OpenError::Foreign(file)
        | OpenError::MissingSegment(file)
        | OpenError::Locked(file)
        | OpenError::Io { path: file, .. } => Damage { file, offset: 0, what },
        OpenError::SegmentSize(_) => Damage { file: PathBuf::new(), offset: 0, what },
    }
}

/// [`dump`] on a disk that the caller chose.
pub fn dump_on(disk: &dyn Disk, out: &mut impl Write, json: bool) -> io::Result<()> {
    let found = match survey::survey(disk) {
        Ok(found) => found,
        Err(error) => return print(out, json, &Line::Problem { message: as_damage(error).to_string() }),
    };
    let Some(folder) = found.folder else { return Ok(()) };
    for sequence in found.sequences {
        match survey::open_segment(disk, folder, sequence) {
            Ok(segment) => dump_segment(&segment, out, json)?,
            Err(error) => print(out, json, &Line::Problem { message: as_damage(error).to_string() })?,
        }
    }
    Ok(())
}

fn dump_segment(segment: &Segment, out: &mut impl Write, json: bool) -> io::Result<()> {
    let file = segment::name(segment.sequence());
    let header =
        Line::Segment { file: file.clone(), sequence: segment.sequence(), bytes: segment.header.capacity };
    print(out, json, &header)?;
    let mut printed = Ok(());
    let read = survey::read_segment(segment, |offset, record| {
        if printed.is_ok() {
            printed = print(out, json, &line_of(&file, offset, record));
        }
    });
    printed?;
    match read {
        Ok(Contents { end, frames, tail, .. }) => {
            let tail = match tail {
                Tail::Clean => "clean".to_owned(),
                Tail::Torn { bytes } => format!("torn, up to {bytes} bytes"),
                Tail::Damaged { good_at } => format!("damaged, a good frame follows at byte {good_at}"),
            };
            print(out, json, &Line::End { file, offset: end.offset, frames, tail })
        }
        Err(error) => print(out, json, &Line::Problem { message: as_damage(error).to_string() }),
    }
}

fn line_of<'a>(file: &'a str, offset: u64, record: &Record<'_>) -> Line<'a> {
    let Record { kind, group, index, term, payload } = *record;
    Line::Record { file, offset, kind, group, index, term, payload_bytes: payload.len() }
}

fn print(out: &mut impl Write, json: bool, line: &Line<'_>) -> io::Result<()> {
    if json {
        serde_json::to_writer(&mut *out, line)?;
        return writeln!(out);
    }
    match line {
        Line::Segment { file, sequence, bytes } => writeln!(out, "{file}  segment {sequence}, {bytes} bytes"),
        Line::Record { offset, kind, group, index, term, payload_bytes, .. } => {
            let kind = format!("{kind:?}").to_lowercase();
            writeln!(
                out,
                "  {offset:>10}  {kind:<9} group {group} index {index} term {term}, {payload_bytes} bytes"
            )
        }
        Line::End { offset, frames, tail, .. } => {
            writeln!(out, "  {offset:>10}  end after {frames} frames: {tail}")
        }
        Line::Problem { message } => writeln!(out, "{message}"),
    }
}
