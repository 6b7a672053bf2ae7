//! A semaphore that is shared fairly: whoever asks for much waits behind nobody but themselves.

use crate::documents::RETRY_AFTER;
use parking_lot::Mutex;
use rpc::{Caller, Refusal};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long anyone waits to be served: less than a gateway waits for the answer, so that a client hears why there is none.
pub const ENDS_WITHIN: Duration = Duration::from_secs(6);

/// How much there is, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Shares {
    /// Permits that a node gives at once.
    pub at_once: usize,
    /// Requests of one caller that are served at once. The others of theirs are not in line for a permit yet, so that their
    /// part of the permits does not grow with what they ask for.
    pub of_a_caller: usize,
    /// Requests of one caller that are here, waiting or served. Those beyond are refused.
    pub here: usize,
}

/// Permits of a node, for callers in turn.
pub struct FairSemaphore {
    shares: Shares,
    permits: Arc<Semaphore>,
    /// Callers with a request here. As large as the requests on their way.
    callers: Mutex<HashMap<Caller, Line>>,
}

/// The requests of a caller.
struct Line {
    places: Arc<Semaphore>,
    /// Those that are here: with the last one the line goes.
    here: usize,
}

/// Too many wait already, or nothing came free in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much work waits; ask again later")]
pub struct Crowded;

impl From<Crowded> for Refusal {
    fn from(_: Crowded) -> Refusal {
        Refusal::Busy { retry_after: RETRY_AFTER }
    }
}

impl FairSemaphore {
    /// A semaphore whose permits are all there.
    pub fn new(shares: Shares) -> Arc<FairSemaphore> {
        let permits = Arc::new(Semaphore::new(shares.at_once));
        Arc::new(FairSemaphore { shares, permits, callers: Mutex::default() })
    }

    /// Lines a request up.
    pub fn line_up(self: &Arc<Self>, caller: &Caller) -> Result<InLine, Crowded> {
        let mut callers = self.callers.lock();
        let new = || Line { places: Arc::new(Semaphore::new(self.shares.of_a_caller)), here: 0 };
        let line = callers.entry(caller.clone()).or_insert_with(new);
        if line.here >= self.shares.here {
            return Err(Crowded);
        }
        line.here += 1;
        Ok(InLine { from: self.clone(), caller: caller.clone(), places: line.places.clone(), place: None })
    }

    /// A permit for a request that needs one only, within [`ENDS_WITHIN`].
    pub async fn acquire(self: &Arc<Self>, caller: &Caller) -> Result<Turn, Crowded> {
        let mut line = self.line_up(caller)?;
        let permit = timeout(ENDS_WITHIN, line.permit()).await.map_err(|_| Crowded)?;
        Ok(Turn { _permit: permit, _line: line })
    }
}

/// A request that waits or is served. It leaves the line when it is dropped.
pub struct InLine {
    from: Arc<FairSemaphore>,
    caller: Caller,
    places: Arc<Semaphore>,
    place: Option<OwnedSemaphorePermit>,
}

/// A request with its permit. Whatever works for it keeps this until it is done, even when nobody waits for that any more.
pub struct Turn {
    _permit: OwnedSemaphorePermit,
    _line: InLine,
}

