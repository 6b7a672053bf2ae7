//! One lane to one node, for as long as a connection stands.
//!
//! What is called goes into a queue in the order of the calls, and from it into messages of the stream: all that waits, up
//! to a bound. Bytes count against the lane's allowance until they are answered, so that a peer that reads and does not
//! answer is no way to fill memory.

use super::message::{Answers, Call, Calls};
use crate::transport::connection::Requests;
use crate::{Lane, PeerError};
use base::{NodeId, ShardId};
use bytes::Bytes;
use futures::Stream;
use futures::stream::unfold;
use http::uri::PathAndQuery;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::sleep;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

/// What one lane may have unanswered, in bytes.
const ALLOWANCE_BYTES: usize = 64 << 20;
/// What a message counts beyond its bytes. Bounds how many there can be.
const OVERHEAD_BYTES: usize = 512;
/// No single message is longer.
pub(crate) const MESSAGE_BYTES_MAX: usize = 32 << 20;
/// A message of the stream takes in what waits until it has this many bytes.
const BATCH_BYTES: usize = 256 << 10;
/// Heartbeats of other shards that come within this go along.
pub(super) const HEARTBEAT_LINGER: Duration = Duration::from_millis(10);

/// How answers come back.
pub(super) type Reply = oneshot::Receiver<Result<Bytes, PeerError>>;

/// The caller's end. Dropped when the connection is known to be gone; all that waits then ends.
pub(super) struct LaneSender {
    queue: UnboundedSender<Waiting>,
    allowance: Arc<Semaphore>,
}

/// The connection's end.
pub(super) struct LaneReceiver {
    lane: Lane,
    /// Not bounded by itself: each element holds a part of the allowance.
    queue: UnboundedReceiver<Waiting>,
}

struct Waiting {
    shard: ShardId,
    message: Bytes,
    answer: oneshot::Sender<Result<Bytes, PeerError>>,
    allowed: OwnedSemaphorePermit,
}

/// Those whose messages are on their way, by id.
type Pending = Mutex<HashMap<u64, (oneshot::Sender<Result<Bytes, PeerError>>, OwnedSemaphorePermit)>>;

pub(super) fn lane(lane: Lane) -> (LaneSender, LaneReceiver) {
    let (sender, queue) = unbounded_channel();
    (
        LaneSender { queue: sender, allowance: Arc::new(Semaphore::new(ALLOWANCE_BYTES)) },
        LaneReceiver { lane, queue },
    )
}

impl LaneSender {
    /// Puts a message into the queue.
    pub(super) fn send(&self, node: NodeId, shard: ShardId, message: Bytes) -> Result<Reply, PeerError> {
        if message.len() > MESSAGE_BYTES_MAX {
            let reason =
                format!("a message of {} bytes is above the limit of {MESSAGE_BYTES_MAX}", message.len());
            return Err(PeerError::Failed { node, reason });
        }
        let weight = u32::try_from(message.len() + OVERHEAD_BYTES).expect("a message is below its limit");
        let unreachable = |reason: &str| PeerError::Unreachable { node, reason: reason.to_owned() };
        let allowed = self.allowance.clone().try_acquire_many_owned(weight);
        let allowed = allowed.map_err(|_| unreachable("too much waits for it already"))?;
        let (answer, reply) = oneshot::channel();
        let waiting = Waiting { shard, message, answer, allowed };
        self.queue.send(waiting).map_err(|_| unreachable("its connection has ended"))?;
        Ok(reply)
    }
}

impl LaneReceiver {
    /// Carries messages and answers until the stream ends; says why it did.
    pub(super) async fn run(self, requests: Requests, node: NodeId) -> String {
        let pending = Arc::new(Pending::default());
        let path = path(self.lane);
        let calls = Request::new(calls(self, pending.clone()));
        let mut grpc = requests.grpc();
        if let Err(error) = grpc.ready().await {
            return error.to_string();
        }
        let opened = grpc.streaming(calls, path, ProstCodec::<Calls, Answers>::default()).await;
        let mut answers = match opened {
            Ok(response) => response.into_inner(),
            Err(status) => return said(&status),
        };
        loop {
            match answers.message().await {
                Ok(Some(batch)) => deliver(&pending, batch, node),
                Ok(None) => return "the node ended the stream".to_owned(),
                Err(status) => return said(&status),
            }
        }
    }
}

/// Where a lane is served.
pub(super) fn path(lane: Lane) -> PathAndQuery {
    PathAndQuery::from_static(match lane {
        Lane::Appends => "/context_hub.v1.Raft/Appends",
        Lane::Heartbeats => "/context_hub.v1.Raft/Heartbeats",
        Lane::Control => "/context_hub.v1.Raft/Control",
    })
}

/// How long the first message of a batch waits for others.
pub(super) fn linger(lane: Lane) -> Option<Duration> {
    (lane == Lane::Heartbeats).then_some(HEARTBEAT_LINGER)
}

fn deliver(pending: &Pending, batch: Answers, node: NodeId) {
    for answer in batch.answers {
        if let Some((caller, _)) = pending.lock().remove(&answer.id) {
            // Nobody may be waiting any more.
            let _ = caller.send(answer.into_result(node));
        }
    }
}

fn calls(lane: LaneReceiver, pending: Arc<Pending>) -> impl Stream<Item = Calls> + Send {
    let linger = linger(lane.lane);
    unfold((lane.queue, pending, 0), move |(mut queue, pending, mut id)| async move {
        let first = queue.recv().await?;
        if let Some(linger) = linger {
            sleep(linger).await;
        }
        let mut bytes = 0;
        let mut calls = Vec::new();
        let mut next = Some(first);
        while let Some(Waiting { shard, message, answer, allowed }) = next {
            bytes += message.len();
            id += 1;
            pending.lock().insert(id, (answer, allowed));
            calls.push(Call { id, shard: shard.0, message });
            next = if bytes < BATCH_BYTES { queue.try_recv().ok() } else { None };
        }
        Some((Calls { calls }, (queue, pending, id)))
    })
}

/// What a peer's refusal says, in a line.
pub(super) fn said(status: &Status) -> String {
    match std::error::Error::source(status) {
        Some(source) => format!("{}: {}", status.message(), crate::transport::chain::chain(source)),
        None => status.message().to_owned(),
    }
}
