//! The words that every crate shares: ids, slots, access levels, limits, time, and JSON as clients send it.
//!
//! Nothing here does IO, and nothing here knows of another crate of the workspace.

mod cluster;
mod doc_id;
mod feed_place;
mod hash;
pub mod json;
pub mod labels;
mod level;
pub mod limits;
mod names;
mod node;
mod op;
pub mod plain;
mod schema;
mod shape;
mod slot;
mod time;

pub use cluster::ClusterId;
pub use doc_id::{DocId, DocIdError};
pub use feed_place::FeedPlace;
pub use hash::{Hash, HashError, Heads, heads_tag};
pub use labels::Labels;
pub use level::Level;
pub use limits::Limits;
pub use names::{NAME_BYTES_MAX, NameError, TenantId, UserId};
pub use node::NodeId;
pub use op::{Op, PathStep, Unit, weight_of};
pub use shape::Shape;
pub use slot::{SHARDS_MAX, SLOT_COUNT, ShardId, Slot, SlotMap, SlotMapError};
pub use time::{Timestamp, now};
