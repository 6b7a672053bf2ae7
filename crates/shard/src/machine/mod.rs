//! The state machine of a shard: the pure meaning of the log, written to the local store.
//!
//! Invariants:
//! - what applying an entry does depends on the log before it alone: no clock, no randomness, nothing of this node;
//! - an entry, and the position after it, become visible together;
//! - `generations` move after the store and before anyone hears of the outcome, so that who reads afterwards sees it.

mod access;
mod bells;
mod create;
mod delete;
mod edit;
mod expiry;
mod feed;
mod generations;
mod hash;
mod hint;
mod keys;
mod metadata;
mod outcome;
mod parts;
mod share;
mod snapshot;
mod step;
#[cfg(test)]
mod tests;
mod ticket;

pub use access::level_of;
pub use bells::{Bell, Bells, Topic};
pub use feed::{FEED_KEPT, FeedKept, FeedReach};
pub use generations::{AccessChanged, Generation, Generations};
pub use outcome::{Done, Outcome, Outcomes, Rejection};
pub use snapshot::InstallError;

use crate::raft::{Applicable, Meaning, Position, SnapshotData, StateMachine};
use crate::store::{RecordError, Space, Store, StoreError, key};
use bytes::Bytes;
use parking_lot::Mutex;
use rpc::{Caller, OnRevoked, TicketId};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use step::{ApplyError, Changed, Step};

/// How long a receipt is kept, in log time.
pub const RECEIPTS_KEPT_MS: u64 = 24 * 60 * 60 * 1_000;

/// How long the parts of a long command wait to be claimed, in log time.
pub const PARTS_KEPT_MS: u64 = 60 * 60 * 1_000;

/// How long what is known of a ticket is kept beyond the ticket's end, in log time. A clock that was ahead for a while, by a
/// time zone at most, takes log time with it, and is back when the ticket can still be shown.
pub const TICKETS_KEPT_MS: u64 = 24 * 60 * 60 * 1_000;

/// The state machine of one shard.
pub struct Machine {
    store: Store,
    generations: Arc<Generations>,
    bells: Arc<Bells>,
    /// The last index that is applied or about to be.
    reached: AtomicU64,
    kept: FeedKept,
    /// Held while the log is applied and while a document's stored bytes are rewritten: neither sees half of the other.
    writing: Mutex<Writing>,
    durable: Mutex<Option<Position>>,
    /// Who hears of tickets that are taken back.
    revocations: Mutex<Vec<OnRevoked>>,
}

/// What is known while the store is written.
#[derive(Default)]
struct Writing {
    hint: hint::Hint,
    /// The replica has left this node: what is in the store from now on is not its own.
    left: bool,
}

impl Machine {
    /// The machine over a shard's store. `generations` may be shared by all shards of a node.
    pub fn open(store: Store, generations: Arc<Generations>) -> Result<Machine, StoreError> {
        Machine::open_keeping(store, generations, FEED_KEPT)
    }

    /// The same, for tests that do not wait for as much as is kept.
    fn open_keeping(
        store: Store,
        generations: Arc<Generations>,
        kept: FeedKept,
    ) -> Result<Machine, StoreError> {
        // What was read back at open has survived, but nothing says that it has been fsynced.
        store.make_durable()?;
        let durable = read_position(&store)?;
        Ok(Machine {
            store,
            generations,
            bells: Arc::default(),
            reached: AtomicU64::new(durable.map_or(0, |position| position.index)),
            kept,
            writing: Mutex::default(),
            durable: Mutex::new(durable),
            revocations: Mutex::default(),
        })
    }

    /// The store below, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The generations of the documents that this machine changes.
    pub fn generations(&self) -> &Generations {
        &self.generations
    }

    /// The bells of those who wait for more of the feed.
    pub fn bells(&self) -> &Arc<Bells> {
        &self.bells
    }

    /// Whom to tell, from now on, of tickets that are taken back.
    pub fn on_revoked(&self, heard: OnRevoked) {
        self.revocations.lock().push(heard);
    }

    /// An index at which everything that was ever visible here is there. Asked for after reading.
    pub fn reached(&self) -> u64 {
        self.reached.load(Ordering::Acquire)
    }

    /// Notes what is about to become visible. Before, so that nobody sees what is not counted yet; it is agreed upon, so that
    /// every replica comes there.
    fn reach(&self, index: Option<u64>) {
        if let Some(index) = index {
            self.reached.fetch_max(index, Ordering::AcqRel);
        }
    }

    /// Runs `write` while nothing is applied. For rewriting stored bytes without changing what they mean. Not if the replica
    /// has left.
    pub fn while_quiet<T>(&self, write: impl FnOnce(&Store) -> T) -> Option<T> {
        let quiet = self.writing.lock();
        (!quiet.left).then(|| write(&self.store))
    }

