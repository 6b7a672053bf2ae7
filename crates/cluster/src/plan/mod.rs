//! Planning: what goes where. Pure: nodes and placements in, placements and moves out.
//!
//! A plan is made once and its result is stored; nothing is computed again when a document is looked for. The hash behind
//! the plans is rendezvous hashing with weights, written down in `hash.rs` and pinned by vectors, with a bound on what a
//! node may carry and with zones.

mod drain;
mod error;
mod first;
mod hash;
mod layout;
mod leaders;
mod rooms;
mod slots;
#[cfg(test)]
mod tests;

pub use drain::{Move, drain};
pub use error::PlanError;
pub use first::{FirstPlacement, first_placement};
pub use layout::{Duty, PlanNode};
pub use slots::{SlotMove, slots_for_new_shard};
