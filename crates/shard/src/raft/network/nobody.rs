//! The other nodes of a laptop: whoever is asked is out of reach.

use base::{NodeId, ShardId};
use bytes::Bytes;
use rpc::{Lane, PeerAnswer, PeerError, Pieces, RaftPeer, RaftPeers};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

/// There is no other node.
pub(super) struct Nobody;

impl RaftPeers for Nobody {
    fn peer(&self, node: NodeId) -> Arc<dyn RaftPeer> {
        Arc::new(Absent(node))
    }
}

/// A node that is not there.
struct Absent(NodeId);

impl Absent {
    fn answer(&self) -> PeerAnswer {
        let reason = "this node knows no others".to_owned();
        Box::pin(ready(Err(PeerError::Unreachable { node: self.0, reason })))
    }
}

impl RaftPeer for Absent {
    fn call(&self, _: Lane, _: ShardId, _: Bytes, _: Duration) -> PeerAnswer {
        self.answer()
    }

    fn send_snapshot(&self, _: ShardId, _: Bytes, _: Pieces, _: Duration) -> PeerAnswer {
        self.answer()
    }
}
