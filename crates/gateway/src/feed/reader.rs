//! The reader of one feed: what it sends next.
//!
//! Invariant: at most one chunk of a feed waits to be written. A connection buffers whatever it is given, so that the
//! next chunk is made when the client has taken what there was.

use super::form::{End, Form};
use super::sources::{FeedPage, Sources};
use crate::config::FeedConfig;
use crate::gate::Pass;
use crate::problem::Problem;
use crate::server::Activity;
use bytes::Bytes;
use futures::stream::{Stream, unfold};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// The most events that are read at once: some tens of kilobytes.
pub(crate) const PAGE_EVENTS: usize = 64;

/// How soon the shards are asked again when everything at hand was sent: what happens meanwhile comes together.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// For how long a client may take nothing before what was read ahead for it is forgotten. It holds memory, and what is
/// told after a revocation has to be read after it.
const FORGET_AFTER: Duration = Duration::from_millis(500);

/// What a feed is read with.
pub(crate) struct Feed {
    pub sources: Sources,
    pub form: Form,
    pub config: FeedConfig,
    /// When the caller's credential is over.
    pub expires: Instant,
    /// Cancelled when the hub stops.
    pub stop: CancellationToken,
    /// What it is written to.
    pub connection: Arc<Activity>,
    /// Its place among the feeds of this gateway, given back with the rest.
    pub _place: Pass,
}

/// Where a feed ends by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    /// Events that may still be sent.
    pub left: usize,
    /// Until when to wait for the first of them.
    pub deadline: Instant,
}

/// A feed on its way to a client.
pub(crate) struct Reader {
    feed: Feed,
    bound: Option<Bound>,
    /// What was read before there was an answer to write it into.
    first: Option<FeedPage>,
    /// How far the shards were read.
    token: String,
    /// When the client last got a token.
    told_at: Instant,
    ask_at: Instant,
    over: bool,
}

impl Reader {
    /// A reader that goes on where `first` ends.
    pub fn new(feed: Feed, bound: Option<Bound>, first: FeedPage) -> Reader {
        let (token, now) = (first.token.clone(), Instant::now());
        Reader { feed, bound, first: Some(first), token, told_at: now, ask_at: now, over: false }
    }

    /// How many events to ask for.
    pub fn page_events(bound: Option<Bound>) -> usize {
        bound.map_or(PAGE_EVENTS, |bound| bound.left.min(PAGE_EVENTS))
    }

    /// What it sends.
    pub fn into_stream(self) -> impl Stream<Item = Bytes> + Send {
        unfold(self, |mut reader| async move {
            let bytes = reader.next().await?;
            Some((bytes, reader))
        })
    }

    /// The next bytes to send; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.has_taken_all().await {
            return None;
        }
        let mut out = Vec::new();
        while out.is_empty() && !self.over {
            match self.first.take() {
                Some(page) => {
                    self.feed.form.open(&mut out);
                    self.begin(&mut out, page);
                }
                None => match self.ask().await {
                    Ok(page) => self.go_on(&mut out, page),
                    Err(end) => self.end(&mut out, &end),
                },
            }
        }
        (!out.is_empty()).then(|| out.into())
    }

    /// Waits until the client has taken what was sent. One who does not is not told why the feed ends.
    async fn has_taken_all(&mut self) -> bool {
        let Feed { sources, expires, stop, connection, .. } = &mut self.feed;
        // The connection writes what it has when there is no more for it.
        yield_now().await;
        let writable = async {
            if timeout(FORGET_AFTER, connection.writable()).await.is_err() {
                sources.forget();
                connection.writable().await;
            }
        };
        tokio::select! {
            biased;
            () = writable => true,
            () = stop.cancelled() => false,
            () = sleep_until(*expires) => false,
        }
    }

    /// Waits for more.
    async fn ask(&mut self) -> Result<FeedPage, End> {
        let Feed { sources, config, expires, stop, .. } = &mut self.feed;
        let beat = Instant::now() + config.heartbeat;
        let until = self.bound.map_or(beat, |bound| bound.deadline.min(beat));
        let asking = async {
            sleep_until(self.ask_at.min(until)).await;
            sources.page(Reader::page_events(self.bound), until).await
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(End::Stopping),
            () = sleep_until(*expires) => Err(End::Expired),
            page = asking => page.map_err(refused),
        }
    }

    /// The first page: a client learns at once where it stands.
    fn begin(&mut self, out: &mut Vec<u8>, page: FeedPage) {
        if self.bound.is_none() && page.events.is_empty() {
            self.bookmark(out, &page.token);
        }
        self.put(out, page);
    }

    /// A later page. If it has nothing to say, the client learns that the connection lives.
    fn go_on(&mut self, out: &mut Vec<u8>, page: FeedPage) {
        if self.bound.is_none() && page.events.is_empty() {
            let FeedConfig { heartbeat, bookmark } = self.feed.config;
            if page.more || self.told_at.elapsed() + heartbeat / 2 > bookmark {
                self.bookmark(out, &page.token);
            } else {
                self.feed.form.heartbeat(out);
            }
        }
        self.put(out, page);
    }

    fn put(&mut self, out: &mut Vec<u8>, page: FeedPage) {
        let FeedPage { events, token, more } = page;
        for event in &events {
            self.feed.form.event(out, event);
            self.told_at = Instant::now();
        }
        self.token = token;
        self.ask_at = Instant::now() + if more { Duration::ZERO } else { ASK_AGAIN_AFTER };
        if let Some(bound) = &mut self.bound {
            bound.left -= events.len().min(bound.left);
            let waited = Instant::now() >= bound.deadline;
            if bound.left == 0 || (!more && (waited || !events.is_empty())) {
                self.feed.form.bookmark(out, &self.token);
                self.over = true;
            }
        }
    }

    fn bookmark(&mut self, out: &mut Vec<u8>, token: &str) {
        self.feed.form.bookmark(out, token);
        self.told_at = Instant::now();
    }

    fn end(&mut self, out: &mut Vec<u8>, end: &End) {
        self.feed.form.end(out, end, &self.token);
        self.over = true;
    }
}

fn refused(problem: Problem) -> End {
    if let Some(cause) = &problem.cause {
        tracing::error!(cause, "a change feed ended");
    }
    End::Refused(problem)
}
