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

/// A snapshot's sender that has not sent the head by then is not waited for.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// The same of a piece. Longer than a sender waits for its own disk: it is the one that knows why.
const PIECE_LIMIT: Duration = Duration::from_secs(180);

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
        // Without a turn: a sender that does not begin takes none from others.
        let head = snapshot::head(&mut parts, HEAD_LIMIT).await?;
        let Ok(_turn) = self.receiving.clone().try_acquire_owned() else {
            let reason = format!("{TRANSFERS_AT_ONCE} snapshots are coming in already");
            return Ok(Answer::new(0, Err(PeerError::Failed { node: from, reason })));
        };
        let pieces = snapshot::pieces(parts, PIECE_LIMIT);
        let taken = self.replicas.receive_snapshot(from, ShardId(head.shard), head.message, pieces);
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
    use super::super::message::{Call, Part};
    use super::*;
    use hyper::body::{Body, Frame};
    use prost::Message;
    use std::pin::Pin;
    use std::task::Context;
    use tonic::codec::Codec;
    use tonic_prost::ProstCodec;

    /// A stream of one part or none, that goes on in silence.
    struct Silent(Option<Bytes>);

    impl Body for Silent {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            self.0.take().map_or(Poll::Pending, |part| Poll::Ready(Some(Ok(Frame::data(part)))))
        }
    }

    fn sending(part: Option<Part>) -> Streaming<SnapshotPart> {
        let framed = part.map(|part| {
            let part = SnapshotPart { part: Some(part) }.encode_to_vec();
            // As gRPC wraps it: not compressed, and the length.
            [&[0][..], &(part.len() as u32).to_be_bytes(), &part].concat().into()
        });
        let decoder = ProstCodec::<Answer, SnapshotPart>::default().decoder();
        Streaming::new_request(decoder, Silent(framed), None, None)
    }

    /// Takes snapshots without a look at them.
    struct Takes;

    impl RaftReplicas for Takes {
        fn handle(&self, _: NodeId, _: Lane, _: ShardId, message: Bytes) -> PeerAnswer {
            Box::pin(async { Ok(message) })
        }

        fn receive_snapshot(&self, _: NodeId, _: ShardId, head: Bytes, _: crate::Pieces) -> PeerAnswer {
            Box::pin(async { Ok(head) })
        }
    }

    #[tokio::test]
    async fn senders_that_do_not_begin_hold_up_no_others() {
        let server = RaftServer::new(Arc::new(Takes));
        let mut silent: Vec<_> =
            (0..=TRANSFERS_AT_ONCE).map(|_| Box::pin(server.snapshot(NodeId(1), sending(None)))).collect();
        for silent in &mut silent {
            assert!(futures::poll!(silent).is_pending());
        }
        let head = Call { id: 0, shard: 1, message: "head".into() };
        let taken = server.snapshot(NodeId(2), sending(Some(Part::Head(head)))).await.unwrap();
        assert_eq!(taken.into_result(NodeId(3)), Ok("head".into()));
    }

    #[tokio::test]
    async fn a_sender_that_falls_silent_has_gone() {
        let moment = Duration::from_millis(1);
        let head = snapshot::head(&mut sending(None), moment).await.unwrap_err();
        assert!(head.message().contains("head"), "{head}");
        let mut pieces = snapshot::pieces(sending(Some(Part::Piece("piece".into()))), moment);
        assert_eq!(pieces.next().await.unwrap().unwrap(), "piece");
        let silence = pieces.next().await.unwrap().unwrap_err();
        assert!(silence.to_string().contains("silent"), "{silence}");
        assert!(pieces.next().await.is_none());
    }

    #[tokio::test]
    async fn a_shard_that_hangs_is_a_failure() {
        let moment = Duration::from_millis(1);
        let hung = in_time(moment, NodeId(3), Box::pin(std::future::pending())).await;
        assert!(matches!(&hung, Err(PeerError::Failed { reason, .. }) if reason.contains("1ms")), "{hung:?}");
        let answered = in_time(ANSWER_LIMIT, NodeId(3), Box::pin(async { Ok(Bytes::new()) })).await;
        assert_eq!(answered, Ok(Bytes::new()));
    }
}
