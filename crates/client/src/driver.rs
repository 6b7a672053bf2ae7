//! The task behind a handle: it holds the socket, and makes a new one when it breaks.

use crate::backoff::Backoff;
use crate::document::{Ask, Event, Outlet};
use crate::error::Ended;
use crate::hub::Address;
use crate::link::{Broken, Link, TOO_LONG};
use crate::talk::{self, Heard, Talk};
use base::DocId;
use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

/// After this long without a word the hub is asked for a sign of life; after as long again it is taken for dead.
const QUIET: Duration = Duration::from_secs(30);

/// What the task needs.
pub(crate) struct Driver {
    pub address: Arc<Address>,
    pub id: DocId,
    pub talk: Talk,
    pub outlet: Outlet,
    pub asked: mpsc::Receiver<Ask>,
    pub said: mpsc::Receiver<Value>,
}

/// Edits to be sent again later.
type Later = FuturesUnordered<Pin<Box<dyn Future<Output = String> + Send>>>;

impl Driver {
    /// Follows the document until it is over for good. Tells everyone who waits.
    pub async fn run(mut self) -> Ended {
        let why = self.follow().await;
        self.talk.end(&why);
        self.outlet.end(&why);
        why
    }

    async fn follow(&mut self) -> Ended {
        let mut backoff = Backoff::new();
        loop {
            let token = self.address.token();
            match self.session(&token, &mut backoff).await {
                Ok(()) => return Ended::LetGo,
                Err(Broken::Ended(why)) => return why,
                // The same token again would be refused again.
                Err(Broken::Token(why)) if self.address.token() == token => return why,
                Err(Broken::TooLong(reason)) if !self.talk.is_open() => {
                    return Ended::Closed { code: TOO_LONG, reason };
                }
                Err(too_long @ Broken::TooLong(_)) => {
                    self.talk.too_long(&too_long.to_string());
                    self.outlet.tell(Event::Offline { why: chain(&too_long) });
                }
                Err(other) => self.outlet.tell(Event::Offline { why: chain(&other) }),
            }
            let wait = backoff.wait(rand::random());
            tokio::select! {
                () = self.outlet.let_go() => return Ended::LetGo,
                () = sleep(wait) => {}
            }
        }
    }

    /// One socket, from its beginning to its end. Ok: the handle is gone.
    async fn session(&mut self, token: &str, backoff: &mut Backoff) -> Result<(), Broken> {
        let url = self.address.socket(self.id);
        let mut link = tokio::select! {
            () = self.outlet.let_go() => return Ok(()),
            link = Link::connect(&url) => link?,
        };
        link.send(self.talk.hello(token.to_owned())).await?;
        let done = self.talk_over(&mut link, backoff).await;
        if done.is_ok() {
            link.close().await;
        }
        done
    }

    async fn talk_over(&mut self, link: &mut Link, backoff: &mut Backoff) -> Result<(), Broken> {
        let mut later = Later::new();
        let mut life = Life::new();
        loop {
            let was_open = self.talk.is_open();
            tokio::select! {
                biased;
                () = self.outlet.let_go() => return Ok(()),
                heard = link.next() => {
                    life.sign();
                    if !was_open {
                        // What was said while nobody could hear it is over. Not later: whoever is told that the document is
                        // there may speak at once.
                        while self.said.try_recv().is_ok() {}
                    }
                    if let Some(message) = heard? && !self.hear(message, &mut later) {
                        // A new socket begins with a snapshot.
                        return Err(Broken::Later("the copy was out of step".to_owned()));
                    }
                }
                Some(id) = later.next() => {
                    if let Some(text) = self.talk.again_one(&id) {
                        link.send(text.to_owned()).await?;
                    }
                }
                Some(Ask { id, version, ops, reply }) = self.asked.recv(), if self.talk.has_room() => {
                    if let Some(text) = self.talk.edit(id, version, ops, reply) {
                        link.send(text).await?;
                    }
                }
                Some(data) = self.said.recv(), if self.talk.is_open() => {
                    link.send(self.talk.say(data)).await?;
                }
                () = life.quiet() => life.ask(link).await?,
            }
            if !was_open && self.talk.is_open() {
                *backoff = Backoff::new();
                self.outlet.tell(Event::Online);
                for text in self.talk.again() {
                    link.send(text.to_owned()).await?;
                }
            }
        }
    }

    /// Whether the copy can be gone on from.
    fn hear(&mut self, message: wire::thin::FromHub, later: &mut Later) -> bool {
        let event = match self.talk.hear(message) {
            Ok(Heard::Nothing) => return true,
            Ok(Heard::Snapshot) => Event::Snapshot,
            Ok(Heard::Update(update)) => Event::Update(update),
            Ok(Heard::Presence(presence)) => Event::Presence(Arc::new(presence)),
            Ok(Heard::Access(level)) => Event::Access(level),
            Ok(Heard::Later { id, after }) => {
                later.push(Box::pin(async move {
                    sleep(after).await;
                    id
                }));
                return true;
            }
            Err(error) => {
                tracing::warn!(%error, document = %self.id, "the copy is asked for anew");
                return false;
            }
        };
        self.outlet.tell(event);
        true
    }
}

/// Whether the other side still lives.
struct Life {
    last: Instant,
    asked: bool,
}

impl Life {
    fn new() -> Life {
        Life { last: Instant::now(), asked: false }
    }

    fn sign(&mut self) {
        *self = Life::new();
    }

    async fn quiet(&self) {
        sleep_until(self.last + if self.asked { 2 * QUIET } else { QUIET }).await;
    }

    async fn ask(&mut self, link: &mut Link) -> Result<(), Broken> {
        if std::mem::replace(&mut self.asked, true) {
            return Err(Broken::Silent(2 * QUIET));
        }
        link.send(talk::ping()).await
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
