//! The meaning of a state: what replicas compare, as hashes of it.
//!
//! It covers heads, versions and who made them, access, tombstones, edit ids, tickets, lists, the feed, and where the log
//! stands. It never covers how something is stored:
//! - sealed bytes, and what stands for them after a compaction: replicas compact when they like, and every sealing is different;
//! - what only says when something is cleared away, and parts that nobody has claimed: that shows in what they lead to;
//! - the encoding: a record is read and written anew, so that one that an older release has written is as good.
//!
//! Whoever changes what is covered, or how a covered record is written, also changes [`RULES`]: states are compared only if
//! they were hashed by the same rules, so that a half upgraded hub takes nobody out.

use super::step::position_from_bytes;
use super::{Machine, nothing_applied};
use crate::raft::{Meaning, Position, Record, Records};
use crate::store::{
    DocumentRecord, FeedRecord, Head, Lookup, Receipt, Space, StoreError, StoreView, TicketRecord,
    VersionRecord, key,
};
use base::Hash;
use bytes::Bytes;
use std::io;

/// The number of these rules.
const RULES: u32 = 2;

/// The entries of [`Space::State`] that are covered.
const COVERED: [&[u8]; 4] =
    [key::state::APPLIED, key::state::CLOCK, key::state::MEMBERSHIP, key::state::FEED];

impl Machine {
    /// The hash of what the log means up to the last applied entry, and which one that is. Reads everything, on the calling
    /// thread; none if `go_on`, which is asked after each record, says no.
    pub fn digest(&self, go_on: impl FnMut() -> bool) -> io::Result<Option<(Position, Hash)>> {
        let meaning = of(&self.store.view()).map_err(io::Error::other)?;
        let position = meaning.position;
        Ok(meaning.hash(go_on)?.map(|hash| (position, hash)))
    }
}

/// What a view means.
pub(super) fn of(view: &StoreView<'_>) -> Result<Meaning, StoreError> {
    let applied = view.get(Space::State, key::state::APPLIED)?.ok_or_else(nothing_applied)?;
    let position = position_from_bytes(&applied)?;
    let mut fixed = Vec::new();
    for key in COVERED {
        if let Some(value) = view.get(Space::State, key)? {
            let (key, value) = (Bytes::from_static(key), Bytes::copy_from_slice(&value));
            fixed.push(Ok(Record { space: Space::State as u8, key, value }));
        }
    }
    let documents = covered(view, Space::Documents, document);
    let edits = covered(view, Space::Edits, |_, value| again::<Receipt>(value));
    let lists = covered(view, Space::Lists, |_, value| Ok(Some(value.to_vec())));
    let feed = covered(view, Space::Feed, |_, value| again::<FeedRecord>(value));
    let records = documents.chain(edits).chain(lists).chain(feed).chain(fixed);
    Ok(Meaning { position, rules: RULES, records: Box::new(records) })
}

/// What `means` makes of the values of a space; none for what is left out.
fn covered(
    view: &StoreView<'_>,
    space: Space,
    means: impl Fn(&[u8], &[u8]) -> Result<Option<Vec<u8>>, StoreError> + Send + 'static,
) -> Records {
    let record = move |pair: Result<crate::store::Pair, StoreError>| {
        let (key, value) = pair?;
        let Some(value) = means(&key, &value)? else { return Ok(None) };
        Ok(Some(Record { space: space as u8, key: Bytes::copy_from_slice(&key), value: value.into() }))
    };
    let records = view.all(space).map(record).filter_map(Result::transpose);
    Box::new(records.map(|record| record.map_err(|error: StoreError| io::Error::other(error))))
}

fn document(key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(match key::record_kind(key) {
        Some(DocumentRecord::Head) => {
            let mut head = Head { key: vec![], ..Head::from_record(value)? };
            head.first.iter_mut().for_each(unseal);
            Some(head.to_record())
        }
        Some(DocumentRecord::Version) => {
            let mut version = VersionRecord::from_record(value)?;
            unseal(&mut version);
            Some(version.to_record())
        }
        Some(DocumentRecord::Access) => Some(value.to_vec()),
        Some(DocumentRecord::Ticket) => again::<TicketRecord>(value)?,
        Some(DocumentRecord::Key | DocumentRecord::OwnerKey | DocumentRecord::Compacted) | None => None,
    })
}

/// Leaves out the changes, and what is kept in their place once they are compacted.
fn unseal(version: &mut VersionRecord) {
    for part in &mut version.parts {
        part.changes.clear();
        part.size = None;
    }
}

/// The record as this release writes it.
fn again<T: Lookup>(value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(Some(T::from_record(value)?.to_record()))
}
