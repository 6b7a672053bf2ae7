//! Clients that write and read a running hub while somebody else breaks it, and a history of all that they were told.
//!
//! [`Driver::start`] creates documents and sets the clients to work; [`Driver::stop`] lets each bring its operation to its
//! end; [`Stopped::finish`] notes what is left. Each client does strictly one operation after the other, and an operation is all
//! attempts at it. What a client does is chosen by the seed of the [`Plan`]; when, is up to the hub.
//!
//! - [`plan`]: who there is, and how fast they are;
//! - [`notes`]: the history, and its clock; [`tokens`]: of many users;
//! - `places`: the documents; `found`: the first of them;
//! - `settle`, `http`, `session`: operations over REST, from what an answer means to its place in the history;
//! - `rest`, `follower`, `peer`: the clients; `crew`: who of them does what;
//! - [`watch`]: who leads; `finals`: what is left, and [`compare`] what nodes have; [`nemesis`]: what breaks when; [`strike`]: breaks
//!   it.

mod crew;
mod finals;
mod follower;
mod found;
mod http;
pub mod nemesis;
pub mod notes;
mod peer;
mod places;
pub mod plan;
mod rest;
mod session;
mod settle;
pub mod strike;
pub mod tokens;
pub mod watch;

use std::collections::BTreeSet;
use std::io;

use tokio::task::JoinSet;
use tokio::time::Instant;

pub use finals::{Digests, Replica, compare};
pub use notes::Notes;
pub use plan::{Plan, Writers};
pub use watch::{Lead, Watch};

use crate::history::ShardId;
use crew::Crew;
use follower::Follower;
use peer::Peer;

/// Why there is no load.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The history cannot be written.
    #[error("the history cannot be written")]
    Notes(#[from] io::Error),
    /// The plan cannot be carried out.
    #[error("the plan has no {0}")]
    Plan(&'static str),
    /// The hub takes no document.
    #[error("the hub does not take a first document")]
    NoDocument,
    /// The hub does not say where documents are.
    #[error("the hub names no Hub-Revision, so nobody knows which shard a document is in")]
    NoRevision,
    /// No user has documents there.
    #[error("none of {users} users has documents on {missing:?}: give the plan tokens of more users")]
    FewUsers {
        /// How many there are.
        users: usize,
        /// Shards without a document.
        missing: BTreeSet<ShardId>,
    },
    /// A document cannot be read at the end.
    #[error("the hub does not show {document} at the end")]
    NoFinal {
        /// Which.
        document: String,
    },
    /// A document is refused at the end.
    #[error("{path} is refused at the end: {why}")]
    Refused {
        /// What was asked.
        path: String,
        /// Why not.
        why: String,
    },
    /// A client panicked.
    #[error("a client of the drill failed")]
    Client(#[from] tokio::task::JoinError),
}

/// Clients at work.
pub struct Driver {
    stop: tokio::sync::watch::Sender<bool>,
    clients: JoinSet<io::Result<()>>,
    followers: JoinSet<io::Result<Follower>>,
    peers: JoinSet<io::Result<Peer>>,
    crew: Crew,
}

/// Clients that are done, and hold what they have.
pub struct Stopped {
    followers: Vec<Follower>,
    peers: Vec<Peer>,
    crew: Crew,
}

impl Driver {
    /// Creates the first documents and sets the clients to work.
    pub async fn start(plan: Plan, notes: Notes) -> Result<Driver, DriveError> {
        for (is_missing, what) in [
            (plan.gateways.is_empty(), "gateways"),
            (plan.tokens.is_empty(), "tokens"),
            (plan.documents == 0, "documents"),
        ] {
            if is_missing {
                return Err(DriveError::Plan(what));
            }
        }
        let mut crew = Crew::new(plan, notes);
        let (mut founder, plan) = (crew.session(), crew.plan.clone());
        found::found(&mut founder, &plan.shards, plan.documents).await?;
        let stop = tokio::sync::watch::Sender::new(false);
        let (mut clients, mut followers, mut peers) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
        for duty in crew.duties() {
            clients.spawn(duty.work(crew.session(), plan.pace, stop.subscribe()));
        }
        for number in 0..plan.followers {
            followers.spawn(crew.follower(number).work(stop.subscribe()));
        }
        for number in 0..plan.peers {
            peers.spawn(crew.peer(number).work(stop.subscribe()));
        }
        Ok(Driver { stop, clients, followers, peers, crew })
    }

    /// Lets each client bring its operation to its end. Takes as long as the budget of one, at most, and a little more.
    pub async fn stop(mut self) -> Result<Stopped, DriveError> {
        self.stop.send_replace(true);
        while let Some(client) = self.clients.join_next().await {
            client??;
        }
        let followers = all(self.followers).await?;
        let peers = all(self.peers).await?;
        Ok(Stopped { followers, peers, crew: self.crew })
    }
}

impl Stopped {
    /// Notes what every document holds, and what every client has of it. The hub should be whole again; it has as long as
    /// the plan's patience for each of these to catch up. What the nodes have is for [`compare`].
    pub async fn finish(mut self) -> Result<(), DriveError> {
        let patience = self.crew.plan.patience;
        let soon = || Instant::now() + patience;
        // What a client still has to send comes first: it changes documents.
        for peer in &mut self.peers {
            peer.bring(soon()).await?;
        }
        for follower in &mut self.followers {
            follower.bring(soon()).await;
        }
        let heads = finals::read(&mut self.crew.session(), soon()).await?;
        for peer in &mut self.peers {
            peer.meet(&heads, soon(), finals::face).await?;
        }
        for follower in &mut self.followers {
            follower.meet(&heads, soon(), finals::face).await?;
        }
        Ok(())
    }
}

async fn all<T: 'static>(mut tasks: JoinSet<io::Result<T>>) -> Result<Vec<T>, DriveError> {
    let mut done = vec![];
    while let Some(task) = tasks.join_next().await {
        done.push(task??);
    }
    Ok(done)
}
