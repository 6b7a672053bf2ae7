//! The toy's log: one segment, laid out as the hub's own are, so that the drills find their way in it.
//!
//! ```text
//! 0 header block of 4096 bytes · frame · frame · … · zeros
//! frame: check u32 (of bytes 4..16) · length u32 · sum of the body u32 · check of the frame before u32 · body
//! ```

use std::fs::{self, File, OpenOptions};
use std::hash::Hasher;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};

use crate::fault::Fault;

const HEADER_BLOCK_BYTES: usize = 4096;
const FRAME_HEADER_BYTES: usize = 16;
const ALIGNMENT: usize = 8;
const SEGMENT_BYTES: u64 = 32 << 20;

/// The open log.
pub struct Log {
    file: File,
    end: usize,
    previous: u32,
    fault: Option<Fault>,
}

/// What is in a segment.
pub struct Survey {
    /// The bodies of the frames that check, in order.
    pub bodies: Vec<Vec<u8>>,
    /// Where the next frame belongs.
    pub end: usize,
    /// What is wrong behind the end.
    pub fault: Tail,
    previous: u32,
}

/// What lies behind the last frame of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Zeros.
    Clean,
    /// Something, with nothing valid in or behind it.
    Torn,
    /// Something, with a valid frame behind it.
    Damaged,
}

impl Log {
    /// Opens or makes the log in `folder`; the bodies of all its frames.
    pub fn open(folder: &Path, fault: Option<Fault>) -> io::Result<(Log, Vec<Vec<u8>>)> {
        let path = segment(folder);
        if !path.exists() {
            create(folder, &path)?;
        }
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let bytes = fs::read(&path)?;
        let survey = survey(&bytes);
        match survey.fault {
            Tail::Clean => {}
            Tail::Damaged if fault != Some(Fault::IgnoreDamage) => {
                return Err(io::Error::other(damage(&path, survey.end)));
            }
            Tail::Torn | Tail::Damaged => {
                let rest = &bytes[survey.end..];
                if fault != Some(Fault::DropTorn) {
                    fs::write(path.with_extension(format!("{}.torn", survey.end)), rest)?;
                }
                file.write_all_at(&vec![0; rest.len()], survey.end as u64)?;
                file.sync_data()?;
            }
        }
        Ok((Log { file, end: survey.end, previous: survey.previous, fault }, survey.bodies))
    }

    /// Adds a frame and makes it durable.
    pub fn append(&mut self, body: &[u8]) -> io::Result<()> {
        let frame = frame(self.previous, body);
        self.file.write_all_at(&frame, self.end as u64)?;
        self.end = (self.end + frame.len()).next_multiple_of(ALIGNMENT);
        self.previous = number(&frame, 0);
        match self.fault {
            Some(Fault::SkipFsync) => Ok(()),
            Some(Fault::IgnoreFsyncError) => self.file.sync_data().or(Ok(())),
            _ => self.file.sync_data(),
        }
    }
}

/// The file of the log in a folder.
pub fn segment(folder: &Path) -> PathBuf {
    folder.join("00000001.wal")
}

/// How damage is named.
pub fn damage(path: &Path, at: usize) -> String {
    format!("{} is damaged at byte {at}", path.display())
}

/// Makes every name on the way to the segment durable.
fn create(folder: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let file = File::create_new(path)?;
    fallocate(&file, FallocateFlags::empty(), 0, SEGMENT_BYTES)?;
    file.write_all_at(b"TOY", 0)?;
    file.sync_all()?;
    folder.ancestors().take(3).try_for_each(|folder| File::open(folder)?.sync_all())
}

/// Reads the chain of frames, and what lies behind it.
pub fn survey(bytes: &[u8]) -> Survey {
    let mut survey = Survey { bodies: Vec::new(), end: HEADER_BLOCK_BYTES, fault: Tail::Clean, previous: 0 };
    while let Some(body) =
        frame_at(bytes, survey.end).filter(|_| number(bytes, survey.end + 12) == survey.previous)
    {
        survey.previous = number(bytes, survey.end);
        survey.end = (survey.end + FRAME_HEADER_BYTES + body.len()).next_multiple_of(ALIGNMENT);
        survey.bodies.push(body.to_vec());
    }
    let behind = &bytes[survey.end..];
    if behind.iter().any(|&byte| byte != 0) {
        let valid = (survey.end..bytes.len()).step_by(ALIGNMENT).any(|at| frame_at(bytes, at).is_some());
        survey.fault = if valid { Tail::Damaged } else { Tail::Torn };
    }
    survey
}

/// The body of the frame at `at`, if one checks there.
fn frame_at(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let header = bytes.get(at..at + FRAME_HEADER_BYTES)?;
    let body = at + FRAME_HEADER_BYTES;
    let len = number(header, 4) as usize;
    let body = bytes.get(body..body.checked_add(len)?)?;
    let checks = len > 0 && number(header, 0) == sum(&header[4..]) && number(header, 8) == sum(body);
    checks.then_some(body)
}

fn frame(previous: u32, body: &[u8]) -> Vec<u8> {
    let rest = [body.len() as u32, sum(body), previous].map(u32::to_le_bytes).concat();
    [&sum(&rest).to_le_bytes(), rest.as_slice(), body].concat()
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Any sum that notices a flipped bit will do.
pub fn sum(bytes: &[u8]) -> u32 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish() as u32
}
