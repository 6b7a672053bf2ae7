//! How far a journal can be trusted.
//!
//! A journal is batches, each on its own: its start, its items, and a checksum over the items. `fjall` writes them one
//! after the other into a file that is filled with zeros ahead. Numbers are little endian:
//!
//! ```text
//! start   1, u32 number of items, u64 sequence number
//! item    2, u8 type, u8 compression, u64 keyspace, u16 key length, u32 value length, u32 stored length, key, value
//! clear   4, u64 keyspace                                      (counts as an item)
//! end     3, u64 XXH3 of the items as they are stored, "FJL" 3
//! ```

use std::io::{self, BufRead};
use xxhash_rust::xxh3::Xxh3;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: [u8; 4] = *b"FJL\x03";

/// Numbers are given one by one, to everything that is written; so many in one journal are beyond belief.
const FURTHEST: u64 = 1 << 32;

const START_BYTES: usize = 1 + 4 + 8;
const ITEM_HEAD_BYTES: usize = 1 + 1 + 8 + 2 + 4 + 4;
const END_BYTES: usize = 1 + 8 + 4;

/// The batches of a journal up to the first that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sound {
    /// Where the last whole batch ends.
    pub(super) bytes: u64,
    /// The highest sequence number so far; none without a whole batch in this journal or before it.
    pub(super) newest: Option<u64>,
}

/// Reads a journal of `length` bytes that comes behind a batch with the sequence number `before`. What a length in it
/// says is believed only as far as there are bytes.
pub(super) fn sound(journal: impl BufRead, length: u64, before: Option<u64>) -> io::Result<Sound> {
    let mut scan = Scan { journal, left: length, items: Xxh3::new() };
    let mut sound = Sound { bytes: 0, newest: before };
    while let Some(sequence) = scan.batch()?
        && sound.newest.is_none_or(|newest| follows(newest, sequence))
    {
        sound = Sound { bytes: length - scan.left, newest: Some(sequence) };
    }
    Ok(sound)
}

struct Scan<R> {
    journal: R,
    left: u64,
    /// Over the items of the present batch.
    items: Xxh3,
}

impl<R: BufRead> Scan<R> {
    /// The sequence number of the next batch, if that is whole.
    fn batch(&mut self) -> io::Result<Option<u64>> {
        let Some(start) = self.take::<START_BYTES>()? else { return Ok(None) };
        let Some((count, sequence)) = parse_start(&start) else { return Ok(None) };
        self.items.reset();
        for _ in 0..count {
            if !self.item()? {
                return Ok(None);
            }
        }
        let end = self.take::<END_BYTES>()?;
        Ok(end.filter(|end| *end == end_of(self.items.digest())).map(|_| sequence))
    }

    /// Takes in an item; false if there is none.
    fn item(&mut self) -> io::Result<bool> {
        let Some([tag]) = self.take_item::<1>()? else { return Ok(false) };
        match tag {
            ITEM => match self.take_item::<ITEM_HEAD_BYTES>()? {
                Some(head) => self.skip_item(stored_bytes(&head)),
                None => Ok(false),
            },
            CLEAR => Ok(self.take_item::<8>()?.is_some()),
            _ => Ok(false),
        }
    }

    fn take<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let Some(left) = self.left.checked_sub(N as u64) else { return Ok(None) };
        let mut bytes = [0; N];
        self.journal.read_exact(&mut bytes)?;
        self.left = left;
        Ok(Some(bytes))
    }

    /// Takes bytes that belong to an item.
    fn take_item<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let bytes = self.take::<N>()?;
        bytes.iter().for_each(|bytes| self.items.update(bytes));
        Ok(bytes)
    }

    /// Passes over bytes that belong to an item, however many; false if there are fewer.
    fn skip_item(&mut self, bytes: u64) -> io::Result<bool> {
        let Some(left) = self.left.checked_sub(bytes) else { return Ok(false) };
        while self.left > left {
            let buffer = self.journal.fill_buf()?;
            if buffer.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let taken = buffer.len().min(usize::try_from(self.left - left).unwrap_or(usize::MAX));
            self.items.update(&buffer[..taken]);
            self.journal.consume(taken);
            self.left -= taken as u64;
        }
        Ok(true)
    }
}

/// Whether a sequence number may come behind another. They are under no checksum, so one that is far off is not believed:
/// a batch under a number that is too low would be there in part.
fn follows(newest: u64, sequence: u64) -> bool {
    (1..=FURTHEST).contains(&sequence.saturating_sub(newest))
}

/// The number of items in a batch, and its sequence number.
fn parse_start(bytes: &[u8; START_BYTES]) -> Option<(u32, u64)> {
    let [START, a, b, c, d, sequence @ ..] = *bytes else { return None };
    Some((u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(sequence)))
}

/// How a batch ends whose items have this checksum.
fn end_of(checksum: u64) -> [u8; END_BYTES] {
    let [a, b, c, d, e, f, g, h] = checksum.to_le_bytes();
    let [i, j, k, l] = TRAILER;
    [END, a, b, c, d, e, f, g, h, i, j, k, l]
}

/// The bytes of key and value behind the head of an item.
fn stored_bytes(head: &[u8; ITEM_HEAD_BYTES]) -> u64 {
    let [_type, _compression, _, _, _, _, _, _, _, _, k0, k1, _, _, _, _, v0, v1, v2, v3] = *head;
    u64::from(u16::from_le_bytes([k0, k1])) + u64::from(u32::from_le_bytes([v0, v1, v2, v3]))
}
