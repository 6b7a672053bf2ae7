//! The task that begins and ends the reigns of a shard.

use super::{LOOK_AGAIN, Present, Reign};
use crate::command::Entry;
use crate::documents::Engine;
use crate::machine::Machine;
use crate::raft::{Changed, Changes, GroupHandle};
use base::{NodeId, ShardId};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A lease that is away for so long takes the reign with it: others are asked, who may lead by now.
const LAPSE_MAX: Duration = Duration::from_secs(1);

/// How often it is looked whether a lease has lapsed, while others vote.
const LOOK: Duration = Duration::from_millis(250);

/// How often it is looked where every change is an event.
const LONG: Duration = Duration::from_secs(1);

/// How long is waited for an entry of this node's own before it is looked anew whether it leads.
const SETTLED_WITHIN: Duration = Duration::from_secs(1);

/// Keeps the reigns of this node over a shard, and gives the present one. The task ends when the group stops; its owner joins
/// it.
pub fn keep(
    engine: Arc<Engine>,
    shard: ShardId,
    node: NodeId,
    group: GroupHandle<Machine>,
) -> (Present, JoinHandle<()>) {
    let (reigns, present) = watch::channel(None);
    let changes = group.changes();
    let keeper = Keeper { engine, shard, node, group, changes, reigns };
    (present, tokio::spawn(keeper.run()))
}

struct Keeper {
    engine: Arc<Engine>,
    shard: ShardId,
    node: NodeId,
    group: GroupHandle<Machine>,
    changes: Changes<Machine>,
    reigns: watch::Sender<Option<Arc<Reign>>>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Nobody would end it any more, and some may wait for its lease.
        if let Some(reign) = self.reigns.send_replace(None) {
            reign.end();
        }
    }
}

impl Keeper {
    async fn run(mut self) {
        let mut before: Option<Arc<Reign>> = None;
        while let Some(term) = self.until_leading(before.as_deref()).await {
            if let Some(before) = &before
                && !self.is_settled(before, term).await
            {
                // A group that ends may look for a while as if it led, and refuses at once what is proposed.
                if self.changes.wait(LOOK_AGAIN).await == Changed::Stopped {
                    return;
                }
                continue;
            }
            let reign = Arc::new(Reign::new(self.shard, self.node, self.group.clone(), term));
            self.reigns.send_replace(Some(reign.clone()));
            self.until_over(&reign).await;
            reign.end();
            self.reigns.send_replace(None);
            self.engine.reign_ended(&reign);
            tracing::debug!(shard = %self.shard, term, "does not lead any more");
            before = Some(reign);
        }
    }

    /// Waits until this node leads and has a lease, and gives the term; none if the group has stopped.
    async fn until_leading(&mut self, before: Option<&Reign>) -> Option<u64> {
        loop {
            if let Some(term) = self.group.lease_in() {
                return Some(term);
            }
            let pause = match self.group.leads_in() {
                None => LONG,
                // Its lease has lapsed, and may stay away for long.
                Some(term) if before.is_some_and(|before| before.term == term) => LOOK,
                // A new leader has its lease in a moment.
                Some(_) => LOOK_AGAIN,
            };
            if self.changes.wait(pause).await == Changed::Stopped {
                return None;
            }
        }
    }

    /// Waits until nothing can come any more of what was proposed in an earlier reign.
    async fn is_settled(&self, before: &Reign, term: u64) -> bool {
        before.proposals.wait().await;
        if before.term != term {
            // What stood in the log behind earlier terms is applied or gone: an entry of this term is applied.
            return true;
        }
        // The outcome of some may never have been heard. They stand before this entry, which means nothing, or nowhere.
        let nothing = Entry::encode_commands(None);
        let proposed = tokio::time::timeout(SETTLED_WITHIN, self.group.propose(vec![nothing])).await;
        matches!(proposed, Ok(Ok(_)))
    }

    /// Waits until a reign is over. Lets those speak again who could not while the lease was away.
    async fn until_over(&mut self, reign: &Arc<Reign>) {
        let mut held = Instant::now();
        loop {
            match self.group.lease_in() {
                Some(term) if term == reign.term => {
                    held = Instant::now();
                    if reign.missed.swap(false, Ordering::AcqRel) {
                        self.engine.reign_goes_on(reign);
                    }
                }
                Some(_) => return,
                None if self.group.leads_in() != Some(reign.term) || held.elapsed() >= LAPSE_MAX => return,
                None => {}
            }
            // The lease of a node alone does not lapse.
            let pause = if self.group.is_alone() { LONG } else { LOOK };
            if matches!(self.changes.wait(pause).await, Changed::Incarnation | Changed::Stopped) {
                return;
            }
        }
    }
}
