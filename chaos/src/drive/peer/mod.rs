//! A client of the automerge-repo protocol: it holds documents on one socket, writes into the newest, and knows that an
//! edit is safe when the hub's heads include it.
//!
//! It lives on when its socket does not, and connects again with all that it holds. What it wrote meanwhile stays in its
//! documents, so an edit that was given up as unknown may still arrive.

mod held;
mod link;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use automerge::ChangeHash;
use base::DocId;
use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout_at};
use wire::DocumentName;

use super::crew::Habits;
use super::notes::{Ended, Notes};
use super::places::Paper;
use super::session::{Mint, Scene};
use crate::history::{Answer, Ask, ClientId, Document, Kind, OperationId, Side};
use held::Held;
use link::{Broken, Heard, Link};

/// The pause before a socket that broke is opened again.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a socket may take to be opened.
const OPEN_WITHIN: Duration = Duration::from_secs(5);
/// How often a peer looks whether it is done with all that it waits for.
const LOOK: Duration = Duration::from_millis(20);

/// A peer with its documents.
pub struct Peer {
    client: ClientId,
    scene: Arc<Scene>,
    habits: Habits,
    dice: StdRng,
    mint: Mint,
    link: Option<Link>,
    held: BTreeMap<String, Held>,
    /// The document that it writes into.
    current: String,
    open: Option<Open>,
}

/// An edit that is not confirmed.
struct Open {
    op: OperationId,
    name: String,
    change: ChangeHash,
    deadline: Instant,
}

impl Peer {
    /// A peer that holds the document of its place.
    pub fn new(client: ClientId, scene: Arc<Scene>, dice: StdRng, habits: Habits) -> Peer {
        let mint = Mint::new(client);
        let (held, current) = (BTreeMap::new(), String::new());
        let mut peer = Peer { client, scene, habits, dice, mint, link: None, held, current, open: None };
        peer.follow_place();
        peer
    }

