//! Where the log's frames lie, read straight from the files as `docs/data-layout.md` draws them.
//!
//! Drills that damage a log must not ask the code under test where its data is.

use std::fs::{self, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const HEADER_BLOCK_BYTES: usize = 4096;
const FRAME_HEADER_BYTES: usize = 16;
const FRAME_ALIGNMENT: usize = 8;

/// A segment that holds frames.
#[derive(Debug)]
pub struct Segment {
    /// The file.
    pub path: PathBuf,
    /// The bytes of each frame, in order.
    pub frames: Vec<Range<u64>>,
}

impl Segment {
    /// Where the next frame would begin.
    pub fn end(&self) -> u64 {
        let end = self.frames.last().map_or(HEADER_BLOCK_BYTES as u64, |frame| frame.end);
        end.next_multiple_of(FRAME_ALIGNMENT as u64)
    }
}

/// The segments that hold frames, oldest first.
pub fn segments(folder: &Path) -> io::Result<Vec<Segment>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "wal"));
    paths.sort();
    let mut segments = Vec::new();
    for path in paths {
        let frames = frames(&fs::read(&path)?);
        if !frames.is_empty() {
            segments.push(Segment { path, frames });
        }
    }
    Ok(segments)
}

/// Puts `bytes` into a file, as they are.
pub fn overwrite(path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all_at(bytes, offset)
}

/// Flips one bit of a file.
pub fn flip(path: &Path, offset: u64, bit: u32) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset)?;
    file.write_all_at(&[byte[0] ^ (1 << bit)], offset)
}

/// Follows the chain: each frame names the check of the one before, so that an earlier life's frames end the walk.
fn frames(bytes: &[u8]) -> Vec<Range<u64>> {
    let number = |at: usize| {
        bytes.get(at..at + 4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
    };
    let mut frames = Vec::new();
    let mut previous = None;
    let mut at = HEADER_BLOCK_BYTES;
    while let (Some(check), Some(body), Some(link)) = (number(at), number(at + 4), number(at + 12)) {
        let end = at + FRAME_HEADER_BYTES + body as usize;
        let chained = previous.is_none_or(|previous| previous == link);
        if body == 0 || end > bytes.len() || !chained {
            break;
        }
        frames.push(at as u64..end as u64);
        previous = Some(check);
        at = end.next_multiple_of(FRAME_ALIGNMENT);
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(check: u32, previous: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = [check, body.len() as u32, 0, previous].map(u32::to_le_bytes).concat();
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(FRAME_ALIGNMENT), 0);
        bytes
    }

    #[test]
    fn the_walk_ends_at_zeros_and_at_an_earlier_life() {
        let header = vec![1; HEADER_BLOCK_BYTES];
        let live = [frame(10, 5, b"one"), frame(11, 10, b"longer body")].concat();
        let ends = [4096..4096 + 19, 4120..4120 + 27];
        let zeros = [header.clone(), live.clone(), vec![0; 512]].concat();
        assert_eq!(frames(&zeros), ends);
        let recycled = [header.clone(), live, frame(12, 99, b"stale")].concat();
        assert_eq!(frames(&recycled), ends);
        assert_eq!(frames(&header), []);
    }
}