impl InLine {
    /// Waits for a permit: for the first one until the caller's requests before it are served. A request may take one after
    /// the other.
    pub async fn permit(&mut self) -> OwnedSemaphorePermit {
        if self.place.is_none() {
            self.place = Some(wait(&self.places).await);
        }
        wait(&self.from.permits).await
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        let mut callers = self.from.callers.lock();
        if let Some(line) = callers.get_mut(&self.caller) {
            line.here -= 1;
            if line.here == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

async fn wait(permits: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    permits.clone().acquire_owned().await.expect("these semaphores are never closed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{TenantId, UserId};
    use futures::FutureExt;

    const SHARES: Shares = Shares { at_once: 2, of_a_caller: 2, here: 50 };

    fn caller(user: &str) -> Caller {
        Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new(user).unwrap() }
    }

    fn line_up<const N: usize>(from: &Arc<FairSemaphore>, users: [&str; N]) -> Vec<InLine> {
        users.iter().map(|user| from.line_up(&caller(user)).unwrap()).collect()
    }

    #[test]
    fn one_who_asks_for_much_waits_behind_oneself_alone() {
        let fair = FairSemaphore::new(SHARES);
        let mut many = line_up(&fair, ["ada"; 50]);
        let first = many[0].permit().now_or_never().expect("nobody is there");
        let second = many[1].permit().now_or_never().expect("there is room");
        drop((first, second));
        assert!(many[2].permit().now_or_never().is_none(), "two of hers are served");
        let mut other = fair.line_up(&caller("bob")).unwrap();
        assert!(other.permit().now_or_never().is_some(), "he does not wait for her");
        drop(many.swap_remove(0));
        assert!(many.last_mut().unwrap().permit().now_or_never().is_some(), "one of hers ended");
    }

    #[test]
    fn the_next_permit_is_for_who_waits_longest_among_those_who_may() {
        let fair = FairSemaphore::new(Shares { at_once: 1, of_a_caller: 1, here: 50 });
        let mut hers: Vec<_> = (0..9).map(|_| Box::pin(fair.acquire_of("ada"))).collect();
        let running = hers.remove(0).now_or_never().expect("nobody is there").unwrap();
        assert!(hers.iter_mut().all(|each| each.now_or_never().is_none()));
        let mut his = Box::pin(fair.acquire_of("bob"));
        assert!(his.as_mut().now_or_never().is_none());
        drop(running);
        assert!(hers.iter_mut().all(|each| each.now_or_never().is_none()), "eight of hers came before him");
        assert!(his.now_or_never().is_some(), "and he is served next");
        assert!(hers.iter_mut().any(|each| each.now_or_never().is_some()), "then she is");
    }

    #[test]
    fn no_more_permits_are_given_than_the_node_has() {
        let fair = FairSemaphore::new(SHARES);
        let mut all = line_up(&fair, ["a", "b", "c"]);
        let running: Vec<_> = all.iter_mut().filter_map(|each| each.permit().now_or_never()).collect();
        assert_eq!(running.len(), SHARES.at_once);
    }

    #[test]
    fn nothing_is_kept_of_callers_that_left() {
        let fair = FairSemaphore::new(SHARES);
        let mut all = line_up(&fair, ["a", "a", "b"]);
        drop(all[0].permit().now_or_never());
        drop(all);
        drop(fair.acquire_of("c").now_or_never().unwrap().unwrap());
        assert!(fair.callers.lock().is_empty());
    }

    #[test]
    fn who_waits_no_more_is_not_served() {
        let fair = FairSemaphore::new(Shares { at_once: 1, of_a_caller: 1, here: 3 });
        let running = fair.acquire_of("ada").now_or_never().unwrap().unwrap();
        let mut waiting = [Box::pin(fair.acquire_of("ada")), Box::pin(fair.acquire_of("bob"))];
        assert!(waiting.iter_mut().all(|each| each.now_or_never().is_none()));
        drop(waiting);
        assert_eq!(fair.callers.lock().len(), 1, "hers that runs is all that is here");
        drop(running);
        for user in ["ada", "bob"] {
            assert!(fair.acquire_of(user).now_or_never().is_some(), "nobody is before {user}");
        }
    }

    #[test]
    fn a_line_has_an_end() {
        let fair = FairSemaphore::new(SHARES);
        let mut here = line_up(&fair, ["ada"; 50]);
        assert_eq!(fair.line_up(&caller("ada")).err(), Some(Crowded));
        assert_eq!(fair.acquire_of("ada").now_or_never().unwrap().err(), Some(Crowded));
        assert!(fair.line_up(&caller("bob")).is_ok());
        drop(here.pop());
        assert!(fair.line_up(&caller("ada")).is_ok());
    }

    impl FairSemaphore {
        /// Without a limit of time, which needs a runtime.
        async fn acquire_of(self: &Arc<Self>, user: &str) -> Result<Turn, Crowded> {
            let mut line = self.line_up(&caller(user))?;
            let permit = line.permit().await;
            Ok(Turn { _permit: permit, _line: line })
        }
    }
}
