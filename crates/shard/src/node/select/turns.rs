//! Turns: so few steps are done at once on a node, and so few selections of one caller, whoever else waits.

use parking_lot::Mutex;
use rpc::Caller;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Steps of selections that a node does at once.
const STEPS_AT_ONCE: usize = 2;

/// Selections of one caller that a node goes through at once. Steps go round among all that are gone through, so that one
/// who asks for many has a part of the steps that does not grow with them.
const OF_A_CALLER: usize = 2;

/// The turns of a node.
pub struct Turns {
    steps: Arc<Semaphore>,
    /// Callers with a selection here, waiting or gone through. As large as the requests on their way.
    callers: Mutex<HashMap<Caller, Queue>>,
}

struct Queue {
    places: Arc<Semaphore>,
    /// Selections here: with the last one the queue goes.
    selections: usize,
}

impl Default for Turns {
    fn default() -> Turns {
        Turns { steps: Arc::new(Semaphore::new(STEPS_AT_ONCE)), callers: Mutex::default() }
    }
}

impl Turns {
    /// Lines up for a caller.
    pub fn line_up(&self, caller: &Caller) -> Selecting<'_> {
        let mut callers = self.callers.lock();
        let new = || Queue { places: Arc::new(Semaphore::new(OF_A_CALLER)), selections: 0 };
        let queue = callers.entry(caller.clone()).or_insert_with(new);
        queue.selections += 1;
        Selecting { turns: self, caller: caller.clone(), places: queue.places.clone(), place: None }
    }
}

/// A selection that waits, or is gone through; whoever drops it leaves the queue.
pub struct Selecting<'a> {
    turns: &'a Turns,
    caller: Caller,
    places: Arc<Semaphore>,
    place: Option<OwnedSemaphorePermit>,
}

impl Selecting<'_> {
    /// Waits for the turn to do a step. The step keeps it while it runs, even when nobody waits for its end any more.
    pub async fn turn(&mut self) -> OwnedSemaphorePermit {
        if self.place.is_none() {
            self.place = Some(wait(&self.places).await);
        }
        wait(&self.turns.steps).await
    }
}

impl Drop for Selecting<'_> {
    fn drop(&mut self) {
        let mut callers = self.turns.callers.lock();
        if let Some(queue) = callers.get_mut(&self.caller) {
            queue.selections -= 1;
            if queue.selections == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

async fn wait(turns: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    turns.clone().acquire_owned().await.expect("turns are never closed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{TenantId, UserId};
    use futures::FutureExt;

    fn caller(user: &str) -> Caller {
        Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new(user).unwrap() }
    }

    #[test]
    fn one_who_asks_for_much_waits_behind_oneself_alone() {
        let turns = Turns::default();
        let mut many: Vec<_> = (0..50).map(|_| turns.line_up(&caller("ada"))).collect();
        let first = many[0].turn().now_or_never().expect("nobody is there");
        let second = many[1].turn().now_or_never().expect("there is room");
        drop((first, second));
        assert!(many[2].turn().now_or_never().is_none(), "two of hers are gone through");
        let mut other = turns.line_up(&caller("bob"));
        assert!(other.turn().now_or_never().is_some(), "he does not wait for her");
        drop(many.swap_remove(0));
        assert!(many.last_mut().unwrap().turn().now_or_never().is_some(), "one of hers ended");
    }

    #[test]
    fn no_more_steps_are_done_than_the_node_has_turns() {
        let turns = Turns::default();
        let mut all: Vec<_> = ["a", "b", "c"].map(|user| turns.line_up(&caller(user))).into();
        let running: Vec<_> = all.iter_mut().filter_map(|each| each.turn().now_or_never()).collect();
        assert_eq!(running.len(), STEPS_AT_ONCE);
    }

    #[test]
    fn nothing_is_kept_of_callers_that_left() {
        let turns = Turns::default();
        let mut all: Vec<_> = ["a", "a", "b"].map(|user| turns.line_up(&caller(user))).into();
        drop(all[0].turn().now_or_never());
        drop(all);
        assert!(turns.callers.lock().is_empty());
    }
}
