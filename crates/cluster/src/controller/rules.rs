//! How patient the controller is.

use std::time::Duration;

/// How patient the controller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How many nodes have to run before anything is placed. With `None`, as many as a shard has replicas, and none must have
    /// come or gone for [`Rules::settle`].
    pub first_nodes: Option<usize>,
    /// How long the nodes must have stayed the same before the first placement, if their number is not given.
    pub settle: Duration,
    /// How long a node may be down before it counts as down: a restart takes less.
    pub suspect: Duration,
    /// How long the coordinator must have been there without a break before anything is done. For moving what is placed, this
    /// process must have known it for as long, too.
    pub calm: Duration,
    /// How long the office stays vacant when the controller is gone.
    pub ttl: Duration,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            first_nodes: None,
            settle: Duration::from_secs(10),
            suspect: Duration::from_secs(5),
            calm: Duration::from_secs(60),
            ttl: Duration::from_secs(10),
        }
    }
}
