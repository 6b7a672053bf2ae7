//! The bytes of one file, twice: as programs see them, and as a power cut would leave them.
//!
//! Bytes are kept by disk sector, because a sector is what a disk writes whole: after a cut each sector that no
//! fsync covers holds either its old or its new bytes, never a mixture.
//!
//! Invariants:
//! - a sector that is not in `dirty` is the same in `current` and in `durable`;
//! - a sector of zeros is not stored, so that preallocated files cost nothing;
//! - no version stores a byte at or beyond its length.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::luck::Luck;

/// Bytes that a disk writes whole or not at all.
pub const SECTOR_BYTES: usize = 512;

type Sector = [u8; SECTOR_BYTES];

/// What a file holds now, and what of it has reached the platter.
#[derive(Clone, Debug, Default)]
pub struct Content {
    current: Version,
    durable: Version,
    dirty: BTreeSet<u64>,
}

/// One state of the bytes; sectors are shared between versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Version {
    len: u64,
    sectors: BTreeMap<u64, Arc<Sector>>,
}

impl Content {
    /// A file that has been on the disk all along.
    pub fn already_durable(bytes: &[u8]) -> Content {
        let mut content = Content::default();
        content.write(0, bytes);
        content.sync();
        content
    }

    /// The length that programs see.
    pub fn len(&self) -> u64 {
        self.current.len
    }

    /// Whether programs see no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Up to `max` bytes from `offset`; fewer at the end of the file.
    pub fn read(&self, offset: u64, max: usize) -> Vec<u8> {
        let len = self.current.len.saturating_sub(offset).min(max as u64) as usize;
        let mut bytes = vec![0; len];
        for (sector, within, part) in pieces(offset, len) {
            if let Some(stored) = self.current.sectors.get(&sector) {
                let to = within + part.len();
                bytes[part].copy_from_slice(&stored[within..to]);
            }
        }
        bytes
    }

    /// Puts `bytes` at `offset`, lengthening the file where it is shorter.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        for (sector, within, part) in pieces(offset, bytes.len()) {
            let mut changed = self.current.sector(sector);
            changed[within..within + part.len()].copy_from_slice(&bytes[part]);
            self.current.set_sector(sector, changed);
            self.dirty.insert(sector);
        }
        let end = offset + bytes.len() as u64;
        self.current.len = self.current.len.max(end);
    }

    /// Cuts or lengthens the file; new bytes are zeros.
    pub fn set_len(&mut self, len: u64) {
        self.dirty.extend(self.current.set_len(len));
    }

    /// An fsync: everything that was written until now survives.
    pub fn sync(&mut self) {
        for sector in std::mem::take(&mut self.dirty) {
            self.durable.copy_sector(sector, &self.current);
        }
        self.durable.len = self.current.len;
        debug_assert_eq!(self.current, self.durable);
    }

    /// A power cut: what no fsync covers is gone, but for what luck keeps of it.
    pub fn cut(&mut self, luck: &mut Luck) {
        for sector in std::mem::take(&mut self.dirty) {
            if luck.keeps() {
                self.durable.copy_sector(sector, &self.current);
            }
        }
        let len = if luck.keeps() { self.current.len } else { self.durable.len };
        self.durable.set_len(len);
        self.current = self.durable.clone();
    }

    /// The stored parts of the file as `(offset, bytes)`; what lies between them is zeros.
    pub fn extents(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.current.sectors.iter().map(|(sector, bytes)| {
            let offset = sector * SECTOR_BYTES as u64;
            let len = (self.current.len - offset).min(SECTOR_BYTES as u64) as usize;
            (offset, &bytes[..len])
        })
    }
}

impl Version {
    fn sector(&self, index: u64) -> Sector {
        self.sectors.get(&index).map_or([0; SECTOR_BYTES], |stored| **stored)
    }

