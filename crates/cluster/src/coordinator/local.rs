//! A coordinator within the process: for a hub of one node, and for tests.
//!
//! Time is that of the Tokio runtime. There is no task: whoever calls, or watches, first ends the leases that are over.

use super::watch::WATCH_PULSE;
use super::{
    Answer, Change, Changes, Committed, Compare, Coordinator, CoordinatorError, Entry, LeaseId, Listing, Op,
    TXN_OPS_MAX, Txn, VALUE_BYTES_MAX, Watch, WatchError,
};
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How many changes are kept for watches that are behind.
const HISTORY: usize = 10_000;

/// A coordinator within the process. Clones are one; its state goes with the last of them.
#[derive(Clone)]
pub struct Local {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// The latest revision, for those who wait for the next.
    revision: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    revision: u64,
    entries: BTreeMap<String, Entry>,
    leases: BTreeMap<LeaseId, Granted>,
    last_lease: i64,
    /// Changes with their revisions, ascending.
    history: VecDeque<(u64, Change)>,
    /// The highest revision whose changes may be missing from the history.
    compacted: u64,
}

struct Granted {
    ttl: Duration,
    ends: Instant,
}

impl Default for Local {
    fn default() -> Local {
        Local::new()
    }
}

impl Local {
    /// An empty one.
    pub fn new() -> Local {
        let (revision, _) = watch::channel(0);
        Local { shared: Arc::new(Shared { state: Mutex::default(), revision }) }
    }

    /// Forgets the changes up to now, as etcd does from time to time: watches that are behind have to list again.
    pub fn compact(&self) {
        let mut state = self.shared.state.lock();
        state.compacted = state.revision;
        state.history.clear();
    }

    fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut State) -> Result<T, CoordinatorError>,
    ) -> Answer<T> {
        let result = self.shared.with(act);
        Box::pin(async move { result })
    }
}

impl Shared {
    /// Acts on the state of now, and wakes those who wait for changes.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        state.end_leases(Instant::now());
        let result = act(&mut state);
        let revision = state.revision;
        self.revision.send_if_modified(|seen| std::mem::replace(seen, revision) != revision);
        result
    }
}

impl State {
    /// Ends the leases that are over, and deletes their keys.
    fn end_leases(&mut self, now: Instant) {
        while let Some(id) = self.leases.iter().find(|(_, lease)| lease.ends <= now).map(|(id, _)| *id) {
            self.end_lease(id);
        }
    }

    fn end_lease(&mut self, id: LeaseId) {
        self.leases.remove(&id);
        let keys = self.entries.values().filter(|entry| entry.lease == Some(id));
        let ops: Vec<Op> = keys.map(|entry| Op::Delete(entry.key.clone())).collect();
        self.apply(ops);
    }

    fn holds(&self, compare: &Compare) -> bool {
        match compare {
            Compare::Absent(key) => !self.entries.contains_key(key),
            Compare::Unchanged { key, revision } => {
                self.entries.get(key).is_some_and(|entry| entry.revision == *revision)
            }
            Compare::Created { key, revision } => {
                self.entries.get(key).is_some_and(|entry| entry.created == *revision)
            }
        }
    }

    fn commit(&mut self, txn: Txn) -> Result<Committed, CoordinatorError> {
        check(&txn)?;
        if !txn.compares.iter().all(|compare| self.holds(compare)) {
            return Ok(Committed::Conflict);
        }
        let leases = txn.ops.iter().filter_map(|op| match op {
            Op::Put { lease, .. } => *lease,
            Op::Delete(_) => None,
        });
        if leases.into_iter().any(|lease| !self.leases.contains_key(&lease)) {
            return Err(CoordinatorError::LeaseLost);
        }
        self.apply(txn.ops);
        Ok(Committed::Done(self.revision))
    }

