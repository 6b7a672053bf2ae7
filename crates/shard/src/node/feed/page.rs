//! A page of the feed: what a caller may know of what stands behind its places, read at one moment of each shard.

use super::token::Places;
use crate::documents::Fault;
use crate::machine::FeedReach;
use crate::shard::Shard;
use crate::store::{FeedKind, FeedPlace, FeedRecord, Lookup, Space, StoreView, key, split_heads};
use base::{DocId, Level, ShardId, Timestamp, UserId};
use rpc::{Caller, Event, EventKind, Refusal};
use std::collections::HashMap;
use std::sync::Arc;

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

/// What was found.
#[derive(Debug)]
pub struct Page {
    /// In order.
    pub events: Vec<Event>,
    /// Behind them, and behind everything that was passed over.
    pub places: Places,
    /// Whether there is more at hand.
    pub more: bool,
}

/// The places behind everything, in the same shards.
pub fn now(shards: &[Arc<Shard>]) -> Result<Places, Fault> {
    let ends = shards.iter().map(|shard| Ok((shard.id, FeedReach::of(&shard.machine.store().view())?.to)));
    Ok(Places(ends.collect::<Result<_, Fault>>()?))
}

/// Whether the caller may read the document now.
pub fn readable(shard: &Shard, caller: &Caller, id: DocId) -> Result<bool, Fault> {
    is_listed(&shard.machine.store().view(), caller, id.as_bytes())
}

/// Reads on from `places`, which name just these shards.
pub fn read(shards: &[Arc<Shard>], asked: &Asked, places: Places) -> Result<Page, Refusal> {
    let mut sources = shards
        .iter()
        .map(|shard| Source::open(shard, places.0.get(&shard.id).copied().unwrap_or(FeedPlace::START)))
        .collect::<Result<Vec<_>, Refusal>>()
        .map_err(|refusal| gone_from(shards, refusal))?;
    let (mut page, mut looked_at) = (Page { events: vec![], places, more: true }, 0);
    while page.events.len() < asked.limit && looked_at < RECORDS_MAX {
        for source in &sources {
            page.places.0.insert(source.shard, source.place);
        }
        // The oldest first, so that a busy shard does not hold up the others.
        let next = sources.iter_mut().filter(|source| source.next.is_some());
        let Some(source) = next.min_by_key(|source| (source.time_ms(), source.shard)) else {
            page.more = false;
            break;
        };
        looked_at += 1;
        let Some(record) = source.pass()? else { continue };
        page.places.0.insert(source.shard, source.place);
        if let Some(kind) = source.shown(asked, &record)? {
            page.events.push(event(record, kind, page.places.to_text())?);
        }
    }
    page.more &= sources.iter().any(|source| source.next.is_some());
    Ok(page)
}

/// Says where to begin anew.
fn gone_from(shards: &[Arc<Shard>], refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::FeedGone { .. } => match now(shards) {
            Ok(places) => Refusal::FeedGone { token: places.to_text() },
            Err(fault) => fault.into(),
        },
        other => other,
    }
}

type Records = Box<dyn Iterator<Item = Result<(FeedPlace, FeedRecord), Fault>> + Send>;

/// The feed of one shard at one moment.
struct Source<'a> {
    shard: ShardId,
    view: StoreView<'a>,
    /// How far it is read.
    place: FeedPlace,
    /// Where it ends.
    end: FeedPlace,
    next: Option<(FeedPlace, FeedRecord)>,
    records: Records,
    /// What this caller may read, as far as it was asked for.
    listed: HashMap<[u8; 16], bool>,
}

impl Source<'_> {
    fn open(shard: &Shard, place: FeedPlace) -> Result<Source<'_>, Refusal> {
        let view = shard.machine.store().view();
        let reach = FeedReach::of(&view).map_err(Fault::from)?;
        if !reach.holds(place) {
            return Err(Refusal::FeedGone { token: String::new() });
        }
        let range = view.range(Space::Feed, place.key_behind(), reach.to.key_behind());
        let records = range.map(|pair| {
            let (key, value) = pair?;
            Ok((FeedPlace::from_key(&key)?, FeedRecord::from_record(&value)?))
        });
        let (id, records) = (shard.id, Box::new(records));
        let mut source =
            Source { shard: id, view, place, end: reach.to, next: None, records, listed: HashMap::new() };
        source.advance()?;
        Ok(source)
    }

    fn time_ms(&self) -> u64 {
        self.next.as_ref().map_or(u64::MAX, |(_, record)| record.time_ms)
    }

    /// Looks at the next record. At the end, the place is the end.
    fn advance(&mut self) -> Result<(), Fault> {
        self.next = self.records.next().transpose()?;
        if self.next.is_none() {
            self.place = self.end;
        }
        Ok(())
    }

    /// Leaves the next record behind, and gives it.
    fn pass(&mut self) -> Result<Option<FeedRecord>, Fault> {
        let Some((place, record)) = self.next.take() else { return Ok(None) };
        self.place = place;
        self.advance()?;
        Ok(Some(record))
    }

    /// What the caller sees of a record; `None`: nothing.
    fn shown(&mut self, asked: &Asked, record: &FeedRecord) -> Result<Option<EventKind>, Fault> {
        let Asked { caller, document, .. } = asked;
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
        (FeedKind::Shared, _) if lost => EventKind::Revoked,
        (FeedKind::Shared, Some(grant)) => {
            let level = grant.level.map(|number| Level::from_number(number).ok_or_else(damaged));
            EventKind::Shared { principal: user(&grant.principal)?, level: level.transpose()? }
        }
        (FeedKind::Shared, None) => return Err(damaged()),
    })
}

fn event(record: FeedRecord, kind: EventKind, token: String) -> Result<Event, Fault> {
    Ok(Event {
        token,
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
