//! What is remembered of the store between atomic writes. It only saves reads: what the log means, and what an entry clears
//! away, is the same without it. After a write that failed, and when the store is replaced, all is forgotten.

use crate::store::FeedExtent;
use quick_cache::unsync::Cache;

/// What is remembered.
#[derive(Debug, Default)]
pub struct Hint {
    pub(super) receipts: Oldest,
    pub(super) parts: Oldest,
    pub(super) tickets: Oldest,
    pub(super) feed: Oldest,
    pub(super) owner_keys: OwnerKeys,
    /// The log's clock, and the extent of the feed.
    pub(super) clock_and_feed: Option<(u64, FeedExtent)>,
}

/// What is known of the oldest of a kind that expires, so that most entries need not look.
#[derive(Debug, Default, Clone, Copy)]
pub(super) enum Oldest {
    #[default]
    Unknown,
    Nothing,
    At(u64),
}

impl Oldest {
    pub fn may_be_before(self, time_ms: u64) -> bool {
        match self {
            Oldest::Unknown => true,
            Oldest::Nothing => false,
            Oldest::At(oldest) => oldest < time_ms,
        }
    }

    /// A time before which there is nothing. It spares stepping over what was removed before.
    pub fn start(self) -> u64 {
        match self {
            Oldest::At(oldest) => oldest,
            Oldest::Unknown | Oldest::Nothing => 0,
        }
    }

    /// Something that expires was added; log time never falls, so that it is the youngest.
    pub fn added(&mut self, time_ms: u64) {
        if matches!(self, Oldest::Nothing) {
            *self = Oldest::At(time_ms);
        }
    }

    /// Something that expires was added, at any time.
    pub fn added_any(&mut self, time_ms: u64) {
        match self {
            Oldest::At(oldest) => *oldest = time_ms.min(*oldest),
            Oldest::Nothing => *self = Oldest::At(time_ms),
            Oldest::Unknown => {}
        }
    }
}

/// How many owner keys are remembered. One takes about 150 bytes.
const OWNER_KEYS_KEPT: usize = 2_048;

/// The id of an owner's key.
pub(super) type KeyId = [u8; 8];

/// The ids of owner keys, by where they are stored. The first one that is stored there stays for good.
#[derive(Debug, Default)]
pub(super) struct OwnerKeys(Option<Box<Cache<Vec<u8>, KeyId>>>);

impl OwnerKeys {
    /// The id of the key that is stored there, if it is remembered.
    pub fn get(&self, stored_at: &[u8]) -> Option<KeyId> {
        self.0.as_ref()?.get(stored_at).copied()
    }

    /// Remembers a key that is stored, or is about to be.
    pub fn note(&mut self, stored_at: Vec<u8>, id: KeyId) {
        self.0.get_or_insert_with(|| Box::new(Cache::new(OWNER_KEYS_KEPT))).insert(stored_at, id);
    }
}
