//! What a group asks of the thing that it applies its log to.
//!
//! The words here know nothing of openraft: a state machine is written and tested without it. Two implement
//! [`StateMachine`]: the shard's own store, and [`super::MemoryMachine`], on which the groups are tested and measured.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;

/// Where an entry stands in the log of its group: the leader that wrote it, and its index.
///
/// Two entries at the same position are the same entry. The order is the order of the log: term, then node, then index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The term of the leader that wrote the entry.
    pub term: u64,
    /// The node that led in that term.
    pub node: u64,
    /// The index, from 0 on and without holes.
    pub index: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{}-N{}.{}", self.term, self.node, self.index)
    }
}

/// A committed entry, ready to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applicable {
    /// Where it stands.
    pub position: Position,
    /// What it says.
    pub kind: Kind,
}

/// What a committed entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: a new leader's first entry. Only the position moves.
    Blank,
    /// Commands, as they were proposed.
    Commands(Bytes),
    /// Who votes from here on. The machine keeps the bytes and hands them back, and never reads them.
    Membership(Bytes),
    /// Every replica hashes what it means to have reached here. Only the position moves.
    Audit,
}

/// One stored record of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The key space that it belongs to.
    pub space: u8,
    /// Its key.
    pub key: Bytes,
    /// Its value.
    pub value: Bytes,
}

/// The records of a snapshot, read as they are asked for.
pub type Records = Box<dyn Iterator<Item = io::Result<Record>> + Send>;

/// All that a machine holds at one position.
pub struct SnapshotData {
    /// The last entry that is in it.
    pub position: Position,
    /// The membership at that position, if an entry ever set one.
    pub membership: Option<Bytes>,
    /// Everything else.
    pub records: Records,
}

impl fmt::Debug for SnapshotData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotData").field("position", &self.position).finish_non_exhaustive()
    }
}

/// What the state of a machine means at one position: the same on every replica, however each one stores it.
pub struct Meaning {
    /// The last entry that is in it.
    pub position: Position,
    /// Which rules say what is in it and how it is written here. Only what was written by the same rules is compared.
    pub rules: u32,
    /// All of it, in the same order on every replica.
    pub records: Records,
}

impl fmt::Debug for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meaning").field("position", &self.position).finish_non_exhaustive()
    }
}

/// What a group applies its log to.
///
/// The contract:
/// - `apply` and `install` never overlap: one thread at a time calls them, across rebuilds of the group too. The other
///   methods may be called at the same time from other threads, and see a state between two `apply`s, never half of one;
/// - what `apply` did is visible to every reader when it returns. It need not be durable: the log is, and entries after
///   [`StateMachine::durable`] are applied again after a crash;
/// - `apply` is a pure function of the state and the entries: no clock, no randomness;
/// - an error or a panic ends the group, which is then rebuilt from disk; it must leave the state as it was before.
pub trait StateMachine: Send + Sync + 'static {
    /// What applying one entry leads to: the answer to who proposed it.
    type Outcome: Send + Sync + 'static;

    /// The last entry that was applied.
    fn applied(&self) -> io::Result<Option<Position>>;

    /// The last membership that was applied, as it was given.
    fn membership(&self) -> io::Result<Option<Bytes>>;

    /// Applies entries in order, in one atomic write together with the position of the last. One outcome per entry.
    fn apply(&self, batch: Vec<Applicable>) -> io::Result<Vec<Self::Outcome>>;

    /// Makes everything applied durable, then gives a consistent view of it. Called only when something was applied.
    fn snapshot(&self) -> io::Result<SnapshotData>;

    /// Replaces everything by a snapshot, atomically and durably.
    fn install(&self, snapshot: SnapshotData) -> io::Result<()>;

    /// The last applied entry that is known to survive a power cut without the log.
    fn durable(&self) -> io::Result<Option<Position>>;

    /// What the state means now; later entries do not change what was given. Quick: reading it is what takes long. Called
    /// only when something was applied.
    fn meaning(&self) -> io::Result<Meaning>;

    /// Notes durably that this replica is not to take part any more. The note survives restarts, is in no snapshot, and is
    /// gone when one is installed.
    fn quarantine(&self, note: Bytes) -> io::Result<()>;

    /// The note of [`StateMachine::quarantine`], as it was given.
    fn quarantined(&self) -> io::Result<Option<Bytes>>;
}
