//! The change feed: what every command that changes a document leaves for those who follow.
//!
//! A record is written in the atomic write of its command, and trimmed by the log as well: what is kept depends on log
//! time and on the number of records alone, so that replicas keep the same.

use super::hint::Oldest;
use super::step::{ApplyError, Step, position_from_bytes};
use crate::store::{
    DocKey, FeedExtent, FeedKind, FeedRecord, Grant, Head, Lookup, Space, Store, StoreError, StoreView, Txn,
    feed_key, feed_key_behind, feed_place, key,
};
use base::{DocId, FeedPlace, TenantId};

/// What is kept of the feed. All replicas of a shard have to keep the same.
#[derive(Debug, Clone, Copy)]
pub struct FeedKept {
    /// In log time.
    pub ms: u64,
    /// In number.
    pub records: u64,
}

/// What is kept of the feed: long enough for a reader that is away over a weekend, and about 60 MB a shard at most.
pub const FEED_KEPT: FeedKept = FeedKept { ms: 3 * 24 * 60 * 60 * 1_000, records: 500_000 };

/// How much one entry trims at most, or twice as much as it adds: so nothing piles up, and no entry takes long.
const TRIMMED_PER_ENTRY: usize = 16;

/// How far the feed of a shard reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedReach {
    /// Everything behind this place is kept.
    pub from: FeedPlace,
    /// Nothing stands behind this place yet.
    pub to: FeedPlace,
}

impl FeedReach {
    /// The reach at the moment of a view.
    pub fn of(view: &StoreView<'_>) -> Result<FeedReach, StoreError> {
        let extent = FeedExtent::from_stored(view.get(Space::State, key::state::FEED)?.as_deref())?;
        let applied = view.get(Space::State, key::state::APPLIED)?;
        let index = applied.map(|bytes| position_from_bytes(&bytes)).transpose()?.map_or(0, |at| at.index);
        Ok(FeedReach { from: extent.trimmed, to: FeedPlace::behind(index) })
    }

    /// Whether a reader who stands there has missed nothing, and was never further than this.
    pub fn holds(&self, place: FeedPlace) -> bool {
        (self.from..=self.to).contains(&place)
    }
}

/// The stored extent.
pub(super) fn extent(store: &Store) -> Result<FeedExtent, StoreError> {
    Ok(FeedExtent::from_stored(store.get(Space::State, key::state::FEED)?.as_deref())?)
}

/// The feed within one atomic write.
pub(super) struct Telling {
    kept: FeedKept,
    pub extent: FeedExtent,
    /// Records that the entry at hand has left.
    in_entry: u32,
    /// The documents of all records, in order.
    pub told: Vec<DocKey>,
}

impl Telling {
    pub fn begin(extent: FeedExtent, kept: FeedKept) -> Telling {
        Telling { kept, extent, in_entry: 0, told: vec![] }
    }

    /// The next entry begins.
    pub fn next_entry(&mut self) {
        self.in_entry = 0;
    }

    /// Writes down what there is of the feed.
    pub fn finish(&self, txn: &mut Txn<'_>) {
        if self.extent != FeedExtent::EMPTY {
            txn.put(Space::State, key::state::FEED.to_vec(), self.extent.to_bytes());
        }
    }
}

/// What a command tells the feed, beside the document that it changes.
pub(super) struct Told {
    pub kind: FeedKind,
    pub authors: Vec<String>,
    pub grant: Option<Grant>,
    pub lost: Vec<String>,
}

impl Told {
    /// What nobody lost sight of.
    pub fn by(authors: Vec<String>, kind: FeedKind) -> Told {
        Told { kind, authors, grant: None, lost: vec![] }
    }
}

impl Step<'_> {
    /// Leaves a record. `head` is the document's after the command, or before its deletion.
    pub(super) fn tell(&mut self, tenant: &str, id: DocId, head: &Head, told: Told) {
        let Told { kind, authors, grant, lost } = told;
        let record = FeedRecord {
            tenant: tenant.to_owned(),
            document: *id.as_bytes(),
            kind,
            version: head.version,
            heads: head.heads.clone(),
            authors,
            time_ms: self.clock_ms,
            grant,
            lost,
        };
        let place = FeedPlace { index: self.position.index, number: self.feed.in_entry };
        self.txn.put(Space::Feed, feed_key(place), record.to_record());
        self.feed.in_entry += 1;
        self.feed.extent.count += 1;
        self.hint.feed.added(self.clock_ms);
        if let Ok(tenant) = TenantId::new(tenant) {
            self.feed.told.push(DocKey { tenant, id });
        }
    }

    /// Trims the oldest records: those that are too many, and those that are too old.
    pub(super) fn trim_feed(&mut self) -> Result<(), ApplyError> {
        let Telling { kept, extent, in_entry, .. } = &self.feed;
        let before = self.clock_ms.saturating_sub(kept.ms);
        let over = extent.count.saturating_sub(kept.records);
        if over == 0 && !self.hint.feed.may_be_before(before) {
            return Ok(());
        }
        let most = TRIMMED_PER_ENTRY.max(2 * *in_entry as usize);
        let (from, to) = (feed_key_behind(extent.trimmed), feed_key_behind(FeedPlace::behind(u64::MAX)));
        let mut oldest = Oldest::Nothing;
        for (at, (key, value)) in self.txn.range(Space::Feed, &from, &to, most + 1)?.into_iter().enumerate() {
            let time_ms = FeedRecord::from_record(&value).map_err(StoreError::from)?.time_ms;
            let goes = (at as u64) < over || time_ms < before;
            if at == most || !goes {
                oldest = Oldest::At(time_ms);
                break;
            }
            self.feed.extent.trimmed = feed_place(&key).map_err(StoreError::from)?;
            self.feed.extent.count -= 1;
            self.txn.remove(Space::Feed, key);
        }
        self.hint.feed = oldest;
        Ok(())
    }
}
