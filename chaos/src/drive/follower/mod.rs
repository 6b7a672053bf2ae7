//! A client of the JSON socket: it follows the document of its place, and writes into the copy that it has.
//!
//! The client library connects again by itself, and sends an edit again until it is answered. An edit that was given up as
//! unknown may therefore still be done; a follower waits for the end of those before it lets go of a document.

mod following;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use client::{Client, EditError, Event, Op};
use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at};

use super::crew::Habits;
use super::notes::{Ended, Notes};
use super::session::{Mint, Scene};
use crate::history::{Answer, Ask, ClientId, Document, Kind, Side};
use following::{Following, Next, Open};

/// How long the first snapshot is waited for, before another gateway is tried.
const FOLLOW_WITHIN: Duration = Duration::from_secs(5);
/// How long a document may be out of reach before another gateway is tried.
const OFFLINE_MAX: Duration = Duration::from_secs(5);
/// How often is looked whether a copy is where it should be.
const LOOK: Duration = Duration::from_millis(20);

/// A follower.
pub struct Follower {
    client: ClientId,
    scene: Arc<Scene>,
    habits: Habits,
    dice: StdRng,
    mint: Mint,
    following: Option<Following>,
}

impl Follower {
    /// A follower of whatever document is in its place.
    pub fn new(client: ClientId, scene: Arc<Scene>, dice: StdRng, habits: Habits) -> Follower {
        Follower { client, scene, habits, dice, mint: Mint::new(client), following: None }
    }

    /// Follows and writes until it is told to stop, and until its last edit is answered or given up.
    pub async fn work(mut self, mut stop: watch::Receiver<bool>) -> io::Result<Follower> {
        let mut ticks = interval(self.habits.pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_open = self.following.as_ref().is_some_and(|following| following.edit.is_some());
            if *stop.borrow() && !is_open {
                return Ok(self);
            }
            let Some(following) = &mut self.following else {
                self.follow().await?;
                continue;
            };
            tokio::select! {
                next = following.next() => self.take(next)?,
                _ = ticks.tick(), if !is_open => self.edit().await?,
                _ = stop.changed(), if !*stop.borrow() => {}
            }
        }
    }

    /// Waits until no edit is under way any more, so that nothing of this follower changes a document later.
    pub async fn bring(&mut self, deadline: Instant) {
        let Some(following) = &mut self.following else { return };
        for reply in following.late.drain(..) {
            // Whatever the answer is: the operation has its end in the history.
            let _ended = timeout_at(deadline, reply).await;
        }
    }

    /// Waits until the copy is at the heads that the hub shows at the end; notes what it is.
    pub async fn meet(
        &mut self,
        heads: &BTreeMap<Document, Vec<String>>,
        deadline: Instant,
        face: impl Fn(&[String], &str) -> String,
    ) -> io::Result<()> {
        let Some(following) = self.following.take() else { return Ok(()) };
        let id = following.paper.id.clone();
        let of_copy = || following.copy.read(|copy| sorted(copy.heads.iter().map(ToString::to_string)));
        while heads.get(&id).is_some_and(|heads| of_copy() != *heads) && Instant::now() < deadline {
            sleep(LOOK).await;
        }
        let text = following.copy.read(|copy| copy.content.as_str().map(str::to_owned));
        let face = text.map(|text| face(&of_copy(), &text));
        self.scene.notes.replica(&id, &format!("the follower {}", self.client.0), face)?;
        self.let_go(following, "the drill is over")
    }

    /// Follows the document of its place, at the next gateway if this one does not give it in time.
    async fn follow(&mut self) -> io::Result<()> {
        let paper = self.scene.places.at(self.habits.place);
        let gateways = &self.habits.gateways;
        let gateway = &gateways[self.habits.gateway % gateways.len()];
        let hub = Client::new(gateway, &*self.scene.tokens[paper.user]).map_err(io::Error::other)?;
        let id = paper.id.parse().map_err(io::Error::other)?;
        let Ok(Ok(copy)) = timeout(FOLLOW_WITHIN, hub.follow(id)).await else {
            self.habits.gateway += 1;
            sleep(LOOK).await;
            return Ok(());
        };
        self.notes().opened(self.client)?;
        let events = copy.events();
        let following =
            Following { paper, copy: Arc::new(copy), events, offline: None, edit: None, late: vec![] };
        self.note_copy(&following)?;
        self.following = Some(following);
        Ok(())
    }

