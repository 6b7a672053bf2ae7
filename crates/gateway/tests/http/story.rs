//! What has happened to the documents of the model, for its change feed.

use base::{DocId, Heads, Timestamp, UserId};
use rpc::{Caller, Changes, ChangesPage, Event, EventKind, Refusal};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Everything, in order. A token is `at+` and how many of these its reader has behind it.
#[derive(Default)]
pub struct Story {
    happened: Vec<Happened>,
    /// How many are not kept any more.
    pub forgotten: usize,
    /// The furthest that anyone has asked for.
    pub asked: AtomicUsize,
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
        self.asked.fetch_max(begin, Ordering::Relaxed);
        let mut page = ChangesPage { events: vec![], token: token(self.happened.len()), more: false };
        for (at, happened) in self.happened.iter().enumerate().skip(begin) {
            if page.events.len() == changes.limit {
                return Ok(ChangesPage { token: token(at), more: true, ..page });
            }
            let lost = happened.lost.contains(&caller.user);
            let asked = changes.document.is_none_or(|only| only == happened.document);
            let here = happened.caller.tenant == caller.tenant && asked;
            if here && (lost || readable(happened.document)) {
                page.events.push(happened.event(at, lost));
            }
        }
        let reads_one = changes.document.is_none_or(&readable);
        if page.events.is_empty() && !reads_one { Err(Refusal::NotFound) } else { Ok(page) }
    }

    fn begin(&self, changes: &Changes) -> Result<usize, Refusal> {
        let end = self.happened.len();
        let Some(since) = &changes.since else { return Ok(end) };
        let at = since.strip_prefix("at+").and_then(|at| at.parse().ok()).ok_or(Refusal::BadFeedToken)?;
        if (self.forgotten..=end).contains(&at) {
            Ok(at)
        } else {
            Err(Refusal::FeedGone { token: token(end) })
        }
    }
}

impl Happened {
    fn event(&self, at: usize, lost: bool) -> Event {
        let taken = lost && matches!(self.kind, EventKind::Shared { .. });
        Event {
            token: token(at + 1),
            document: self.document,
            kind: if taken { EventKind::Revoked } else { self.kind.clone() },
            version: self.version,
            heads: self.heads.clone(),
            authors: vec![self.caller.user.clone()],
            at: Timestamp(1_790_000_000_000 + at as u64),
        }
    }
}

fn token(at: usize) -> String {
    format!("at+{at}")
}
