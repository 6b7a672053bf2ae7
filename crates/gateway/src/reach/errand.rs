//! One request on its way: whom it is for, how long it is tried, and what has come of it so far.

use super::budget::Budget;
use super::choose::Trail;
use super::waiting::Guest;
use base::{NodeId, ShardId, Slot};
use std::time::Duration;
use tokio::time::Instant;

/// In this time a node notices that a connection is gone, and that the sessions are over that it had.
const NOTICES_WITHIN: Duration = Duration::from_secs(30);

/// Whom a request is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// The shard that holds a slot, whichever it is by then.
    Slot(Slot),
    /// A shard.
    Shard(ShardId),
}

/// A request that looks for its node.
#[derive(Debug)]
pub(super) struct Errand {
    pub place: Place,
    /// Whether it may change something: then nobody knows what one did whose answer was lost.
    pub writes: bool,
    /// Whether any replica may answer: one is taken by chance, and the leader is asked if it cannot.
    pub anyone: bool,
    /// With whom it waits when nobody leads the shard.
    pub guest: Guest,
    pub budget: Budget,
    pub search: Search,
}

/// What a search has met so far.
#[derive(Debug)]
pub(super) struct Search {
    pub begun: Instant,
    pub trail: Trail,
    pub rounds: u32,
    /// Whether an answer was lost.
    pub lost: bool,
    /// Whether there was a session before. A node that has not noticed its end may take itself for full.
    pub held: bool,
    /// Why the last one was of no use.
    pub reason: String,
}

impl Search {
    /// One that begins now.
    pub fn begin() -> Search {
        let reason = "this gateway does not know its nodes yet".to_owned();
        Search { begun: Instant::now(), trail: Trail::default(), rounds: 0, lost: false, held: false, reason }
    }

    /// One that begins because `node` is of no use any more, and may have named another.
    pub fn away_from(node: NodeId, named: Option<NodeId>) -> Search {
        let mut search = Search { held: true, ..Search::begin() };
        search.trail.in_vain(node, named);
        search
    }

    /// Whether a node that is full is to be asked again, and not taken at its word.
    pub fn outlasts_busy(&self) -> bool {
        self.held && self.begun.elapsed() < NOTICES_WITHIN
    }
}

impl Errand {
    /// A request that changes nothing.
    pub fn read(place: Place) -> Errand {
        let search = Search::begin();
        let budget = Budget::new(search.begun, Duration::ZERO);
        Errand { place, writes: false, anyone: false, guest: Guest::Request, budget, search }
    }

    /// A question of a feed, which may wait at its node for something to happen.
    pub fn feed(place: Place, wait: Duration) -> Errand {
        let errand = Errand::read(place);
        Errand { guest: Guest::Feed, budget: Budget::new(errand.search.begun, wait), ..errand }
    }

    /// A request that may change something, and does so once however often it is asked.
    pub fn write(place: Place) -> Errand {
        Errand { writes: true, ..Errand::read(place) }
    }

    /// What is tried as long as somebody wants it.
    pub fn endless(place: Place, search: Search) -> Errand {
        let budget = Budget::endless(search.begun);
        Errand { place, writes: false, anyone: false, guest: Guest::Request, budget, search }
    }
}
