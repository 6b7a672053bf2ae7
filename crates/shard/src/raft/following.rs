//! When a replica that does not lead may answer a read.
//!
//! What a follower has applied may be old, and it cannot see how old: heartbeats of a leader that was deposed reach it, too.
//! So it asks the leader now and then, which answers with what it has applied while it has its lease; everything that was
//! acknowledged before the question is in that. A follower that has applied as much shows nothing that was changed before
//! it asked. It asks at most twice a second, and only while somebody reads.

use super::codec::{Envelope, Request, Response, decode_response, encode_request};
use super::error::{FollowError, WaitError};
use super::types::Vote;
use super::{Group, StateMachine};
use base::{NodeId, ShardId};
use openraft::async_runtime::watch::WatchReceiver;
use parking_lot::Mutex;
use rpc::Lane;
use std::time::{Duration, Instant};

/// How old a leader's word may be when a read begins.
const HEARD_WITHIN: Duration = Duration::from_millis(500);

/// What a follower shows is not older: nobody sees a document for longer whose access was taken away.
const SHOWN_WITHIN: Duration = Duration::from_secs(1);

/// How long a leader has to answer.
const ASKED_FOR: Duration = Duration::from_millis(500);

/// What a leader said.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// When it was asked. All that had been acknowledged by then is in what it had applied.
    asked: Instant,
    /// What it had applied.
    applied: u64,
}

/// What this replica heard from its leader.
#[derive(Debug, Default)]
pub(super) struct Following {
    heard: Mutex<Option<Heard>>,
    /// One asks, and all who wait use the answer.
    asking: tokio::sync::Mutex<()>,
}

/// A replica had applied all that was acknowledged at some moment.
#[derive(Clone, Copy, Debug)]
pub struct Fresh(Instant);

impl Fresh {
    /// Whether what was read meanwhile may still be shown.
    pub fn lasts(self) -> bool {
        self.0.elapsed() < SHOWN_WITHIN
    }
}

impl<M: StateMachine> Group<M> {
    /// Waits until this replica has applied the entry at `index`, and all that was acknowledged half a second ago or earlier,
    /// but not longer than `limit`. Refused where the leader is not heard, and on a machine that was suspended lately.
    pub async fn follow(&self, index: u64, limit: Duration) -> Result<Fresh, FollowError> {
        let deadline = tokio::time::Instant::now() + limit;
        let leader = || self.status().leader;
        let heard = tokio::time::timeout_at(deadline, self.heard()).await;
        let heard = heard.ok().flatten().ok_or_else(|| FollowError::Unheard { leader: leader() })?;
        if !self.suspension.leases_count() {
            return Err(FollowError::Unheard { leader: leader() });
        }
        let rest = deadline - tokio::time::Instant::now();
        match self.until_applied(index.max(heard.applied), rest).await {
            Ok(()) => Ok(Fresh(heard.asked)),
            Err(WaitError::Late) => Err(FollowError::Behind { leader: leader() }),
            Err(WaitError::Stopped) => Err(FollowError::Stopped),
        }
    }

    /// What the leader said lately; it is asked if that is too old.
    async fn heard(&self) -> Option<Heard> {
        let lately = || self.following.heard.lock().filter(|heard| heard.asked.elapsed() < HEARD_WITHIN);
        if let Some(heard) = lately() {
            return Some(heard);
        }
        let _turn = self.following.asking.lock().await;
        if let Some(heard) = lately() {
            return Some(heard);
        }
        let heard = self.ask_leader().await?;
        *self.following.heard.lock() = Some(heard);
        Some(heard)
    }

    async fn ask_leader(&self) -> Option<Heard> {
        let (term, leader) = {
            let metrics = self.metrics.borrow_watched();
            (metrics.current_term, metrics.current_leader.filter(|&leader| leader != self.node)?)
        };
        let group = self.log.group;
        let envelope = Envelope { from: self.node, to: leader, group: group.0 };
        let question = encode_request(envelope, &Request::Standing(Vote::new(term, self.node)));
        let asked = Instant::now();
        let peer = self.network.0.peers.peer(NodeId(leader));
        let answer = peer.call(Lane::Control, ShardId(group.0), question, ASKED_FOR).await;
        match answer.map(|answer| decode_response(&answer)) {
            Ok(Ok(Response::Standing(applied))) => applied.map(|applied| Heard { asked, applied }),
            Ok(Ok(other)) => {
                tracing::warn!(%group, leader, ?other, "a strange answer to how far the leader is");
                None
            }
            Ok(Err(error)) => {
                tracing::warn!(%group, leader, %error, "the leader's answer does not read");
                None
            }
            Err(error) => {
                tracing::debug!(%group, leader, %error, "the leader was not heard");
                None
            }
        }
    }

    /// What this node has applied, if it leads and nobody else can: then it is all that was ever acknowledged.
    pub(super) fn standing(&self) -> Option<u64> {
        // What was acknowledged is in the machine already; the status comes a moment later.
        let applied = self.leads_with_lease().then(|| self.machine.applied())?;
        applied.ok().flatten().map(|position| position.index)
    }
}