    /// Writes until it is told to stop, and until what it wrote last is confirmed or given up.
    pub async fn work(mut self, mut stop: watch::Receiver<bool>) -> io::Result<Peer> {
        let mut ticks = interval(self.habits.pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.open.is_some() || !*stop.borrow() {
            if !self.stay_connected().await? {
                self.look()?;
                continue;
            }
            let until = self.open.as_ref().map_or_else(|| Instant::now() + PAUSE, |open| open.deadline);
            tokio::select! {
                heard = hear(&mut self.link) => self.hear(heard)?,
                _ = ticks.tick(), if self.open.is_none() => self.edit()?,
                _ = stop.changed(), if !*stop.borrow() => {}
                () = sleep_until(until) => {}
            }
            self.look()?;
        }
        self.hang_up("its work is done")?;
        Ok(self)
    }

    /// Waits until the hub has all that this peer has.
    pub async fn bring(&mut self, deadline: Instant) -> io::Result<()> {
        self.until(deadline, Held::is_all_confirmed).await
    }

    /// Waits until this peer has all of what the hub has, whose heads are given for each document; notes what it has.
    pub async fn meet(
        &mut self,
        heads: &BTreeMap<Document, Vec<String>>,
        deadline: Instant,
        face: impl Fn(&[String], &str) -> String,
    ) -> io::Result<()> {
        let is_met = |held: &mut Held| heads.get(&held.paper.id).is_none_or(|heads| held.heads() == *heads);
        self.until(deadline, is_met).await?;
        for held in self.held.values_mut() {
            let face = held.text().map(|text| face(&held.heads(), &text));
            self.scene.notes.replica(&held.paper.id, &format!("the peer {}", self.client.0), face)?;
        }
        Ok(())
    }

    /// Takes part until something holds of all its documents, or until the deadline. Nobody reads a socket in between, so
    /// there is none.
    async fn until(&mut self, deadline: Instant, holds: impl Fn(&mut Held) -> bool) -> io::Result<()> {
        while !self.held.values_mut().all(&holds) && Instant::now() < deadline {
            self.stay_connected().await?;
            let look = Instant::now() + LOOK;
            tokio::select! {
                heard = hear(&mut self.link) => self.hear(heard)?,
                () = sleep_until(look) => {}
            }
        }
        self.hang_up("it has what it waited for")
    }

    /// Closes the socket.
    fn hang_up(&mut self, why: &str) -> io::Result<()> {
        if self.link.take().is_none() {
            return Ok(());
        }
        self.notes().closed(self.client, Side::Client, why)
    }

    /// Tries once to get a socket, if there is none. Whether there is one.
    async fn stay_connected(&mut self) -> io::Result<bool> {
        if self.link.is_none() && !self.connect().await? {
            sleep(PAUSE).await;
        }
        Ok(self.link.is_some())
    }

    /// Opens a socket and says on it what is held. Whether there is one now.
    async fn connect(&mut self) -> io::Result<bool> {
        let gateways = &self.habits.gateways;
        let gateway = &gateways[self.habits.gateway % gateways.len()];
        let user = self.scene.places.at(self.habits.place).user;
        // A name of each socket, so that a gateway that has not noticed the end of the one before has nothing to replace.
        let name = format!("peer-{}-{:016x}", self.client.0, rand::random::<u64>());
        let opening = Link::open(gateway, &self.scene.tokens[user], &name);
        let Ok(Ok(link)) = timeout_at(Instant::now() + OPEN_WITHIN, opening).await else {
            self.habits.gateway += 1;
            return Ok(false);
        };
        self.link = Some(link);
        self.notes().opened(self.client)?;
        let names: Vec<String> = self.held.keys().cloned().collect();
        let said = names.iter().try_for_each(|name| self.begin(name));
        self.after(said)?;
        Ok(self.link.is_some())
    }

    /// Tells a new socket of a document.
    fn begin(&mut self, name: &str) -> Result<(), Broken> {
        let (Some(link), Some(held)) = (&mut self.link, self.held.get_mut(name)) else { return Ok(()) };
        match held.begin() {
            (Some(first), is_request) => link.say(name, first, is_request),
            (None, _) => Ok(()),
        }
    }

    fn hear(&mut self, heard: Result<Heard, Broken>) -> io::Result<()> {
        let taken = heard.and_then(|heard| self.take(heard));
        self.after(taken)
    }

    fn take(&mut self, heard: Heard) -> Result<(), Broken> {
        let Heard::Sync { document, data } = heard else { return Ok(()) };
        let Some(held) = self.held.get_mut(&document) else { return Ok(()) };
        held.take(&data).map_err(|why| Broken::Sync { document: document.clone(), why })?;
        self.say(&document)
    }

    /// Says what is to be said of a document.
    fn say(&mut self, name: &str) -> Result<(), Broken> {
        let (Some(link), Some(held)) = (&mut self.link, self.held.get_mut(name)) else { return Ok(()) };
        held.next().map_or(Ok(()), |data| link.say(name, data, false))
    }

    /// Notes it when a socket has broken.
    fn after(&mut self, done: Result<(), Broken>) -> io::Result<()> {
        let Err(broken) = done else { return Ok(()) };
        self.link = None;
        self.habits.gateway += 1;
        self.notes().closed(self.client, Side::Hub, &broken.to_string())
    }

    /// Writes a mark.
    fn edit(&mut self) -> io::Result<()> {
        if let Some(name) = self.follow_place() {
            let said = self.begin(&name);
            self.after(said)?;
        }
        let name = self.current.clone();
        let Some(held) = self.held.get_mut(&name).filter(|held| held.is_here()) else { return Ok(()) };
        let paper = held.paper.clone();
        let mark = self.mint.next();
        let kind = Kind::Edit { mark, base: paper.version() };
        let ask = Ask { client: self.client, shard: paper.shard, document: Some(paper.id.clone()), kind };
        let op = self.scene.notes.invoke(ask)?;
        paper.count();
        let written = held.write(mark, self.dice.random()).map_err(io::Error::other)?;
        let change = written.ok_or_else(|| io::Error::other("Automerge made no change of an insertion"))?;
        self.open =
            Some(Open { op, name: name.clone(), change, deadline: Instant::now() + self.habits.budget });
        let said = self.say(&name);
        self.after(said)
    }

    /// Notes the end of the open edit, if it has come.
    fn look(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        let held = self.held.get_mut(&open.name).expect("documents are held to the end");
        let ended = match held.is_confirmed(&open.change) {
            true => Ended::Ok(Answer::default()),
            false if Instant::now() >= open.deadline => Ended::Unknown,
            false => return Ok(()),
        };
        self.scene.notes.end(open.op, ended)?;
        if let Some(text) = held.text() {
            self.scene.notes.seen(&held.paper.id, &text)?;
        }
        self.open = None;
        Ok(())
    }

    /// Holds the document that its place has now. Gives the name of one that is new.
    fn follow_place(&mut self) -> Option<String> {
        let paper: Arc<Paper> = self.scene.places.at(self.habits.place);
        let id: DocId = paper.id.parse().ok()?;
        let name = DocumentName::from(id).to_string();
        let is_new = !self.held.contains_key(&name);
        self.current.clone_from(&name);
        is_new.then(|| {
            self.held.insert(name.clone(), Held::new(paper));
            name
        })
    }

    fn notes(&self) -> &Notes {
        &self.scene.notes
    }
}

/// The next message. Cancelling it loses nothing. Where there is no socket, nothing comes.
async fn hear(link: &mut Option<Link>) -> Result<Heard, Broken> {
    match link {
        Some(link) => link.hear().await,
        None => std::future::pending().await,
    }
}