    fn take(&mut self, next: Next) -> io::Result<()> {
        let Some(mut following) = self.following.take() else { return Ok(()) };
        match next {
            Next::Heard(None) => {
                let why =
                    following.copy.ended().map_or("nothing comes any more".into(), |end| end.to_string());
                self.give_up(&mut following)?;
                if following.offline.is_none() {
                    self.notes().closed(self.client, Side::Hub, &why)?;
                }
                return Ok(());
            }
            Next::Heard(Some(Event::Offline { why })) => {
                if following.offline.is_none() {
                    following.offline = Some(Instant::now());
                    self.notes().closed(self.client, Side::Hub, &why)?;
                }
            }
            Next::Heard(Some(Event::Online)) => {
                if following.offline.take().is_some() {
                    self.notes().opened(self.client)?;
                }
            }
            Next::Heard(Some(Event::Snapshot | Event::Update(_))) => self.note_copy(&following)?,
            Next::Heard(Some(_)) => {}
            Next::Answered(answer) => self.answered(&mut following, answer)?,
            Next::Late => self.give_up(&mut following)?,
        }
        let is_lost = following.offline.is_some_and(|since| since.elapsed() > OFFLINE_MAX);
        if is_lost && following.edit.is_none() && self.habits.gateways.len() > 1 {
            self.habits.gateway += 1;
            return Ok(());
        }
        self.following = Some(following);
        Ok(())
    }

    fn answered(&mut self, following: &mut Following, answer: Result<u64, EditError>) -> io::Result<()> {
        let Some(open) = following.edit.take() else { return Ok(()) };
        let ended = match answer {
            Ok(version) => {
                following.paper.told(version);
                Ended::Ok(Answer { version: Some(version), ..Answer::default() })
            }
            Err(error @ (EditError::Refused(_) | EditError::TooLong { .. })) => {
                Ended::Failed(error.to_string(), Answer::default())
            }
            Err(EditError::Ended(_)) => Ended::Unknown,
        };
        self.notes().end(open.op, ended)
    }

    /// The open edit counts as unknown from now on.
    fn give_up(&mut self, following: &mut Following) -> io::Result<()> {
        let Some(open) = following.edit.take() else { return Ok(()) };
        following.late.push(open.reply);
        self.notes().end(open.op, Ended::Unknown)
    }

    /// Writes a mark, or goes on to the successor of its document.
    async fn edit(&mut self) -> io::Result<()> {
        let Some(mut following) = self.following.take() else { return Ok(()) };
        following.forget_answered().await;
        let paper = following.paper.clone();
        if self.scene.places.at(self.habits.place).id != paper.id && following.late.is_empty() {
            return self.let_go(following, "the document has a successor");
        }
        let mark = self.mint.next();
        let (base, length) = following.copy.read(|copy| {
            let text = copy.content.as_str().unwrap_or_default();
            (copy.version, text.encode_utf16().count())
        });
        let kind = Kind::Edit { mark, base };
        let ask = Ask { client: self.client, shard: paper.shard, document: Some(paper.id.clone()), kind };
        let op = self.scene.notes.invoke(ask)?;
        paper.count();
        let position = if self.dice.random() { length } else { 0 };
        let ops = vec![Op::Splice { path: vec![], position, delete: 0, insert: mark.to_string() }];
        let copy = following.copy.clone();
        let reply = Box::pin(async move { copy.edit_at(base, ops).await });
        following.edit = Some(Open { op, reply, deadline: Instant::now() + self.habits.budget });
        self.following = Some(following);
        Ok(())
    }

    fn let_go(&self, following: Following, why: &str) -> io::Result<()> {
        if following.offline.is_none() {
            self.notes().closed(self.client, Side::Client, why)?;
        }
        Ok(())
    }

    fn note_copy(&self, following: &Following) -> io::Result<()> {
        let text = following.copy.read(|copy| copy.content.as_str().unwrap_or_default().to_owned());
        self.notes().seen(&following.paper.id, &text).map(drop)
    }

    fn notes(&self) -> &Notes {
        &self.scene.notes
    }
}

fn sorted(heads: impl Iterator<Item = String>) -> Vec<String> {
    let mut heads: Vec<String> = heads.collect();
    heads.sort();
    heads
}
