//! Where a seat stands: with a session, without one, or at its end.

use super::kind::Kind;
use crate::reach::errand::Search;
use base::{NodeId, ShardId};
use rpc::Refusal;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A session that stood for so long was no mistake, though it had nothing to show.
const STOOD: Duration = Duration::from_secs(1);

pub(super) struct State<K: Kind> {
    pub memory: K::Memory,
    pub standing: Standing<K>,
}

pub(super) enum Standing<K: Kind> {
    /// A search is under way, which ends with this.
    Searching {
        _ends: DropGuard,
    },
    Held(Held<K>),
    /// It is over, and whether the socket knows.
    Over {
        refusal: Refusal,
        told: bool,
    },
}

pub(super) struct Held<K: Kind> {
    pub session: Arc<K::Session>,
    pub epoch: u64,
    pub node: NodeId,
    pub shard: ShardId,
    /// The latest term in which its node was not replaced.
    pub term: u64,
    /// What it showed during the search.
    pub first: Option<K::Shown>,
    /// What led to it, until it has shown something: if it is lost before, the search goes on from there.
    pub search: Option<Search>,
    pub since: Instant,
}

/// Where what a socket says goes.
pub(super) enum Way<K: Kind> {
    Session(Arc<K::Session>, u64),
    /// Nowhere: a session is being looked for, and its peer will be asked again.
    None,
    Over(Refusal),
}

/// A session that may be anywhere else: its leader was lost.
pub(super) fn moves(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Elsewhere { .. } | Refusal::Unavailable { .. } | Refusal::Unknown { .. })
}

pub(super) fn named(refusal: &Refusal) -> Option<NodeId> {
    match refusal {
        Refusal::Elsewhere { leader, .. } => *leader,
        _ => None,
    }
}

impl<K: Kind> Standing<K> {
    /// One in which a search is under way, and what ends that.
    pub fn searching(stop: &CancellationToken) -> (CancellationToken, Standing<K>) {
        let ends = stop.child_token();
        (ends.clone(), Standing::Searching { _ends: ends.drop_guard() })
    }
}

impl<K: Kind> Held<K> {
    /// The search for the session after this one, whose node may have named another.
    pub fn goes_on(self, named: Option<NodeId>) -> Search {
        match self.search {
            Some(mut search) if self.since.elapsed() < STOOD => {
                search.trail.in_vain(self.node, named);
                Search { held: true, ..search }
            }
            _ => Search::away_from(self.node, named),
        }
    }

    /// Whether another node is to be asked, by who leads the shard that its document is in; and which one, if that is known.
    pub fn replaced(&mut self, shard: ShardId, leader: Option<(NodeId, u64)>) -> Option<Option<NodeId>> {
        match leader {
            _ if self.shard != shard => Some(leader.map(|(leader, _)| leader)),
            Some((leader, term)) if leader == self.node => {
                self.term = self.term.max(term);
                None
            }
            Some((leader, term)) if term > self.term => Some(Some(leader)),
            _ => None,
        }
    }
}
