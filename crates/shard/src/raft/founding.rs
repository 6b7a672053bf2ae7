//! How a group begins on a node that holds nothing of it yet.

use std::collections::BTreeSet;

/// What placement tells a node about a group. A node that has a log of it goes by the log and never looks here: who
/// votes is written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Founding {
    /// This node makes the group, with these voters, of which it is one. Placement tells this to exactly one node, and
    /// only once: two founders would be two groups.
    Found {
        /// The nodes that vote from the beginning. Their ids were never used before for a replica of this group: a node
        /// that lost its folder comes back as another node, or its old promises would be broken.
        voters: BTreeSet<u64>,
    },
    /// This node waits until a leader of the group speaks to it.
    Join,
}

impl Founding {
    /// A group of this node alone.
    pub fn alone(node: u64) -> Founding {
        Founding::Found { voters: BTreeSet::from([node]) }
    }
}
