//! One request on its way: whom it is for, how long it is tried, and what has come of it so far.

use super::budget::Budget;
use super::choose::Trail;
use base::{NodeId, ShardId, Slot};
use std::time::Duration;
use tokio::time::Instant;

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
    /// Why the last one was of no use.
    pub reason: String,
}

impl Search {
    /// One that begins now.
    pub fn begin() -> Search {
        let reason = "this gateway does not know its nodes yet".to_owned();
        Search { begun: Instant::now(), trail: Trail::default(), rounds: 0, lost: false, reason }
    }

    /// One that begins because `node` is of no use any more, and may have named another.
    pub fn away_from(node: NodeId, named: Option<NodeId>) -> Search {
        let mut search = Search::begin();
        search.trail.in_vain(node, named);
        search
    }
}

impl Errand {
    /// A request that changes nothing.
    pub fn read(place: Place) -> Errand {
        Errand::waiting(place, Duration::ZERO)
    }

    /// The same, one that may wait at its node for something to happen.
    pub fn waiting(place: Place, wait: Duration) -> Errand {
        let search = Search::begin();
        Errand { place, writes: false, budget: Budget::new(search.begun, wait), search }
    }

    /// A request that may change something, and does so once however often it is asked.
    pub fn write(place: Place) -> Errand {
        Errand { writes: true, ..Errand::read(place) }
    }

    /// What is tried as long as somebody wants it.
    pub fn endless(place: Place, search: Search) -> Errand {
        Errand { place, writes: false, budget: Budget::endless(search.begun), search }
    }
}
