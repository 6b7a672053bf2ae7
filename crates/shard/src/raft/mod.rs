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
//! The order of stopping: the supervisor cancels, each keeper shuts its group down, and a shutdown ends only when
//! openraft has let go of the machine; then the log may be closed.

mod applier;
mod breaker;
mod codec;
#[cfg(test)]
mod conformance;
mod contract;
mod error;
mod group;
mod handle;
mod lease;
mod log_reader;
mod log_store;
mod memory;
mod network;
mod reply;
mod schedule;
mod scheduler;
mod status;
mod supervisor;
mod tail;
mod timing;
mod types;

pub use breaker::RebuildPolicy;
pub use contract::{Applicable, Kind, Position, Record, Records, SnapshotData, StateMachine};
pub use error::{CompactError, ProposeError, ReadError, StartError};
pub use group::{Compacted, Group, GroupConfig};
pub use handle::{GroupHandle, Phase};
pub use memory::MemoryMachine;
pub use schedule::SnapshotPolicy;
pub use status::Status;
pub use supervisor::{Policy, Supervisor};
