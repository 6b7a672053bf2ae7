//! The cluster's state as it is stored: types, keys, and the checks of every value that is read.
//!
//! Values are JSON objects with the version of their format, so that people can read them with the tools of etcd. What is
//! read is somebody else's work until it has been checked: a damaged value is a [`StateError`] that names its key.

mod codec;
mod config;
mod error;
mod keys;
mod node;
mod placement;
#[cfg(test)]
mod tests;

pub use codec::{Checked, Invalid};
pub(crate) use codec::{decode, encode};
pub(crate) use config::NextId;
pub use config::{ClusterConfig, ControllerRecord};
pub use error::StateError;
pub use keys::{Key, Keys};
pub use node::{Alive, NodeRecord, NodeSpec, NodeState, Removed};
pub use placement::{Observed, Placement, Placements, REPLICAS_MAX};
