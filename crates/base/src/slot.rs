//! Slots and the map that gives each to a shard.
//!
//! `slot = the first 14 bits of SHA-256("context-hub slot" ‖ 0 ‖ tenant ‖ 0 ‖ user)`. This is a promise to data on disk:
//! it never changes. Which shard holds a slot is stored, never recomputed.

use crate::names::{TenantId, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// How many slots there are: 2^14.
pub const SLOT_COUNT: u16 = 1 << 14;

/// One of the [`SLOT_COUNT`] parts that the documents of a hub are spread over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(u16);

impl Slot {
    /// The slot with a number below [`SLOT_COUNT`].
    pub fn new(number: u16) -> Option<Slot> {
        (number < SLOT_COUNT).then_some(Slot(number))
    }

    /// The number, below [`SLOT_COUNT`].
    pub fn number(self) -> u16 {
        self.0
    }

    /// Where a user's documents go.
    pub fn of_owner(tenant: &TenantId, user: &UserId) -> Slot {
        let mut digest = Sha256::new();
        digest.update(b"context-hub slot\0");
        digest.update(tenant.as_str());
        digest.update([0]);
        digest.update(user.as_str());
        let digest = digest.finalize();
        Slot::from_top_bits(u16::from_be_bytes([digest[0], digest[1]]))
    }

    /// Where a document lives whose id a client minted.
    pub(crate) fn of_client_id(id: &[u8; 16]) -> Slot {
        let digest = Sha256::digest(id);
        Slot::from_top_bits(u16::from_be_bytes([digest[0], digest[1]]))
    }

    /// The slot in the upper 14 bits of a number.
    pub(crate) fn from_top_bits(bits: u16) -> Slot {
        Slot(bits >> 2)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}", self.0)
    }
}

/// A shard: one Raft group and the slots that it holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ShardId(pub u32);

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {}", self.0)
    }
}

/// Which shard holds which slot, as runs: `runs[i] = (first slot, shard)`, and the run ends where the next begins.
///
/// Invariant: the first run begins at 0, and first slots rise strictly, below [`SLOT_COUNT`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Runs", into = "Runs")]
pub struct SlotMap {
    version: u64,
    runs: Vec<(u16, ShardId)>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Runs {
    version: u64,
    runs: Vec<(u16, ShardId)>,
}

/// A stored map that breaks the invariant of [`SlotMap`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a slot map must begin at slot 0 and its runs must rise strictly below slot {SLOT_COUNT}")]
pub struct SlotMapError;

/// The largest number of shards. A token of a feed names each of them, and has to fit into the head of a request.
pub const SHARDS_MAX: u32 = 1_024;

impl SlotMap {
    /// The first map: shards `0..shards` hold equal runs. At least one shard.
    pub fn even(shards: u32) -> SlotMap {
        let shards = shards.clamp(1, u32::from(SLOT_COUNT));
        let first = |shard: u32| (u32::from(SLOT_COUNT) * shard / shards) as u16;
        let runs = (0..shards).map(|shard| (first(shard), ShardId(shard))).collect();
        SlotMap { version: 1, runs }
    }

    /// The version, which rises with every change of the map.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The shard that holds `slot`.
    pub fn shard_of(&self, slot: Slot) -> ShardId {
        let after = self.runs.partition_point(|(first, _)| *first <= slot.0);
        self.runs[after - 1].1
    }

    /// Every shard that holds a slot, ascending, each once.
    pub fn shards(&self) -> Vec<ShardId> {
        let mut shards: Vec<_> = self.runs.iter().map(|(_, shard)| *shard).collect();
        shards.sort_unstable();
        shards.dedup();
        shards
    }
}

impl TryFrom<Runs> for SlotMap {
    type Error = SlotMapError;

    fn try_from(stored: Runs) -> Result<SlotMap, SlotMapError> {
        let Runs { version, runs } = stored;
        let begins = runs.first().is_some_and(|(first, _)| *first == 0);
        let rises = runs.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let ends = runs.last().is_some_and(|(first, _)| *first < SLOT_COUNT);
        if begins && rises && ends { Ok(SlotMap { version, runs }) } else { Err(SlotMapError) }
    }
}

impl From<SlotMap> for Runs {
    fn from(map: SlotMap) -> Runs {
        Runs { version: map.version, runs: map.runs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owners_slot_is_pinned() {
        let slot = |tenant, user| {
            Slot::of_owner(&TenantId::new(tenant).unwrap(), &UserId::new(user).unwrap()).number()
        };
        // A change here would lose every document on disk.
        assert_eq!(slot("default", "owner"), 4_695);
        assert_eq!(slot("acme", "ada"), 430);
    }

    #[test]
    fn an_even_map_covers_every_slot_fairly() {
        for shards in [1, 3, 4, 7, 100] {
            let map = SlotMap::even(shards);
            let mut held = vec![0u32; shards as usize];
            for number in 0..SLOT_COUNT {
                held[map.shard_of(Slot(number)).0 as usize] += 1;
            }
            let fair = u32::from(SLOT_COUNT) / shards;
            assert!(held.iter().all(|slots| slots.abs_diff(fair) <= 1));
            assert_eq!(map.shards().len(), shards as usize);
        }
    }
}
