//! Where each thing is stored.
//!
//! ```text
//! {prefix}/config                 ClusterConfig     written once; without it, or with another id, nobody believes the rest
//! {prefix}/ids/next               the counter of node ids
//! {prefix}/nodes/{id}             NodeRecord        stays when the node is down
//! {prefix}/alive/{id}             Alive             under a lease of the node; gone when it is down
//! {prefix}/removed/{id}           Removed           stays for ever: the node was removed, and its id is of no use any more
//! {prefix}/map/slots              SlotMap           its presence says that the first placement is complete
//! {prefix}/shards/{id}/desired    Placement
//! {prefix}/shards/{id}/observed   Observed          published by the leader of the shard
//! {prefix}/controller             ControllerRecord  under a lease of the controller
//! ```

use super::StateError;
use base::{NodeId, ShardId};

/// One thing that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// What is decided once.
    Config,
    /// The counter of ids.
    NextId,
    /// A node.
    Node(NodeId),
    /// That a node runs.
    Alive(NodeId),
    /// That a node was removed.
    Removed(NodeId),
    /// The slot map.
    Slots,
    /// Where a shard is to be.
    Desired(ShardId),
    /// Where a shard is.
    Observed(ShardId),
    /// Who is the controller.
    Controller,
}

/// The keys of one cluster. Several may share an etcd, each below a prefix of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    prefix: String,
}

/// The longest prefix, in bytes.
const PREFIX_BYTES_MAX: usize = 128;

impl Keys {
    /// Keys below `prefix`, which begins with a slash and has something behind each, such as `/context-hub`.
    pub fn new(prefix: &str) -> Result<Keys, StateError> {
        let mut parts = prefix.split('/');
        let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic());
        let is_good = parts.next() == Some("") && prefix.len() > 1 && parts.all(is_part);
        if is_good && prefix.len() <= PREFIX_BYTES_MAX {
            Ok(Keys { prefix: prefix.into() })
        } else {
            Err(StateError::Prefix { prefix: prefix.into() })
        }
    }

    /// What all keys of this cluster, and none of another, begin with.
    pub fn root(&self) -> String {
        format!("{}/", self.prefix)
    }

    /// The full name of a key.
    pub fn path(&self, key: Key) -> String {
        let prefix = &self.prefix;
        match key {
            Key::Config => format!("{prefix}/config"),
            Key::NextId => format!("{prefix}/ids/next"),
            Key::Node(id) => format!("{prefix}/nodes/{id}"),
            Key::Alive(id) => format!("{prefix}/alive/{id}"),
            Key::Removed(id) => format!("{prefix}/removed/{id}"),
            Key::Slots => format!("{prefix}/map/slots"),
            Key::Desired(shard) => format!("{prefix}/shards/{shard}/desired"),
            Key::Observed(shard) => format!("{prefix}/shards/{shard}/observed"),
            Key::Controller => format!("{prefix}/controller"),
        }
    }

    /// The key with a full name. `None` for what this version does not know; it may be of a later one.
    pub fn parse(&self, path: &str) -> Option<Key> {
        let rest = path.strip_prefix(&self.prefix)?.strip_prefix('/')?;
        let key = match rest.split('/').collect::<Vec<_>>()[..] {
            ["config"] => Key::Config,
            ["ids", "next"] => Key::NextId,
            ["nodes", id] => Key::Node(NodeId(id.parse().ok()?)),
            ["alive", id] => Key::Alive(NodeId(id.parse().ok()?)),
            ["removed", id] => Key::Removed(NodeId(id.parse().ok()?)),
            ["map", "slots"] => Key::Slots,
            ["shards", id, "desired"] => Key::Desired(ShardId(id.parse().ok()?)),
            ["shards", id, "observed"] => Key::Observed(ShardId(id.parse().ok()?)),
            ["controller"] => Key::Controller,
            _ => return None,
        };
        // One thing has one name: `007` and `+7` are nobody's.
        (self.path(key) == path).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_back() {
        let keys = Keys::new("/hub/test").unwrap();
        let every = [
            Key::Config,
            Key::NextId,
            Key::Node(NodeId(7)),
            Key::Alive(NodeId(u64::MAX)),
            Key::Removed(NodeId(4)),
            Key::Slots,
            Key::Desired(ShardId(0)),
            Key::Observed(ShardId(12)),
            Key::Controller,
        ];
        for key in every {
            assert_eq!(keys.parse(&keys.path(key)), Some(key));
        }
        for strange in
            ["/hub/tests/config", "/hub/test/nodes/007", "/hub/test/nodes/+7", "/hub/test/", "", "/x"]
        {
            assert_eq!(keys.parse(strange), None, "{strange}");
        }
    }

    #[test]
    fn a_prefix_that_could_mean_two_things_is_refused() {
        for prefix in ["", "/", "hub", "/hub/", "//hub", "/a b", "/é"] {
            assert!(Keys::new(prefix).is_err(), "{prefix}");
        }
    }
}
