//! The cluster as it is known here: a copy in memory that is always there, and says how old it is.

mod contact;
mod follow;
mod handle;
mod snapshot;
#[cfg(test)]
mod tests;

pub use contact::Contact;
pub use handle::{ClusterView, ViewTask};
pub use snapshot::{Node, Snapshot, Stored};
