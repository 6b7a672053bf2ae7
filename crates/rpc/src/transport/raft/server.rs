//! What other nodes say to the replicas of this one.

use super::lane::{MESSAGE_BYTES_MAX, linger};
use super::message::{Answer, Answers, Calls, SnapshotPart};
use super::snapshot::{self, TRANSFERS_AT_ONCE};
use super::turn::{Turn, Turns};
use crate::{Lane, PeerAnswer, PeerError, RaftReplicas};
use base::{NodeId, ShardId};
use bytes::Bytes;
use futures::stream::{BoxStream, FuturesUnordered, StreamExt, unfold};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tonic::{Status, Streaming};

use crate::transport::connection::LinkId;

/// Messages of a lane that are being answered; more are not read.
const IN_HAND: usize = 1_024;
/// Bytes of them; more are not read.
const IN_HAND_BYTES: usize = 2 * MESSAGE_BYTES_MAX;
/// Answers that go in one message.
const ANSWERS: usize = 256;
/// A shard that has not answered by then is told of as failed: what hangs in one must not fill the lane of all.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Serves the replicas of this node.
pub(crate) struct RaftServer {
    replicas: Arc<dyn RaftReplicas>,
    turns: Turns,
    receiving: Arc<Semaphore>,
}

impl RaftServer {
    pub(crate) fn new(replicas: Arc<dyn RaftReplicas>) -> RaftServer {
        RaftServer {
            replicas,
            turns: Turns::default(),
            receiving: Arc::new(Semaphore::new(TRANSFERS_AT_ONCE)),
        }
    }

    /// Answers the messages of one lane of one connection.
    pub(super) fn lane(
        &self,
        from: NodeId,
        link: LinkId,
        lane: Lane,
        calls: Streaming<Calls>,
    ) -> Result<BoxStream<'static, Result<Answers, Status>>, Status> {
        let turn = self.turns.take(from, lane, link)?;
        let serving = Serving {
            from,
            lane,
            replicas: self.replicas.clone(),
            turn,
            calls,
            waiting: VecDeque::new(),
            in_hand: FuturesUnordered::new(),
            in_hand_bytes: 0,
            ended: false,
        };
        Ok(unfold(serving, async |mut serving: Serving| {
            let answers = serving.answers().await.transpose()?;
            Some((answers, serving))
        })
        .boxed())
    }

    /// Takes a snapshot in.
    pub(super) async fn snapshot(
        &self,
        from: NodeId,
        mut parts: Streaming<SnapshotPart>,
    ) -> Result<Answer, Status> {
        let Ok(_turn) = self.receiving.clone().try_acquire_owned() else {
            let reason = format!("{TRANSFERS_AT_ONCE} snapshots are coming in already");
            return Ok(Answer::new(0, Err(PeerError::Failed { node: from, reason })));
        };
        let head = snapshot::head(&mut parts).await?;
        let taken =
            self.replicas.receive_snapshot(from, ShardId(head.shard), head.message, snapshot::pieces(parts));
        Ok(Answer::new(0, taken.await))
    }
}

type InHand = futures::future::BoxFuture<'static, (Answer, usize)>;

/// One lane of one connection. It does what it does while its answers are asked for, and nothing else: a peer that does
/// not take them is not read either.
struct Serving {
    from: NodeId,
    lane: Lane,
    replicas: Arc<dyn RaftReplicas>,
    turn: Turn,
    calls: Streaming<Calls>,
    /// Answered at once.
    waiting: VecDeque<Answer>,
    in_hand: FuturesUnordered<InHand>,
    in_hand_bytes: usize,
    ended: bool,
}

impl Serving {
    /// The next answers; `None` when the peer has ended the stream and all is answered.
    async fn answers(&mut self) -> Result<Option<Answers>, Status> {
        while self.waiting.is_empty() {
            let room = self.in_hand.len() < IN_HAND && self.in_hand_bytes < IN_HAND_BYTES;
            if self.ended && self.in_hand.is_empty() {
                return Ok(None);
            }
            tokio::select! {
                biased;
                Some(done) = self.in_hand.next() => self.done(done),
                calls = self.calls.message(), if room && !self.ended => match calls? {
                    Some(calls) => self.begin(calls).await?,
                    None => self.ended = true,
                },
            }
        }
        if let Some(linger) = linger(self.lane) {
            self.gather(linger).await;
        }
        while self.waiting.len() < ANSWERS
            && let Some(Some(done)) = futures::FutureExt::now_or_never(self.in_hand.next())
        {
            self.done(done);
        }
        Ok(Some(Answers { answers: self.waiting.drain(..).collect() }))
    }

    /// Takes what is answered within a moment.
    async fn gather(&mut self, moment: Duration) {
        let over = sleep(moment);
        tokio::pin!(over);
        while !self.in_hand.is_empty() {
            tokio::select! {
                Some(done) = self.in_hand.next() => self.done(done),
                () = &mut over => return,
            }
        }
    }

    fn done(&mut self, (answer, bytes): (Answer, usize)) {
        self.in_hand_bytes -= bytes;
        self.waiting.push_back(answer);
    }

    /// Hands messages over in their order: each is begun before the next is.
    async fn begin(&mut self, calls: Calls) -> Result<(), Status> {
        for call in calls.calls {
            let (id, bytes) = (call.id, call.message.len());
            match self.start(ShardId(call.shard), call.message).await? {
                Started::Done(result) => self.waiting.push_back(Answer::new(id, result)),
                Started::Waits(answering) => {
                    self.in_hand_bytes += bytes;
                    let answering = in_time(ANSWER_LIMIT, self.from, answering);
                    self.in_hand.push(Box::pin(async move { (Answer::new(id, answering.await), bytes) }));
                }
            }
        }
        Ok(())
    }

    /// A message is begun by the call and the first poll of its answer, while this connection is the newest of its node.
    async fn start(&mut self, shard: ShardId, message: Bytes) -> Result<Started, Status> {
        let mut message = Some(message);
        poll_fn(|cx| {
            let message = message.take().expect("it is ready at the first poll");
            Poll::Ready(self.turn.within(|| {
                let mut answering = self.replicas.handle(self.from, self.lane, shard, message);
                match answering.as_mut().poll(cx) {
                    Poll::Ready(result) => Started::Done(result),
                    Poll::Pending => Started::Waits(answering),
                }
            }))
        })
        .await
    }
}

enum Started {
    Done(Result<Bytes, PeerError>),
    Waits(PeerAnswer),
}

/// An answer, or a failure in place of one that takes longer than `limit`.
async fn in_time(limit: Duration, node: NodeId, answering: PeerAnswer) -> Result<Bytes, PeerError> {
    let late = |_| {
        let reason = format!("the shard did not answer within {limit:?}");
        Err(PeerError::Failed { node, reason })
    };
    timeout(limit, answering).await.unwrap_or_else(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_shard_that_hangs_is_a_failure() {
        let moment = Duration::from_millis(1);
        let hung = in_time(moment, NodeId(3), Box::pin(std::future::pending())).await;
        assert!(matches!(&hung, Err(PeerError::Failed { reason, .. }) if reason.contains("1ms")), "{hung:?}");
        let answered = in_time(ANSWER_LIMIT, NodeId(3), Box::pin(async { Ok(Bytes::new()) })).await;
        assert_eq!(answered, Ok(Bytes::new()));
    }
}
