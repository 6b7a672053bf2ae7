//! Several appends travel at once, and their answers are told in order.

use super::append::Appends;
use super::{Connection, Network};
use crate::raft::Position;
use crate::raft::codec::{Appended, Request, Response, decode_request, encode_response};
use crate::raft::types::{Entry, LogId, Payload, TypeConfig, Vote};
use base::{NodeId, ShardId};
use bytes::Bytes;
use futures::{StreamExt, stream};
use openraft::EntryPayload;
use openraft::errors::RPCError;
use openraft::raft::{AppendEntriesRequest, StreamAppendError};
use parking_lot::Mutex;
use rpc::{Lane, PeerAnswer, PeerError, Pieces, RaftPeer};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

type Answer = Result<Bytes, PeerError>;

/// A follower that keeps what it is sent, and answers when the test says so.
#[derive(Default)]
struct Held(Mutex<Vec<(Request, oneshot::Sender<Answer>)>>);

impl RaftPeer for Held {
    fn call(&self, lane: Lane, shard: ShardId, message: Bytes, _: Duration) -> PeerAnswer {
        assert_eq!((lane, shard), (Lane::Appends, ShardId(3)));
        let (sender, answer) = oneshot::channel();
        self.0.lock().push((decode_request(message).unwrap().1, sender));
        Box::pin(async { answer.await.unwrap() })
    }

    fn send_snapshot(&self, _: ShardId, _: Bytes, _: Pieces, _: Duration) -> PeerAnswer {
        panic!("no snapshot is sent here")
    }
}

impl Held {
    fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Answers the append that came as number `place`.
    fn answer(&self, place: usize, answer: Answer) {
        let mut held = self.0.lock();
        let (never, _) = oneshot::channel();
        std::mem::replace(&mut held[place].1, never).send(answer).unwrap();
    }
}

fn at(index: u64) -> LogId {
    Position { term: 1, node: 1, index }.into()
}

/// An append of one entry.
fn append(index: u64, bytes: usize) -> AppendEntriesRequest<TypeConfig<()>> {
    let payload = EntryPayload::Normal(Payload::Commands(vec![7; bytes].into()));
    AppendEntriesRequest {
        vote: Vote::new_committed(1, 1),
        prev_log_id: Some(at(index - 1)),
        entries: vec![Entry { log_id: at(index), payload }],
        leader_commit: None,
    }
}

fn connection(peer: &Arc<Held>) -> Connection {
    let network = Network::alone(NodeId(1)).0;
    Connection { network, group: 3, target: 2, lane: Lane::Appends, peer: peer.clone(), in_bulk: false }
}

fn yes() -> Answer {
    Ok(encode_response(&Response::Appended(Appended::All)))
}

#[tokio::test]
async fn answers_come_in_order_while_more_travel() {
    let peer = Arc::<Held>::default();
    let input = stream::iter((1..=100).map(|index| append(index, 10)));
    let mut answers = Box::pin(Appends::new(connection(&peer), input).into_stream());
    assert!(futures::poll!(answers.next()).is_pending());
    assert_eq!(peer.len(), 16, "so many at once");
    let sent: Vec<_> = (1..=16).collect();
    let indexes = |peer: &Held| {
        let index = |(request, _): &(Request, _)| match request {
            Request::Append(append) => append.entries[0].log_id.index,
            other => panic!("{other:?}"),
        };
        peer.0.lock().iter().map(index).collect::<Vec<_>>()
    };
    assert_eq!(indexes(&peer), sent);
    peer.answer(1, yes());
    assert!(futures::poll!(answers.next()).is_pending(), "the first one is still on its way");
    peer.answer(0, yes());
    assert_eq!(answers.next().await.unwrap().unwrap(), Ok(Some(at(1))));
    assert_eq!(answers.next().await.unwrap().unwrap(), Ok(Some(at(2))));
    assert!(futures::poll!(answers.next()).is_pending());
    assert_eq!(indexes(&peer), (1..=18).collect::<Vec<_>>());
}

/// An append that brings nothing but the news of what is agreed upon.
fn empty(previous: u64) -> AppendEntriesRequest<TypeConfig<()>> {
    AppendEntriesRequest { prev_log_id: Some(at(previous)), entries: Vec::new(), ..append(previous, 0) }
}

#[tokio::test]
async fn a_yes_is_not_told_while_a_later_append_that_ends_there_is_unanswered() {
    let peer = Arc::<Held>::default();
    let input = stream::iter([append(1, 10), empty(1), empty(1), append(2, 10)]);
    let mut answers = Box::pin(Appends::new(connection(&peer), input).into_stream());
    assert!(futures::poll!(answers.next()).is_pending());
    assert_eq!(peer.len(), 2, "an answer may not wait for ever");
    peer.answer(0, yes());
    assert!(futures::poll!(answers.next()).is_pending(), "the lease would begin with the second one");
    assert_eq!(peer.len(), 2);
    peer.answer(1, yes());
    for _ in 0..2 {
        assert_eq!(answers.next().await.unwrap().unwrap(), Ok(Some(at(1))));
    }
    assert!(futures::poll!(answers.next()).is_pending());
    assert_eq!(peer.len(), 4);
    peer.answer(2, yes());
    assert_eq!(answers.next().await.unwrap().unwrap(), Ok(Some(at(1))), "the next one ends elsewhere");
    peer.answer(3, yes());
    assert_eq!(answers.next().await.unwrap().unwrap(), Ok(Some(at(2))));
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn a_yes_that_was_kept_back_is_not_told_before_a_failure() {
    let peer = Arc::<Held>::default();
    let input = stream::iter([append(1, 10), empty(1)]);
    let mut answers = Box::pin(Appends::new(connection(&peer), input).into_stream());
    assert!(futures::poll!(answers.next()).is_pending());
    peer.answer(0, yes());
    peer.answer(1, Err(PeerError::Unreachable { node: NodeId(2), reason: "gone".to_owned() }));
    assert!(matches!(answers.next().await.unwrap(), Err(RPCError::Unreachable(_))));
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn large_ones_travel_in_smaller_numbers() {
    let peer = Arc::<Held>::default();
    let input = stream::iter((1..=100).map(|index| append(index, 3 << 20)));
    let mut answers = Box::pin(Appends::new(connection(&peer), input).into_stream());
    assert!(futures::poll!(answers.next()).is_pending());
    assert_eq!(peer.len(), 2);
}

#[tokio::test]
async fn the_first_answer_that_is_no_yes_is_the_last() {
    let lost = PeerError::Unreachable { node: NodeId(2), reason: "gone".to_owned() };
    let conflict = encode_response(&Response::Appended(Appended::Conflict));
    let strange = encode_response(&Response::Appended(Appended::Upto(Some(at(50)))));
    for (answer, is_conflict) in [(Err(lost), false), (Ok(conflict), true), (Ok(strange), false)] {
        let peer = Arc::<Held>::default();
        let input = stream::iter((1..=3).map(|index| append(index, 10)));
        let mut answers = Box::pin(Appends::new(connection(&peer), input).into_stream());
        assert!(futures::poll!(answers.next()).is_pending());
        peer.answer(0, answer);
        match answers.next().await.unwrap() {
            Ok(answer) => assert!(is_conflict && answer == Err(StreamAppendError::Conflict(at(0)))),
            Err(error) => assert!(!is_conflict && matches!(error, RPCError::Unreachable(_)), "{error}"),
        }
        assert!(answers.next().await.is_none());
    }
}
