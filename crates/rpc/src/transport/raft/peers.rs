//! All nodes that this one speaks to.

use super::link::{Link, Peer};
use super::snapshot::TRANSFERS_AT_ONCE;
use crate::transport::Directory;
use crate::transport::connection::Tasks;
use crate::transport::tls::Credentials;
use crate::{RaftPeer, RaftPeers};
use base::NodeId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// The nodes of a cluster, over connections that are made when they are first needed.
pub struct Peers {
    shared: Arc<Shared>,
    links: Mutex<HashMap<NodeId, Arc<Link>>>,
}

/// What all links use.
pub(super) struct Shared {
    pub us: NodeId,
    pub boot: u64,
    pub credentials: Arc<Credentials>,
    pub directory: Directory,
    /// Turns of snapshots that go out.
    pub sending: Arc<Semaphore>,
    pub tasks: Tasks,
    pub runtime: Handle,
}

impl Peers {
    /// Nobody yet. Connections run on the runtime that this is called in.
    pub fn new(us: NodeId, credentials: Arc<Credentials>, directory: Directory) -> Peers {
        let shared = Shared {
            us,
            boot: rand::random(),
            credentials,
            directory,
            sending: Arc::new(Semaphore::new(TRANSFERS_AT_ONCE)),
            tasks: Tasks::new(),
            runtime: Handle::current(),
        };
        Peers { shared: Arc::new(shared), links: Mutex::default() }
    }

    /// Ends all connections, and waits for what ran on them. Calls are refused from now on.
    pub async fn close(&self) {
        self.shared.tasks.close().await;
    }
}

impl RaftPeers for Peers {
    fn peer(&self, node: NodeId) -> Arc<dyn RaftPeer> {
        let mut links = self.links.lock();
        let link = links.entry(node).or_insert_with(|| Arc::new(Link::new(node, self.shared.clone())));
        Arc::new(Peer(link.clone()))
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.shared.tasks.cancel.cancel();
    }
}
