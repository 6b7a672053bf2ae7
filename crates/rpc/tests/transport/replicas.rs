//! Replicas that remember what came.

use base::{NodeId, ShardId};
use bytes::Bytes;
use futures::StreamExt;
use rpc::{Lane, PeerAnswer, PeerError, Pieces, RaftReplicas};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// What came: from whom, how, about which shard, and what.
pub type Came = (NodeId, Lane, ShardId, Bytes);

/// Echoes each message once as many as `gate` says have come. Shard 99 is nowhere, shard 98 fails.
pub struct Replicas {
    pub came: Mutex<Vec<Came>>,
    /// Answers wait until so many messages have come.
    pub gate: watch::Sender<usize>,
    count: watch::Sender<usize>,
    pub snapshots: Taken,
    /// Snapshots that have begun.
    pub taking: watch::Sender<usize>,
}

/// Snapshots that came to an end: the head, and how many bytes, or what went wrong.
pub type Taken = Arc<Mutex<Vec<(Bytes, Result<usize, String>)>>>;

impl Replicas {
    pub fn new() -> Arc<Replicas> {
        Arc::new(Replicas {
            came: Mutex::default(),
            gate: watch::channel(0).0,
            count: watch::channel(0).0,
            snapshots: Arc::default(),
            taking: watch::channel(0).0,
        })
    }

    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until so many messages have come.
    pub async fn reached(&self, messages: usize) {
        self.count.subscribe().wait_for(|count| *count >= messages).await.unwrap();
    }
}

impl RaftReplicas for Replicas {
    fn handle(&self, from: NodeId, lane: Lane, shard: ShardId, message: Bytes) -> PeerAnswer {
        self.came.lock().unwrap().push((from, lane, shard, message.clone()));
        self.count.send_modify(|count| *count += 1);
        let (mut count, mut gate) = (self.count.subscribe(), self.gate.subscribe());
        Box::pin(async move {
            match shard {
                ShardId(99) => return Err(PeerError::NoSuchShard { node: NodeId(0), shard }),
                ShardId(98) => {
                    return Err(PeerError::Failed { node: NodeId(0), reason: "it burns".to_owned() });
                }
                _ => {}
            }
            loop {
                let wanted = *gate.borrow_and_update();
                if *count.borrow_and_update() >= wanted {
                    return Ok(message);
                }
                tokio::select! {
                    _ = count.changed() => {}
                    _ = gate.changed() => {}
                }
            }
        })
    }

    /// Shard 1 takes pieces as they come, shard 2 never takes one.
    fn receive_snapshot(&self, _: NodeId, shard: ShardId, head: Bytes, mut pieces: Pieces) -> PeerAnswer {
        let (taken, taking) = (self.snapshots.clone(), self.taking.clone());
        Box::pin(async move {
            taking.send_modify(|count| *count += 1);
            if shard == ShardId(2) {
                std::future::pending::<()>().await;
            }
            let mut bytes = 0;
            let mut result = Ok(());
            while let Some(piece) = pieces.next().await {
                match piece {
                    Ok(piece) => bytes += piece.len(),
                    Err(error) => result = Err(error.to_string()),
                }
            }
            let result = result.map(|()| bytes);
            taken.lock().unwrap().push((head.clone(), result.clone()));
            result.map(|_| head).map_err(|reason| PeerError::Failed { node: NodeId(0), reason })
        })
    }
}
