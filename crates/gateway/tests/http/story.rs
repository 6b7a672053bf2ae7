//! What has happened to the documents of the model, for its change feed.

use crate::model::shard_of;
use base::{DocId, FeedPlace, Heads, Timestamp, UserId};
use rpc::{Caller, Changes, ChangesPage, Event, EventKind, Refusal};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Everything, in the order of one log that all shards share. A place is how many of these its reader has behind it.
#[derive(Default)]
pub struct Story {
    happened: Vec<Happened>,
    /// How many are not kept any more.
    pub forgotten: usize,
    /// How many of these were told to somebody.
    pub told: AtomicUsize,
}

/// Something happened.
#[derive(Clone)]
pub struct Happened {
    pub caller: Caller,
    pub document: DocId,
    pub kind: EventKind,
    pub version: u64,
    pub heads: Heads,
    /// Who cannot read the document any more.
    pub lost: Vec<UserId>,
}

impl Story {
    pub fn tell(&mut self, happened: Happened) {
        self.happened.push(happened);
    }

    /// The newest thing happens again, so often.
    pub fn repeat(&mut self, times: u64) {
        let last = self.happened.last().expect("something has happened");
        let (version, last) = (last.version, last.clone());
        let again = (1..=times).map(|more| Happened { version: version + more, ..last.clone() });
        self.happened.extend(again);
    }

    /// How much has happened.
    pub fn len(&self) -> usize {
        self.happened.len()
    }

    /// What `caller` sees of it; `readable` says which documents.
    pub fn page(
        &self,
        caller: &Caller,
        changes: &Changes,
        readable: impl Fn(DocId) -> bool,
    ) -> Result<ChangesPage, Refusal> {
        let begin = self.begin(changes)?;
        let mut page = ChangesPage { events: vec![], place: place(self.happened.len()), more: false };
        for (at, happened) in self.happened.iter().enumerate().skip(begin) {
            if page.events.len() == changes.limit {
                return Ok(ChangesPage { place: place(at), more: true, ..page });
            }
            let lost = happened.lost.contains(&caller.user);
            let asked = changes.document.is_none_or(|only| only == happened.document);
            let here = happened.caller.tenant == caller.tenant && asked;
            let here = here && shard_of(happened.document) == changes.shard;
            if here && (lost || readable(happened.document)) {
                page.events.push(happened.event(at, lost));
                self.told.fetch_max(at + 1, Ordering::Relaxed);
            }
        }
        let reads_one = changes.document.is_none_or(&readable);
        if page.events.is_empty() && !reads_one { Err(Refusal::NotFound) } else { Ok(page) }
    }

    fn begin(&self, changes: &Changes) -> Result<usize, Refusal> {
        let end = self.happened.len();
        let Some(since) = changes.since else { return Ok(end) };
        let kept = self.forgotten..=end;
        let at = usize::try_from(since.index).ok().filter(|at| kept.contains(at));
        at.ok_or(Refusal::FeedGone { place: place(end) })
    }
}

impl Happened {
    fn event(&self, at: usize, lost: bool) -> Event {
        let taken = lost && matches!(self.kind, EventKind::Shared { .. });
        Event {
            place: place(at + 1),
            document: self.document,
            kind: if taken { EventKind::Revoked } else { self.kind.clone() },
            version: self.version,
            heads: self.heads.clone(),
            authors: vec![self.caller.user.clone()],
            at: Timestamp(1_790_000_000_000 + at as u64),
        }
    }
}

fn place(at: usize) -> FeedPlace {
    FeedPlace { index: at as u64, number: 0 }
}