    fn set_sector(&mut self, index: u64, bytes: Sector) {
        if bytes == [0; SECTOR_BYTES] {
            self.sectors.remove(&index);
        } else {
            self.sectors.insert(index, Arc::new(bytes));
        }
    }

    fn copy_sector(&mut self, index: u64, from: &Version) {
        match from.sectors.get(&index) {
            Some(stored) => self.sectors.insert(index, Arc::clone(stored)),
            None => self.sectors.remove(&index),
        };
    }

    /// Sets the length and returns the sectors that changed by it.
    fn set_len(&mut self, len: u64) -> BTreeSet<u64> {
        self.len = len;
        let whole = len / SECTOR_BYTES as u64;
        let kept = (len % SECTOR_BYTES as u64) as usize;
        let mut changed: BTreeSet<u64> = self.sectors.range(whole..).map(|(&s, _)| s).collect();
        if kept > 0 && changed.remove(&whole) {
            let mut last = self.sector(whole);
            if last[kept..].iter().any(|&byte| byte != 0) {
                last[kept..].fill(0);
                self.set_sector(whole, last);
                changed.insert(whole);
            }
            self.sectors.retain(|&s, _| s <= whole);
        } else {
            self.sectors.retain(|&s, _| s < whole);
        }
        changed
    }
}

/// Splits `len` bytes at `offset` by sector: `(sector, start within it, range of the bytes)`.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == len {
            return None;
        }
        let at = offset + done as u64;
        let within = (at % SECTOR_BYTES as u64) as usize;
        let part = done..len.min(done + SECTOR_BYTES - within);
        done = part.end;
        Some((at / SECTOR_BYTES as u64, within, part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_takes_what_was_not_synced() {
        let mut content = Content::already_durable(b"kept");
        content.write(2, b"lost and longer");
        content.cut(&mut Luck::none());
        assert_eq!(content.read(0, 100), b"kept");
    }

    #[test]
    fn a_sync_keeps_writes_and_length() {
        let mut content = Content::default();
        content.write(1000, b"far");
        content.sync();
        content.cut(&mut Luck::none());
        assert_eq!(content.len(), 1003);
        assert_eq!(content.read(999, 10), b"\0far");
    }

    #[test]
    fn an_unsynced_truncation_comes_back() {
        let mut content = Content::already_durable(&[7; 2000]);
        content.set_len(100);
        content.set_len(2000);
        assert_eq!(content.read(99, 3), [7, 0, 0]);
        content.cut(&mut Luck::none());
        assert_eq!(content.read(0, 5000), [7; 2000]);
    }

    #[test]
    fn a_synced_truncation_hides_old_bytes_for_good() {
        let mut content = Content::already_durable(&[7; 2000]);
        content.set_len(100);
        content.sync();
        content.set_len(2000);
        content.sync();
        content.cut(&mut Luck::none());
        assert_eq!(content.read(0, 101), [[7; 100].as_slice(), &[0]].concat());
    }

    #[test]
    fn tearing_leaves_each_sector_old_or_new() {
        let mut seen = BTreeSet::new();
        for seed in 0..50 {
            let mut content = Content::already_durable(&[1; 4 * SECTOR_BYTES]);
            content.write(0, &[2; 4 * SECTOR_BYTES]);
            content.cut(&mut Luck::seeded(seed));
            let bytes = content.read(0, 4 * SECTOR_BYTES);
            let sectors: Vec<u8> = bytes.chunks(SECTOR_BYTES).map(|s| s[0]).collect();
            for (sector, first) in bytes.chunks(SECTOR_BYTES).zip(&sectors) {
                assert!(sector.iter().all(|byte| byte == first));
            }
            seen.insert(sectors);
        }
        assert!(seen.len() > 5, "seeds must tear differently: {seen:?}");
    }

    #[test]
    fn zeros_are_not_stored() {
        let mut content = Content::default();
        content.write(0, &vec![0; 1 << 20]);
        assert_eq!((content.len(), content.extents().count()), (1 << 20, 0));
    }
}
