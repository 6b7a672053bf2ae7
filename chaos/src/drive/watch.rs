//! Who leads which shard, as somebody saw it.

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::notes::Notes;
use crate::history::ShardId;

/// How often it is asked who leads.
pub const EVERY: Duration = Duration::from_millis(50);

/// A node that says that it leads, or of which that is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lead {
    /// What.
    pub shard: ShardId,
    /// In which term.
    pub term: u64,
    /// The node's name.
    pub node: String,
}

/// Somebody who looks and notes what is new, until [`Watch::stop`].
pub struct Watch {
    stop: watch::Sender<bool>,
    task: JoinHandle<io::Result<()>>,
}

/// What was seen before.
#[derive(Debug, Default)]
struct Seen(BTreeSet<Lead>);

impl Watch {
    /// Asks `leaders` every [`EVERY`] and notes each leader of a term once. Two of one term are both noted: that is for a
    /// checker to see.
    pub fn start<F, Fut>(notes: Notes, mut leaders: F) -> Watch
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Vec<Lead>> + Send,
    {
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut seen = Seen::default();
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !*stopped.borrow() {
                for lead in seen.news(leaders().await) {
                    notes.leader(lead.shard, lead.term, &lead.node)?;
                }
                tokio::select! {
                    _ = ticks.tick() => {}
                    // Nobody is left to tell it to stop: the drill is over.
                    changed = stopped.changed() => if changed.is_err() { break },
                }
            }
            Ok(())
        });
        Watch { stop, task }
    }

    /// Looks no more.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.send_replace(true);
        self.task.await.map_err(io::Error::other)?
    }
}

impl Seen {
    fn news(&mut self, leads: Vec<Lead>) -> Vec<Lead> {
        leads.into_iter().filter(|lead| self.0.insert(lead.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(shard: u32, term: u64, node: &str) -> Lead {
        Lead { shard: ShardId(shard), term, node: node.into() }
    }

    #[test]
    fn each_leader_of_a_term_is_noted_once() {
        let mut seen = Seen::default();
        let first = vec![lead(0, 1, "a"), lead(1, 1, "b")];
        assert_eq!(seen.news(first.clone()), first);
        assert_eq!(seen.news(first), []);
        // An old leader that has not noticed comes and goes beside the new one.
        let both = vec![lead(0, 1, "a"), lead(0, 2, "c")];
        assert_eq!(seen.news(both), [lead(0, 2, "c")]);
        assert_eq!(seen.news(vec![lead(0, 2, "d")]), [lead(0, 2, "d")], "two of one term are both told");
        assert_eq!(seen.news(vec![lead(0, 3, "a")]), [lead(0, 3, "a")]);
    }

    #[tokio::test]
    async fn a_watch_notes_what_it_sees_until_it_is_stopped() {
        let notes = Notes::new(Box::new(vec![]), "d", 1).unwrap();
        let (asked, mut answers) = tokio::sync::mpsc::unbounded_channel();
        let watch = Watch::start(notes.clone(), move || {
            let asked = asked.clone();
            async move {
                let _nobody_counts = asked.send(());
                vec![lead(0, 1, "a")]
            }
        });
        for _ in 0..3 {
            answers.recv().await.unwrap();
        }
        watch.stop().await.unwrap();
        notes.finish().unwrap();
        assert!(answers.recv().await.is_none(), "nobody asks any more");
    }
}
