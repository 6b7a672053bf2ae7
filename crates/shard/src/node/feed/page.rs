//! A page of the feed: what a caller may know of what stands behind a place, read at one moment.

use crate::documents::Fault;
use crate::machine::FeedReach;
use crate::shard::Shard;
use crate::store::{
    FeedKind, FeedRecord, Lookup, Space, StoreView, feed_key_behind, feed_place, key, split_heads,
};
use base::{DocId, FeedPlace, Level, Timestamp, UserId};
use rpc::{Caller, ChangesPage, Event, EventKind, Refusal};
use std::collections::HashMap;

/// How many records a page looks at, at most: it takes a few milliseconds.
const RECORDS_MAX: usize = 4_096;

/// What a page is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who asks.
    pub caller: Caller,
    /// The only document, if there is one.
    pub document: Option<DocId>,
    /// At most this many events.
    pub limit: usize,
}

/// The place behind everything.
pub fn now(shard: &Shard) -> Result<FeedPlace, Fault> {
    Ok(FeedReach::of(&shard.machine.store().view())?.to)
}

/// Whether the caller may read the document now.
pub fn readable(shard: &Shard, caller: &Caller, id: DocId) -> Result<bool, Fault> {
    is_listed(&shard.machine.store().view(), caller, id.as_bytes())
}

/// Reads on from `place`.
pub fn read(shard: &Shard, asked: &Asked, place: FeedPlace) -> Result<ChangesPage, Refusal> {
    let view = shard.machine.store().view();
    let reach = FeedReach::of(&view).map_err(Fault::from)?;
    if !reach.holds(place) {
        return Err(Refusal::FeedGone { place: reach.to });
    }
    let range = view.range(Space::Feed, feed_key_behind(place), feed_key_behind(reach.to));
    let mut reader = Reader { view, asked, listed: HashMap::new() };
    let (mut page, mut looked_at) = (ChangesPage { events: vec![], place, more: true }, 0);
    for pair in range {
        if page.events.len() >= asked.limit || looked_at >= RECORDS_MAX {
            return Ok(page);
        }
        let (key, value) = pair.map_err(Fault::from)?;
        page.place = feed_place(&key).map_err(Fault::from)?;
        looked_at += 1;
        let record = FeedRecord::from_record(&value).map_err(Fault::from)?;
        if let Some(kind) = reader.shown(&record)? {
            page.events.push(event(record, kind, page.place)?);
        }
    }
    Ok(ChangesPage { place: reach.to, more: false, ..page })
}

/// Who reads, at one moment.
struct Reader<'a> {
    view: StoreView<'a>,
    asked: &'a Asked,
    /// What the caller may read, as far as it was asked for.
    listed: HashMap<[u8; 16], bool>,
}

impl Reader<'_> {
    /// What the caller sees of a record; `None`: nothing.
    fn shown(&mut self, record: &FeedRecord) -> Result<Option<EventKind>, Fault> {
        let Asked { caller, document, .. } = self.asked;
        if record.tenant != caller.tenant.as_str()
            || document.is_some_and(|only| *only.as_bytes() != record.document)
        {
            return Ok(None);
        }
        let lost = record.lost.iter().any(|reader| reader == caller.user.as_str());
        if lost || self.may_read(caller, &record.document)? { kind(record, lost).map(Some) } else { Ok(None) }
    }

    fn may_read(&mut self, caller: &Caller, document: &[u8; 16]) -> Result<bool, Fault> {
        if let Some(known) = self.listed.get(document) {
            return Ok(*known);
        }
        let listed = is_listed(&self.view, caller, document)?;
        self.listed.insert(*document, listed);
        Ok(listed)
    }
}

/// Every document that a user can reach stands in the user's list.
fn is_listed(view: &StoreView<'_>, caller: &Caller, document: &[u8; 16]) -> Result<bool, Fault> {
    let listed = key::listed(caller.tenant.as_str(), caller.user.as_str(), document);
    Ok(view.get(Space::Lists, &listed)?.is_some())
}

fn kind(record: &FeedRecord, lost: bool) -> Result<EventKind, Fault> {
    Ok(match (record.kind, &record.grant) {
        (FeedKind::Created, _) => EventKind::Created,
        (FeedKind::Changed, _) => EventKind::Changed,
        (FeedKind::Deleted, _) => EventKind::Deleted,
        (FeedKind::Metadata, _) => EventKind::Metadata,
        (FeedKind::Shared, _) if lost => EventKind::Revoked,
        (FeedKind::Shared, Some(grant)) => {
            let level = grant.level.map(|number| Level::from_number(number).ok_or_else(damaged));
            EventKind::Shared { principal: user(&grant.principal)?, level: level.transpose()? }
        }
        (FeedKind::Shared, None) => return Err(damaged()),
    })
}

fn event(record: FeedRecord, kind: EventKind, place: FeedPlace) -> Result<Event, Fault> {
    Ok(Event {
        place,
        document: DocId::from_bytes(record.document).map_err(|_| damaged())?,
        kind,
        version: record.version,
        heads: split_heads(&record.heads)?,
        authors: record.authors.iter().map(|author| user(author)).collect::<Result<_, _>>()?,
        at: Timestamp(record.time_ms),
    })
}

fn user(name: &str) -> Result<UserId, Fault> {
    UserId::new(name).map_err(|error| Fault::damaged(error.to_string()))
}

fn damaged() -> Fault {
    Fault::damaged("a record of the change feed does not make sense")
}
