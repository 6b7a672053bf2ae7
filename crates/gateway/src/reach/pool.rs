//! A connection to each node.

use super::map::{Node, Nodes};
use base::NodeId;
use rpc::transport::tls::Credentials;
use rpc::transport::{Address, Remote, RemoteConfig, ShardOf};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What a pool works with.
pub struct PoolConfig {
    /// The nodes that there are, and where.
    pub directory: watch::Receiver<Arc<HashMap<NodeId, Address>>>,
    /// The gateway's own.
    pub credentials: Arc<Credentials>,
    /// For refusals that are made here.
    pub shard_of: ShardOf,
    /// How many bytes of views to keep of each node, so that it need not send again what is still the newest.
    pub view_bytes: u64,
}

/// Keeps a connection to each node of a directory, as nodes come, go, and change their address.
pub struct Pool {
    nodes: Nodes,
    /// Dropping it ends the connections, too, but does not wait.
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Pool {
    /// Begins to connect. Inside a Tokio runtime, which it runs on. Nodes that are in the directory by now are given at once.
    pub fn start(config: PoolConfig) -> Pool {
        let (told, nodes) = watch::channel(Arc::default());
        let stop = CancellationToken::new();
        let mut keeper = Keeper { config, told, open: HashMap::new(), closing: JoinSet::new() };
        keeper.follow();
        let task = tokio::spawn(keeper.run(stop.clone()));
        Pool { nodes, stop: stop.drop_guard(), task }
    }

    /// The nodes, as they are from now on.
    pub fn nodes(&self) -> Nodes {
        self.nodes.clone()
    }

    /// Ends all connections, and waits for what ran on them.
    pub async fn close(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the keeper of the connections to the nodes failed");
        }
    }
}

struct Keeper {
    config: PoolConfig,
    told: watch::Sender<Arc<HashMap<NodeId, Node>>>,
    open: HashMap<NodeId, (Address, Arc<Remote>)>,
    /// Connections that end. Nobody waits for them to begin another.
    closing: JoinSet<()>,
}

impl Keeper {
    async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(closed) = self.closing.join_next() => ended(closed),
                changed = self.config.directory.changed() => match changed {
                    Ok(()) => self.follow(),
                    // Nobody keeps the directory any more: it stays as it is.
                    Err(_) => {
                        stop.cancelled().await;
                        break;
                    }
                },
            }
        }
        self.told.send_replace(Arc::default());
        let open = std::mem::take(&mut self.open);
        open.into_values().for_each(|(_, remote)| self.end(remote));
        while let Some(closed) = self.closing.join_next().await {
            ended(closed);
        }
    }

    /// Brings the connections in step with the directory.
    fn follow(&mut self) {
        let directory = self.config.directory.borrow_and_update().clone();
        let mut gone = Vec::new();
        self.open.retain(|id, (address, remote)| {
            let stays = directory.get(id) == Some(address);
            if !stays {
                gone.push(remote.clone());
            }
            stays
        });
        for (id, address) in directory.iter() {
            let PoolConfig { credentials, shard_of, view_bytes, .. } = &self.config;
            self.open.entry(*id).or_insert_with(|| {
                let remote = Remote::start(RemoteConfig {
                    address: address.clone(),
                    credentials: credentials.clone(),
                    shard_of: shard_of.clone(),
                    view_bytes: *view_bytes,
                });
                (address.clone(), Arc::new(remote))
            });
        }
        let node = |remote: &Arc<Remote>| Node {
            shards: remote.clone(),
            live: remote.clone(),
            tickets: remote.clone(),
        };
        let nodes = self.open.iter().map(|(id, (_, remote))| (*id, node(remote))).collect();
        // First, so that what ends with an old connection finds the new one.
        self.told.send_replace(Arc::new(nodes));
        gone.into_iter().for_each(|remote| self.end(remote));
    }

    fn end(&mut self, remote: Arc<Remote>) {
        self.closing.spawn(async move { remote.close().await });
    }
}

fn ended(closed: Result<(), tokio::task::JoinError>) {
    if let Err(error) = closed {
        tracing::error!(%error, "a connection to a node did not end well");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{DocId, ShardId, Slot, TenantId, UserId};
    use rpc::transport::tls::{Authority, Role, Subject};
    use rpc::{At, Caller, Read, Refusal, SharedShards};
    use std::time::Duration;

    fn credentials() -> Arc<Credentials> {
        let now = base::now();
        let authority = Authority::make(now).unwrap();
        let subject = Subject::new(Role::Gateway, "gateway-0").unwrap();
        let issued = authority.issue(&subject, now, Duration::from_secs(3_600)).unwrap();
        let credentials =
            Credentials::from_pem(authority.certificate_pem(), &issued.certificate_pem, &issued.key_pem, now);
        Arc::new(credentials.unwrap())
    }

    /// Nobody listens there.
    fn address(name: &str) -> Address {
        Address { subject: Subject::new(Role::Node, name).unwrap(), place: "127.0.0.1:1".to_owned() }
    }

    async fn refused(shards: &SharedShards) -> String {
        let (tenant, user) = (TenantId::new("acme").unwrap(), UserId::new("ada").unwrap());
        let read = Read { id: DocId::mint(Slot::new(1).unwrap(), [1; 16]), at: At::Now };
        match shards.read(Caller { tenant, user }, read).await {
            Err(Refusal::Unavailable { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn connections_follow_the_directory() {
        let directory = |nodes: &[(u64, &str)]| {
            Arc::new(nodes.iter().map(|(id, name)| (NodeId(*id), address(name))).collect::<HashMap<_, _>>())
        };
        let (tell, told) = watch::channel(directory(&[(1, "a"), (2, "b")]));
        let pool = Pool::start(PoolConfig {
            directory: told,
            credentials: credentials(),
            shard_of: Arc::new(|_| ShardId(3)),
            view_bytes: 1 << 20,
        });
        let mut nodes = pool.nodes();
        let first = nodes.borrow_and_update().clone();
        assert_eq!(first.len(), 2, "those that are known are there at once");

        tell.send_replace(directory(&[(1, "a"), (2, "moved"), (3, "c")]));
        nodes.changed().await.unwrap();
        let second = nodes.borrow_and_update().clone();
        let same = |id: u64| Arc::ptr_eq(&first[&NodeId(id)].shards, &second[&NodeId(id)].shards);
        assert!(second.len() == 3 && same(1) && !same(2));
        while !refused(&first[&NodeId(2)].shards).await.contains("stopping") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(!refused(&second[&NodeId(1)].shards).await.contains("stopping"));

        tell.send_replace(directory(&[(1, "a")]));
        nodes.changed().await.unwrap();
        assert!(nodes.borrow_and_update().keys().eq(&[NodeId(1)]));
        drop(tell);
        pool.close().await;
        assert!(refused(&second[&NodeId(1)].shards).await.contains("stopping"));
        assert!(nodes.borrow().is_empty());
    }
}
