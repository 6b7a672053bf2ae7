//! The name of a cluster among clusters.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// A cluster: a random number that is made when the first node starts. It is stored with the coordinator and in the folder of
/// every node, so that neither is ever taken for that of another cluster.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClusterId(Uuid);

impl ClusterId {
    /// One that no cluster has.
    pub fn random() -> ClusterId {
        ClusterId(Uuid::new_v4())
    }

    /// A certain one.
    pub const fn from_u128(number: u128) -> ClusterId {
        ClusterId(Uuid::from_u128(number))
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cluster {}", self.0)
    }
}
