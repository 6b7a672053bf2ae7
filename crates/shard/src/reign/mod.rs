//! A reign: from the moment at which this node begins to lead a shard in a term until it does not any more.
//!
//! What a node derives from its store for those who follow a document (graphs, sessions, what thin clients are led to) is in
//! step with the log only as long as every change of a document comes through this node. So it belongs to a reign, and
//! ends with it: sessions and followers are sent to the new leader, and the next reign begins with nothing.
//!
//! What is kept across reigns proves itself whenever it is used: views by their generations, which move with what is
//! applied, whoever leads; open documents by the heads that are stored.
//!
//! Invariants:
//! - changes of documents that may be followed are proposed under [`Reign::proposing`], and a reign begins only when
//!   everything that was proposed in earlier ones is applied, or never will be;
//! - what of a reign rests on the store alone, access above all, is said to nobody while its lease is away: others may
//!   have taken it back by then.
//!
//! A node that is alone has one reign for as long as its group runs.

mod keep;

pub use keep::keep;

use crate::documents::elsewhere;
use crate::machine::Machine;
use crate::raft::GroupHandle;
use base::{NodeId, ShardId};
use rpc::Refusal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How often it is looked whether a lease has come back: that is no event.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The present reign of a shard, if there is one.
pub type Present = watch::Receiver<Option<Arc<Reign>>>;

/// A look at the group. Boxed, because what a group is made of is deep, and sessions need not be made of it.
type Look = Box<dyn Fn() -> Option<u64> + Send + Sync>;

/// One reign over a shard.
pub struct Reign {
    shard: ShardId,
    term: u64,
    /// The term in which this node has a lease now.
    lease: Look,
    /// The other node that leads now.
    leader: Look,
    over: AtomicBool,
    /// Somebody was told nothing because the lease was away, and is to be asked again.
    missed: AtomicBool,
    /// Proposals whose outcome is awaited.
    proposals: TaskTracker,
}

impl Reign {
    fn new(shard: ShardId, node: NodeId, group: GroupHandle<Machine>, term: u64) -> Reign {
        let leased = group.clone();
        Reign {
            shard,
            term,
            lease: Box::new(move || leased.lease_in()),
            leader: Box::new(move || other_leader(&group, node)),
            over: AtomicBool::new(false),
            missed: AtomicBool::new(false),
            proposals: TaskTracker::new(),
        }
    }

    /// Of which shard.
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// Whether what is stored here is the newest that anybody was told of. Cheap.
    pub fn holds(&self) -> bool {
        !self.is_over() && (self.lease)() == Some(self.term)
    }

    /// The same, for one who has something to say: who may not say it now is asked again when the lease is back.
    pub fn may_speak(&self) -> bool {
        if self.holds() {
            return true;
        }
        self.missed.store(true, Ordering::Release);
        false
    }

    /// Whether it has ended. What was derived for it is of no use any more.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// What those are told who come too late.
    pub fn refusal(&self) -> Refusal {
        elsewhere(self.shard, (self.leader)())
    }

    /// Waits until it holds, which is most often at once; a refusal if it ends before.
    pub async fn until_held(&self) -> Result<(), Refusal> {
        while !self.holds() {
            if self.is_over() {
                return Err(self.refusal());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// To be held from before a change of a document is proposed until its outcome is known; a refusal if it is too late.
    pub fn proposing(&self) -> Result<TaskTrackerToken, Refusal> {
        // Counted first: who ends the reign then waits for it.
        let proposing = self.proposals.token();
        fence(Ordering::SeqCst);
        if self.is_over() { Err(self.refusal()) } else { Ok(proposing) }
    }

    fn end(&self) {
        self.over.store(true, Ordering::Release);
        // Either who proposes sees this, or who waits for the proposals sees that one.
        fence(Ordering::SeqCst);
        self.proposals.close();
    }
}

/// The other node that leads, as far as this one knows.
pub fn other_leader(group: &GroupHandle<Machine>, node: NodeId) -> Option<u64> {
    group.status()?.leader.filter(|leader| *leader != node.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use std::sync::atomic::AtomicU64;

    /// A reign in term 7, and the term in which there is a lease.
    fn reign() -> (Reign, Arc<AtomicU64>) {
        let lease = Arc::new(AtomicU64::new(7));
        let leased = lease.clone();
        let reign = Reign {
            shard: ShardId(3),
            term: 7,
            lease: Box::new(move || Some(leased.load(Ordering::SeqCst)).filter(|term| *term != 0)),
            leader: Box::new(|| Some(2)),
            over: AtomicBool::new(false),
            missed: AtomicBool::new(false),
            proposals: TaskTracker::new(),
        };
        (reign, lease)
    }

    #[tokio::test]
    async fn nobody_speaks_without_the_lease_of_the_very_term() {
        let (reign, lease) = reign();
        assert!(reign.may_speak() && !reign.missed.load(Ordering::SeqCst));
        for other in [0, 8] {
            lease.store(other, Ordering::SeqCst);
            assert!(!reign.may_speak() && reign.missed.swap(false, Ordering::SeqCst));
            assert!(reign.until_held().now_or_never().is_none(), "it may come back");
        }
        lease.store(7, Ordering::SeqCst);
        assert!(reign.may_speak() && reign.until_held().now_or_never() == Some(Ok(())));
        reign.end();
        assert!(!reign.may_speak(), "the lease alone does not bring it back");
        let elsewhere = Refusal::Elsewhere { shard: ShardId(3), leader: Some(NodeId(2)) };
        assert_eq!(reign.until_held().now_or_never(), Some(Err(elsewhere)));
    }

    #[tokio::test]
    async fn what_was_proposed_is_waited_for_and_nothing_comes_behind_it() {
        let (reign, _lease) = reign();
        let proposing = reign.proposing().unwrap();
        reign.end();
        assert!(reign.proposing().is_err());
        assert!(reign.proposals.wait().now_or_never().is_none());
        drop(proposing);
        reign.proposals.wait().await;
    }
}
