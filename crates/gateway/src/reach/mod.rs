//! Reaching the shards of a cluster: which node leads the shard of a request, and whom to ask when that one does not answer.
//!
//! ```text
//! map.rs      where everything is, as far as this gateway knows
//! choose.rs   whom to ask next (pure)
//! pace.rs     how long to wait before everybody is asked again (pure)
//! attempt.rs  asks until there is an answer, or the budget is used up
//! reach.rs    the seam of the shards, made of that
//! ```
//!
//! A gateway keeps nothing that another could not find out: what it learned of leaders makes it quicker, never right.

mod attempt;
mod choose;
mod map;
mod pace;
mod shards;

pub use attempt::{Node, Nodes, Reach};
pub use map::{Map, Replicas};