    /// The replica leaves this node: nothing is written any more, nothing that is cached holds, and those who wait for more
    /// look again. Its group has ended before.
    pub fn leave(&self) {
        self.writing.lock().left = true;
        self.generations.advance_all();
        self.bells.ring_all(self.bells.rung_to());
    }
}

/// Why there is nothing to give of a machine that is new.
fn nothing_applied() -> RecordError {
    RecordError::Damaged { what: "position", reason: "nothing was applied yet".to_owned() }
}

fn read_position(store: &Store) -> Result<Option<Position>, StoreError> {
    let stored = store.get(Space::State, key::state::APPLIED)?;
    Ok(stored.map(|bytes| step::position_from_bytes(&bytes)).transpose()?)
}

fn apply_all(
    store: &Store,
    batch: &[Applicable],
    hint: &mut hint::Hint,
    kept: FeedKept,
) -> Result<(Vec<Outcomes>, Changed), ApplyError> {
    let mut step = Step::begin(store, hint, kept)?;
    let outcomes = batch.iter().map(|entry| step.apply(entry)).collect::<Result<_, _>>()?;
    Ok((outcomes, step.commit()?))
}

impl StateMachine for Machine {
    type Outcome = Outcomes;

    fn applied(&self) -> io::Result<Option<Position>> {
        read_position(&self.store).map_err(io::Error::other)
    }

    fn membership(&self) -> io::Result<Option<Bytes>> {
        let stored = self.store.get(Space::State, key::state::MEMBERSHIP).map_err(io::Error::other)?;
        Ok(stored.map(|bytes| Bytes::copy_from_slice(&bytes)))
    }

    fn apply(&self, batch: Vec<Applicable>) -> io::Result<Vec<Outcomes>> {
        let started = Instant::now();
        let mut writing = self.writing.lock();
        if writing.left {
            return Err(io::Error::other("the replica has left this node"));
        }
        self.reach(batch.last().map(|entry| entry.position.index));
        // Taken out: after an error or a panic nothing was written, and what the hint has learnt may be wrong.
        let mut learning = std::mem::take(&mut writing.hint);
        let applied = apply_all(&self.store, &batch, &mut learning, self.kept);
        let (outcomes, changed) = applied.map_err(io::Error::other)?;
        writing.hint = learning;
        self.generations.advance(&changed.touched);
        self.bells.ring(&changed.told, changed.index);
        self.tell_revoked(&changed.revoked);
        metrics::histogram!("stage_duration_seconds", "stage" => "apply").record(started.elapsed());
        Ok(outcomes)
    }

    fn snapshot(&self) -> io::Result<SnapshotData> {
        let view = self.make_durable()?;
        snapshot::take(&view).map_err(io::Error::other)
    }

    fn install(&self, snapshot: SnapshotData) -> io::Result<()> {
        let mut writing = self.writing.lock();
        if writing.left {
            return Err(io::Error::other("the replica has left this node"));
        }
        let position = snapshot.position;
        self.reach(Some(position.index));
        writing.hint = hint::Hint::default();
        let revoked = snapshot::install(&self.store, snapshot)?;
        self.store.make_durable().map_err(io::Error::other)?;
        *self.durable.lock() = Some(position);
        self.generations.advance_all();
        self.bells.ring_all(position.index);
        self.tell_revoked(&revoked);
        Ok(())
    }

    fn durable(&self) -> io::Result<Option<Position>> {
        Ok(*self.durable.lock())
    }

    fn meaning(&self) -> io::Result<Meaning> {
        hash::of(&self.store.view()).map_err(io::Error::other)
    }

    fn quarantine(&self, note: Bytes) -> io::Result<()> {
        let write = |store: &Store| {
            let mut txn = store.begin();
            txn.put(Space::State, key::state::QUARANTINED.to_vec(), note.to_vec());
            txn.commit()?;
            store.make_durable()
        };
        // What has left is out already.
        self.while_quiet(write).unwrap_or(Ok(())).map_err(io::Error::other)
    }

    fn quarantined(&self) -> io::Result<Option<Bytes>> {
        let stored = self.store.get(Space::State, key::state::QUARANTINED).map_err(io::Error::other)?;
        Ok(stored.map(|bytes| Bytes::copy_from_slice(&bytes)))
    }
}

impl Machine {
    fn tell_revoked(&self, revoked: &[(Caller, TicketId)]) {
        for (caller, ticket) in revoked {
            self.revocations.lock().iter().for_each(|heard| heard(caller, *ticket));
        }
    }

    /// Fsyncs what is applied, and gives a view of at least that.
    fn make_durable(&self) -> io::Result<crate::store::StoreView<'_>> {
        let before = self.applied()?;
        self.store.make_durable().map_err(io::Error::other)?;
        let mut durable = self.durable.lock();
        *durable = before.max(*durable);
        Ok(self.store.view())
    }
}
