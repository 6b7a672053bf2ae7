//! The seam of sockets: sessions that move to whoever leads their shard.
//!
//! ```text
//! seat.rs      what a socket holds: a session, or the search for the next one
//! standing.rs  with a session, without one, or at the end
//! search.rs    looks for the node of the next session
//! kind.rs      what peers and followers differ in; peer.rs, follower.rs
//! ringer.rs    the bell of a socket, rung by the session of the moment alone
//! sessions.rs  all of them, looked at when others lead
//! lanes.rs     how many begin at once
//! ```
//!
//! Invariants:
//! - a socket is never told that its leader was lost: what it says meanwhile is dropped, and asked for again;
//! - nothing is shown out of a session that was given up: what comes next continues from what was shown last;
//! - one search at a time for a seat; it ends with the seat, or with the `Reach`.

mod follower;
mod kind;
mod lanes;
mod peer;
mod ringer;
mod search;
mod seat;
mod sessions;
mod standing;

pub(super) use lanes::Lanes;
pub(super) use sessions::Sessions;

use super::Reach;
use super::budget::BUDGET;
use super::errand::Place;
use super::router::unavailable;
use base::ShardId;
use follower::Follower;
use peer::Peer;
use rpc::{Answer, Caller, Follow, FollowSession, Join, Live, SyncSession};
use seat::Seat;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a peer's first message waits for its session. What comes later than that is asked for again.
const JOINED_WITHIN: Duration = Duration::from_millis(250);

impl Live for Reach {
    /// A shard that is not to be had does not end the socket, which may have documents in others: the session begins when it
    /// can. Nor is it waited for long: a socket has few messages in hand, and its other documents come behind them.
    fn join(&self, caller: Caller, join: Join) -> Answer<'_, Arc<dyn SyncSession>> {
        let Join { id, resumed, bell } = join;
        let seat = Seat::take(self.shared.clone(), caller, id, Peer, peer::Memory { spoke: resumed }, bell);
        Box::pin(async move {
            if let Ok(begun) = timeout(JOINED_WITHIN, seat.begun()).await {
                begun?;
            }
            Ok(seat as Arc<dyn SyncSession>)
        })
    }

    fn follow(&self, caller: Caller, follow: Follow) -> Answer<'_, Arc<dyn FollowSession>> {
        let Follow { id, since, changes, bell } = follow;
        let memory = follower::Memory { since, level: None };
        let seat = Seat::take(self.shared.clone(), caller, id, Follower { changes }, memory, bell);
        Box::pin(async move {
            match timeout(BUDGET, seat.begun()).await {
                Ok(begun) => begun?,
                Err(_late) => {
                    let shard = self.shared.router.shard(Place::Slot(id.slot())).unwrap_or(ShardId(0));
                    return Err(unavailable(shard, "no node that leads it was found in time"));
                }
            }
            Ok(seat as Arc<dyn FollowSession>)
        })
    }
}
