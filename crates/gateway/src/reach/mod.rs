//! Reaching the shards of a cluster: which node leads the shard of a request, and whom to ask when that one does not answer.
//!
//! ```text
//! map.rs      where everything is, as far as this gateway knows
//! errand.rs   a request that looks for its node
//! router.rs   asks until there is an answer, or the budget is used up
//! choose.rs   whom to ask next                               (pure)
//! pace.rs     how long to wait before everybody is asked again (pure)
//! budget.rs   how long a request is tried                    (pure)
//! circuit.rs  who is asked last for a while
//! shards.rs   the seam of requests; lists.rs those that are for one shard, health.rs how all are
//! tickets.rs  the seam of tickets, and their notices from every node
//! live/       the seam of sockets: sessions that move to the new leader
//! pool.rs     a connection to each node
//! ```
//!
//! A gateway keeps nothing that another could not find out: what it learned of leaders makes it quicker, never right.

mod budget;
mod choose;
mod circuit;
mod errand;
mod health;
mod lists;
mod live;
mod map;
mod pace;
mod pool;
mod router;
mod shards;
mod tickets;

pub use map::{Map, Node, Nodes, Replicas};
pub use pool::{Pool, PoolConfig};

use live::{Lanes, Sessions};
use router::Router;
use std::sync::Arc;
use tickets::Notices;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The shards of a cluster, behind the seams that a gateway calls.
///
/// A request goes to the leader of its shard, and to the next one if that one is gone: for 8 seconds in all. After that it is
/// [`rpc::Refusal::Unavailable`], or [`rpc::Refusal::Unknown`] for one that may have been done. Sessions of sockets move with
/// the leader for as long as their socket lives.
pub struct Reach {
    shared: Arc<Shared>,
}

/// What requests, sessions and tasks work with.
struct Shared {
    router: Router,
    sessions: Sessions,
    lanes: Lanes,
    notices: Arc<Notices>,
    runtime: Handle,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Reach {
    /// The shards by a map, and the nodes, that somebody keeps up to date. Inside a Tokio runtime, which its tasks run on.
    pub fn new(map: watch::Receiver<Arc<Map>>, nodes: Nodes) -> Reach {
        let shared = Arc::new(Shared {
            router: Router::new(map, nodes),
            sessions: Sessions::default(),
            lanes: Lanes::default(),
            notices: Arc::default(),
            runtime: Handle::current(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        shared.spawn(shared.stop.clone(), watch_nodes(shared.clone()));
        shared.spawn(shared.stop.clone(), watch_map(shared.clone()));
        Reach { shared }
    }

    /// Ends what runs for it, and waits for that. Sessions that are open find no new leader from then on.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Drop for Reach {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

impl Shared {
    /// Runs something until it is done or `ends`.
    fn spawn(&self, ends: CancellationToken, work: impl Future<Output = ()> + Send + 'static) {
        let work = async move {
            ends.run_until_cancelled(work).await;
        };
        self.tasks.spawn_on(work, &self.runtime);
    }
}

/// Hangs notices on nodes as they appear.
async fn watch_nodes(shared: Arc<Shared>) {
    let mut nodes = shared.router.nodes.clone();
    loop {
        let now = nodes.borrow_and_update().clone();
        shared.notices.hang(&now);
        if nodes.changed().await.is_err() {
            return;
        }
    }
}

/// Moves sessions as others lead.
async fn watch_map(shared: Arc<Shared>) {
    let mut map = shared.router.map.clone();
    let mut before = map.borrow_and_update().clone();
    while map.changed().await.is_ok() {
        let now = map.borrow_and_update().clone();
        if *now != *before {
            shared.sessions.look(&now);
        }
        before = now;
    }
}