    /// Makes changes at one new revision, if there is anything to change.
    fn apply(&mut self, ops: Vec<Op>) {
        let revision = self.revision + 1;
        for op in ops {
            let change = match op {
                Op::Put { key, value, lease } => {
                    let created = self.entries.get(&key).map_or(revision, |entry| entry.created);
                    let entry = Entry { key: key.clone(), value, revision, created, lease };
                    self.entries.insert(key.clone(), entry.clone());
                    Change { key, now: Some(entry) }
                }
                Op::Delete(key) if self.entries.remove(&key).is_some() => Change { key, now: None },
                Op::Delete(_) => continue,
            };
            self.revision = revision;
            self.history.push_back((revision, change));
        }
        while self.history.len() > HISTORY {
            self.compacted = self.history.pop_front().map_or(self.compacted, |(revision, _)| revision);
        }
    }

    /// The changes below a prefix after a revision.
    fn since(&self, prefix: &str, after: u64) -> Result<Changes, WatchError> {
        if after < self.compacted || after > self.revision {
            return Err(WatchError::Relist);
        }
        let begin = self.history.partition_point(|(revision, _)| *revision <= after);
        let below = self.history.range(begin..).filter(|(_, change)| change.key.starts_with(prefix));
        let changes = below.map(|(_, change)| change.clone()).collect();
        Ok(Changes { revision: self.revision, changes })
    }
}

fn check(txn: &Txn) -> Result<(), CoordinatorError> {
    let refused = |reason: &str| Err(CoordinatorError::Refused { reason: reason.into() });
    let mut keys = BTreeSet::new();
    match txn {
        txn if txn.ops.len().max(txn.compares.len()) > TXN_OPS_MAX => {
            refused("too many operations in a transaction")
        }
        txn if !txn.ops.iter().all(|op| keys.insert(op.key())) => refused("a key twice in a transaction"),
        txn if txn.ops.iter().any(|op| op.key().is_empty()) => refused("a key is not empty"),
        txn if txn
            .ops
            .iter()
            .any(|op| matches!(op, Op::Put { value, .. } if value.len() > VALUE_BYTES_MAX)) =>
        {
            refused("a value is too long")
        }
        _ => Ok(()),
    }
}

impl Coordinator for Local {
    fn get(&self, key: String) -> Answer<Option<Entry>> {
        self.with(|state| Ok(state.entries.get(&key).cloned()))
    }

    fn list(&self, prefix: String) -> Answer<Listing> {
        self.with(|state| {
            let below = state.entries.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
            let entries = below.map(|(_, entry)| entry.clone()).collect();
            Ok(Listing { entries, revision: state.revision })
        })
    }

    fn commit(&self, txn: Txn) -> Answer<Committed> {
        self.with(|state| state.commit(txn))
    }

    fn watch(&self, prefix: String, after: u64) -> Watch {
        let start = (self.shared.clone(), self.shared.revision.subscribe(), prefix, after);
        stream::try_unfold(start, |(shared, mut revision, prefix, mut after)| async move {
            let pulse = Instant::now() + WATCH_PULSE;
            loop {
                revision.borrow_and_update();
                let (told, lease_ends) = shared.with(|state| {
                    let ends = state.leases.values().map(|lease| lease.ends).min();
                    (state.since(&prefix, after), ends)
                });
                let told = told?;
                after = told.revision;
                if !told.changes.is_empty() || Instant::now() >= pulse {
                    return Ok(Some((told, (shared, revision, prefix, after))));
                }
                let wake = lease_ends.map_or(pulse, |ends| ends.min(pulse));
                let _timeout_or_change = tokio::time::timeout_at(wake, revision.changed()).await;
            }
        })
        .boxed()
    }

    fn grant(&self, ttl: Duration) -> Answer<LeaseId> {
        let ttl = Duration::from_secs(ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0))
            .max(Duration::from_secs(1));
        self.with(move |state| {
            state.last_lease += 1;
            let id = LeaseId(state.last_lease);
            state.leases.insert(id, Granted { ttl, ends: Instant::now() + ttl });
            Ok(id)
        })
    }

    fn keep_alive(&self, lease: LeaseId) -> Answer<Duration> {
        self.with(move |state| {
            let granted = state.leases.get_mut(&lease).ok_or(CoordinatorError::LeaseLost)?;
            granted.ends = Instant::now() + granted.ttl;
            Ok(granted.ttl)
        })
    }

    fn revoke(&self, lease: LeaseId) -> Answer<()> {
        self.with(move |state| {
            state.end_lease(lease);
            Ok(())
        })
    }
}
