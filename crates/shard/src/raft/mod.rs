//! Raft groups: a log agreed upon by several nodes, applied to a state machine on each.
//!
//! openraft stays inside this folder. Outside, a group is a [`GroupHandle`] from the node's [`Supervisor`]: propose
//! opaque entries and get the machine's outcomes; ask whether a read may be answered here. What a group applies its log
//! to implements [`StateMachine`].
//!
//! ```text
//!  GroupHandle ─▶ Supervisor ─▶ Group ─▶ openraft ─▶ LogStore ─▶ the node's shared log
//!  (survives)     (rebuilds)    (one life)    │
//!                                             └────▶ Applier  ─▶ StateMachine
//! ```
//!
//! Between nodes a group speaks through the seam of `rpc`: it calls `RaftPeers` by its [`Network`], and what comes is handed
//! to the node's [`Replicas`].
//!
//! The order of stopping: the supervisor cancels, each keeper shuts its group down, and a shutdown ends only when
//! openraft has let go of the machine; then the log may be closed.

mod admit;
mod applier;
mod audit;
mod ballots;
mod breaker;
mod changes;
mod clock;
mod codec;
mod compact;
#[cfg(test)]
mod conformance;
mod contract;
mod durable;
mod error;
mod following;
mod founding;
mod group;
mod groups;
mod handle;
mod hearing;
mod leaders;
mod leadership;
mod lease;
mod leaving;
mod log_reader;
mod log_store;
mod members;
mod memory;
mod moving;
mod network;
mod pace;
mod propose;
mod reading;
mod replicas;
mod reply;
mod schedule;
mod scheduler;
mod serve;
mod snapshot;
mod start;
mod status;
mod steering;
mod supervisor;
mod tail;
#[cfg(test)]
mod tests;
mod timing;
mod types;

pub use audit::{AuditError, AuditPolicy, Finding};
pub use breaker::RebuildPolicy;
pub use changes::{Changed, Changes};
pub use compact::{Compacted, Keep};
pub use contract::{Applicable, Kind, Meaning, Position, Record, Records, SnapshotData, StateMachine};
pub use error::{
    ChangeError, CompactError, FollowError, MoveError, ProposeError, ReadError, StartError, TransferError,
    WaitError,
};
pub use following::Fresh;
pub use founding::Founding;
pub use group::{Ended, Group, GroupConfig};
pub use handle::{GroupHandle, Phase};
pub use leaving::{Promise, forget};
pub use members::{Change, Members};
pub use memory::MemoryMachine;
pub use moving::Progress;
pub use network::Network;
pub use propose::Placed;
pub use replicas::Replicas;
pub use schedule::SnapshotPolicy;
pub use status::{Follower, Role, Status};
pub use supervisor::{Policy, Supervisor};
