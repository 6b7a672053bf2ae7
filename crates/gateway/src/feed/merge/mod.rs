//! The feeds of all shards as one: what each has told, and what of it is given next. Pure.
//!
//! Events of a shard are given in the order of its log. Among shards the oldest goes first, and nothing is given while a
//! shard that may have something at hand has not told it: so a reader that catches up reads in the order of time.
//!
//! Invariant: the places are behind everything that was given, and before everything that was not. What is told and not
//! given is only read ahead: it may be forgotten, and is told again.

#[cfg(test)]
mod tests;

use super::token::Places;
use base::{FeedPlace, ShardId};
use rpc::{ChangesPage, Event};
use std::collections::{BTreeMap, VecDeque};

/// Where a reader stands, and what it has read ahead.
#[derive(Debug)]
pub(super) struct Merge {
    places: Places,
    lanes: BTreeMap<ShardId, Lane>,
}

/// What one shard has told.
#[derive(Debug)]
struct Lane {
    /// In order, not given yet.
    ahead: VecDeque<Event>,
    /// Where the reader stands once all of that is given.
    end: FeedPlace,
    /// Whether there may be something at hand behind the end.
    more: bool,
    /// It was asked, and has not answered.
    asked: bool,
}

/// A shard that has nothing ahead, and is to be asked for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hungry {
    pub shard: ShardId,
    pub since: FeedPlace,
    /// Whether it may have something at hand: until it has answered, nothing is given.
    pub at_hand: bool,
}

/// An event that is given, with the token behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub event: Event,
    pub token: String,
}

impl Merge {
    /// A reader that goes on from these places; `at_hand` tells whether there may be something behind them already.
    pub fn new(places: Places, at_hand: bool) -> Merge {
        let lane = |end| Lane { ahead: VecDeque::new(), end, more: at_hand, asked: false };
        let lanes = places.0.iter().map(|(shard, place)| (*shard, lane(*place))).collect();
        Merge { places, lanes }
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.lanes.len()
    }

    /// Behind everything that was given.
    pub fn token(&self) -> String {
        self.places.to_text()
    }

    /// The shards to ask now.
    pub fn hungry(&self) -> Vec<Hungry> {
        let hungry = self.lanes.iter().filter(|(_, lane)| lane.ahead.is_empty() && !lane.asked);
        hungry.map(|(shard, lane)| Hungry { shard: *shard, since: lane.end, at_hand: lane.more }).collect()
    }

    /// A shard was asked.
    pub fn ask(&mut self, shard: ShardId) {
        if let Some(lane) = self.lanes.get_mut(&shard) {
            lane.asked = true;
        }
    }

    /// What a shard answered.
    pub fn tell(&mut self, shard: ShardId, page: ChangesPage) {
        let Some(lane) = self.lanes.get_mut(&shard) else { return };
        let ChangesPage { events, place, more } = page;
        *lane = Lane { ahead: events.into(), end: place, more, asked: false };
        if lane.ahead.is_empty() {
            self.places.0.insert(shard, place);
        }
    }

    /// Whether a shard that was asked has to answer before anything can be given.
    pub fn waits(&self) -> bool {
        self.lanes.values().any(|lane| lane.asked && lane.blocks())
    }

    /// Whether there may be more at hand.
    pub fn more(&self) -> bool {
        self.lanes.values().any(|lane| lane.more || !lane.ahead.is_empty())
    }

    /// The next event, with the token behind it.
    pub fn give(&mut self) -> Option<Given> {
        if self.lanes.values().any(Lane::blocks) {
            return None;
        }
        let told = self.lanes.iter_mut().filter_map(|(shard, lane)| {
            let at = lane.ahead.front()?.at;
            Some((at, *shard, lane))
        });
        let (_, shard, lane) = told.min_by_key(|(at, shard, _)| (*at, *shard))?;
        let event = lane.ahead.pop_front()?;
        // Behind the last one, what was passed over is behind the reader, too.
        let place = if lane.ahead.is_empty() { lane.end } else { event.place };
        self.places.0.insert(shard, place);
        Some(Given { event, token: self.token() })
    }

    /// Forgets what was read ahead and who was asked: the reader goes on from where it stands.
    pub fn forget(&mut self) {
        *self = Merge::new(std::mem::take(&mut self.places), true);
    }
}

impl Lane {
    /// Whether it may have something older than what others have told.
    fn blocks(&self) -> bool {
        self.ahead.is_empty() && self.more
    }
}
