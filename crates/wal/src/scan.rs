//! Walking the frames of a segment, and judging what stands behind the last good one.
//!
//! A crash tears at most the last write, and a write is one frame, and the next one starts only after a sync. So bytes
//! that are no frame, with a good frame behind them, were good once: that is damage. With nothing behind them they are the
//! trace of a crash. Memory is bounded by the file: a length is believed only within it.

use std::io;

use crate::error::Damage;
use crate::format::frame::{self, FrameHeader};
use crate::format::record::{Kind, Record};
use crate::format::{BLOCK, align};
use crate::options::FRAME_BYTES;
use crate::segment::Segment;

/// How much is read at once in the search for a good frame.
const WINDOW_BYTES: u64 = 1 << 20;

/// A place between two frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Where the next frame starts.
    pub(crate) offset: u64,
    /// The check of the frame before; the seed at a segment's front.
    pub(crate) check: u32,
}

/// What stands behind the last good frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing.
    Clean,
    /// The trace of a write that a crash interrupted, at most this many bytes.
    Torn { bytes: u64 },
    /// Something that was good once, for a good frame follows at this offset.
    Damaged { good_at: u64 },
}

/// Reads frame after frame.
pub(crate) struct Walk<'s> {
    segment: &'s Segment,
    position: Position,
    body: Vec<u8>,
}

impl<'s> Walk<'s> {
    pub(crate) fn new(segment: &'s Segment) -> Self {
        Self { segment, position: Position { offset: BLOCK, check: segment.seed }, body: Vec::new() }
    }

    /// Where the frames read so far end.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// The next frame's records and where they start; `None` behind the last good frame.
    pub(crate) fn next_frame(&mut self) -> io::Result<Option<Records<'_>>> {
        let Position { offset, check } = self.position;
        let Some(header) = read_frame(self.segment, offset, &mut self.body)? else { return Ok(None) };
        if header.previous != check {
            return Ok(None);
        }
        let body_at = offset + frame::HEADER_BYTES as u64;
        self.position = Position {
            offset: align(body_at + self.body.len() as u64, frame::ALIGNMENT),
            check: header.check,
        };
        Ok(Some(Records { segment: self.segment, offset: body_at, rest: &self.body }))
    }

    /// What stands behind the last good frame.
    pub(crate) fn tail(&mut self) -> io::Result<Tail> {
        let offset = self.position.offset;
        if let Some(good_at) = find_frame(self.segment, offset, &mut self.body)? {
            return Ok(Tail::Damaged { good_at });
        }
        let bytes = torn_bytes(self.segment, offset)?;
        Ok(if bytes == 0 { Tail::Clean } else { Tail::Torn { bytes } })
    }
}

/// The records of one frame, each with the offset where it starts.
pub(crate) struct Records<'b> {
    segment: &'b Segment,
    offset: u64,
    rest: &'b [u8],
}

impl<'b> Iterator for Records<'b> {
    type Item = Result<(u64, Record<'b>), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        match Record::decode(self.segment.seed, self.rest) {
            Ok(record) => {
                self.offset += record.bytes() as u64;
                self.rest = &self.rest[record.bytes()..];
                Some(Ok((offset, record)))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(Damage { file: self.segment.path.clone(), offset, what: error.to_string() }))
            }
        }
    }
}

/// What a segment's first record says of the segment before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) sequence: u64,
    pub(crate) end: Position,
}

impl Link {
    pub(crate) fn from_record(record: &Record<'_>) -> Option<Self> {
        let check = u32::from_le_bytes(record.payload.try_into().ok()?);
        let end = Position { offset: record.term, check };
        (record.kind == Kind::Link).then_some(Self { sequence: record.index, end })
    }
}

/// Reads the frame at `offset` into `body`, if a good one is there.
fn read_frame(segment: &Segment, offset: u64, body: &mut Vec<u8>) -> io::Result<Option<FrameHeader>> {
    let body_at = offset + frame::HEADER_BYTES as u64;
    if body_at > segment.end {
        return Ok(None);
    }
    let mut bytes = [0; frame::HEADER_BYTES];
    segment.file.read_at(&mut bytes, offset)?;
    let Some(header) = FrameHeader::decode(segment.seed, &bytes, segment.end - body_at) else {
        return Ok(None);
    };
    body.resize(header.body_bytes as usize, 0);
    segment.file.read_at(body, body_at)?;
    Ok(header.holds(segment.seed, body).then_some(header))
}

/// The first offset from `start` on at which a good frame stands, whatever stands between.
fn find_frame(segment: &Segment, start: u64, body: &mut Vec<u8>) -> io::Result<Option<u64>> {
    let mut window = Vec::new();
    let mut offset = start;
    while offset + (frame::HEADER_BYTES as u64) < segment.end {
        let bytes = (WINDOW_BYTES + frame::HEADER_BYTES as u64).min(segment.end - offset);
        window.resize(bytes as usize, 0);
        segment.file.read_at(&mut window, offset)?;
        for at in (0..window.len().saturating_sub(frame::HEADER_BYTES)).step_by(frame::ALIGNMENT as usize) {
            let candidate = offset + at as u64;
            let room = segment.end - candidate - frame::HEADER_BYTES as u64;
            let looks_good =
                FrameHeader::decode(segment.seed, &window[at..at + frame::HEADER_BYTES], room).is_some();
            if looks_good && read_frame(segment, candidate, body)?.is_some() {
                return Ok(Some(candidate));
            }
        }
        offset += WINDOW_BYTES;
    }
    Ok(None)
}

/// How many bytes from `offset` on an interrupted write may have left; none where sixteen zeros end the log.
fn torn_bytes(segment: &Segment, offset: u64) -> io::Result<u64> {
    let room = segment.end.saturating_sub(offset);
    if room < frame::HEADER_BYTES as u64 {
        return Ok(0);
    }
    let mut bytes = [0; frame::HEADER_BYTES];
    segment.file.read_at(&mut bytes, offset)?;
    if bytes == [0; frame::HEADER_BYTES] {
        return Ok(0);
    }
    let body_room = room - frame::HEADER_BYTES as u64;
    let header = FrameHeader::decode(segment.seed, &bytes, body_room);
    Ok(header
        .map_or(room.min(FRAME_BYTES), |header| frame::HEADER_BYTES as u64 + u64::from(header.body_bytes)))
}
