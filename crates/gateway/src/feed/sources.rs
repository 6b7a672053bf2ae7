//! The shards that a feed is read from. Each is asked at most once at a time, and goes on waiting while others answer.
//!
//! Dropping what is asked loses nothing: a reader has come as far as what was given, and no further.

use super::merge::{Given, Merge};
use super::token::Places;
use crate::problem::{Kind, Problem};
use base::{DocId, FeedPlace, ShardId};
use futures::future::{BoxFuture, FutureExt, try_join_all};
use futures::stream::{FuturesUnordered, StreamExt};
use rpc::{Caller, Changes, ChangesPage, Refusal, SharedShards};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How many events a shard is asked for at least, however many there are to ask: a page is not made of single events.
const SHARE_MIN: usize = 8;

/// How long beyond its time a page waits for shards that have not answered. They go on, and answer for a later page.
const LATE: Duration = Duration::from_secs(1);

/// What a feed is of.
#[derive(Clone)]
pub(crate) struct Asker {
    pub shards: SharedShards,
    pub caller: Caller,
    /// The only document that is asked for.
    pub document: Option<DocId>,
}

/// Events that were given together.
#[derive(Debug)]
pub(crate) struct FeedPage {
    pub events: Vec<Given>,
    /// Where the next page begins. It moves on without events, too.
    pub token: String,
    /// Whether there may be more at hand.
    pub more: bool,
}

/// The shards of one feed, and how far its reader has come in each.
pub(crate) struct Sources {
    asker: Asker,
    merge: Merge,
    answers: FuturesUnordered<BoxFuture<'static, Answered>>,
}

type Answered = (ShardId, Result<ChangesPage, Refusal>);

impl Sources {
    /// The feed behind a token, or from now on, and its first page of what is at hand.
    pub async fn open(
        asker: Asker,
        since: Option<&str>,
        limit: usize,
    ) -> Result<(Sources, FeedPage), Problem> {
        let shards = asker.of_which()?;
        let merge = match since {
            None => Merge::new(asker.now(&shards).await?, false),
            Some(token) => Merge::new(places_of(token, &shards)?, true),
        };
        let mut sources = Sources { asker, merge, answers: FuturesUnordered::new() };
        let first = match since {
            None => FeedPage { events: vec![], token: sources.merge.token(), more: false },
            Some(_) => sources.page(limit, Instant::now()).await?,
        };
        Ok((sources, first))
    }

    /// The next page, of at most `limit` events; waits until `until` for the first of them. Later calls do not wait for
    /// less long.
    pub async fn page(&mut self, limit: usize, until: Instant) -> Result<FeedPage, Problem> {
        match self.read(limit, until).await {
            Ok(page) => Ok(page),
            Err(Refusal::FeedGone { .. }) => Err(self.asker.gone().await),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Lets go of everything but the places.
    pub fn forget(&mut self) {
        self.answers.clear();
        self.merge.forget();
    }

    async fn read(&mut self, limit: usize, until: Instant) -> Result<FeedPage, Refusal> {
        self.ask(limit, until);
        loop {
            while self.merge.waits()
                && let Some(answer) = self.answers.next().await
            {
                self.hear(answer)?;
            }
            while let Some(Some(answer)) = self.answers.next().now_or_never() {
                self.hear(answer)?;
            }
            let events: Vec<_> = std::iter::from_fn(|| self.merge.give()).take(limit).collect();
            let more = self.merge.more();
            if !events.is_empty() || more || (self.answers.is_empty() && Instant::now() >= until) {
                return Ok(FeedPage { events, token: self.merge.token(), more });
            }
            // All who wait answer by then, if only to say how far the reader has come.
            match timeout_at(until + LATE, self.answers.next()).await {
                Ok(Some(answer)) => self.hear(answer)?,
                Ok(None) => {}
                Err(_) => return Ok(FeedPage { events, token: self.merge.token(), more }),
            }
            // Who has said at the end that there is nothing is not asked only to say it again.
            if Instant::now() < until {
                self.ask(limit, until);
            }
        }
    }

    /// Asks all shards that have nothing ahead: for what is at hand, or to wait.
    fn ask(&mut self, limit: usize, until: Instant) {
        let hungry = self.merge.hungry();
        let at_hand = hungry.iter().filter(|hungry| hungry.at_hand).count();
        let share = |shards: usize| (limit / shards.max(1)).max(SHARE_MIN).min(limit);
        let time = until.saturating_duration_since(Instant::now());
        for hungry in hungry {
            let (limit, wait) = if hungry.at_hand {
                (share(at_hand), Duration::ZERO)
            } else {
                (share(self.merge.shards()), time)
            };
            self.merge.ask(hungry.shard);
            self.answers.push(self.asker.ask(hungry.shard, Some(hungry.since), limit, wait));
        }
    }

    fn hear(&mut self, (shard, answer): Answered) -> Result<(), Refusal> {
        self.merge.tell(shard, answer?);
        Ok(())
    }
}

impl Asker {
    /// The shards that this feed is of.
    fn of_which(&self) -> Result<Vec<ShardId>, Problem> {
        let all = self.shards.shards();
        if all.is_empty() {
            return Err(Problem::no_shards());
        }
        Ok(match self.document {
            Some(id) => self.shards.shard_of(id).into_iter().collect(),
            None => all,
        })
    }

    /// Where their feeds end.
    async fn now(&self, shards: &[ShardId]) -> Result<Places, Problem> {
        let ends = shards.iter().map(|&shard| async move {
            let (shard, answer) = self.ask(shard, None, 0, Duration::ZERO).await;
            answer.map(|page| (shard, page.place))
        });
        Ok(Places(try_join_all(ends).await?.into_iter().collect()))
    }

    /// Says where to begin anew: what happens while the caller lists what there is, is told behind that.
    async fn gone(&self) -> Problem {
        let now = async { self.now(&self.of_which()?).await };
        now.await.map_or_else(|problem| problem, |places| Problem::feed_gone(&places.to_text()))
    }

    fn ask(
        &self,
        shard: ShardId,
        since: Option<FeedPlace>,
        limit: usize,
        wait: Duration,
    ) -> BoxFuture<'static, Answered> {
        let Asker { shards, caller, document } = self.clone();
        let changes = Changes { shard, since, document, limit, wait };
        async move { (shard, shards.changes(caller, changes).await) }.boxed()
    }
}

/// The places of a token, which has to name all of these shards. One of all shards serves for one, too.
fn places_of(token: &str, shards: &[ShardId]) -> Result<Places, Problem> {
    let detail = "not a token of this feed; use one as it was given, or none to begin now";
    let bad = || Problem::new(Kind::BadFeedToken, detail);
    let token = Places::from_text(token).ok_or_else(bad)?;
    let places = shards.iter().map(|shard| Some((*shard, *token.0.get(shard)?)));
    places.collect::<Option<BTreeMap<_, _>>>().map(Places).ok_or_else(bad)
}
