//! Appends to one follower, several on their way at once and in order.
//!
//! A message is handed to the transport when openraft makes it, and the lane keeps the order; so the follower's log is
//! written while the next entries travel. The first answer that is not a plain yes ends the stream, and openraft begins
//! a new one from where the follower stands.
//!
//! openraft takes a yes up to an entry for an answer to all appends that end there, and counts it from when the last of
//! them was sent: the leader's lease would begin with a message that nobody has answered. So of appends that end at the
//! same entry the answers are given when the last of them is there, and no third one follows two that are on their way.

use super::connection::Connection;
use super::failure::{rpc_error, strange};
use crate::raft::codec::{Append, Appended, Request, Response, decode_response, encode_request};
use crate::raft::timing::APPEND_LIMIT;
use crate::raft::types::{LogId, TypeConfig};
use futures::future::BoxFuture;
use futures::stream::{self, FuturesOrdered};
use futures::{Stream, StreamExt};
use openraft::RPCTypes;
use openraft::errors::RPCError;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, StreamAppendResult};
use rpc::Lane;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::Duration;

/// The most appends on their way to one follower.
const FLYING_MAX: usize = 16;
/// And the most bytes of them; one goes always.
const FLYING_BYTES_MAX: usize = 4 << 20;

type Config<O> = TypeConfig<O>;
type Outcome<O> = Result<AppendEntriesResponse<Config<O>>, RPCError<Config<O>>>;

/// One append on its way: what it covers, and its answer to come.
struct Flight<O: Send + Sync + 'static> {
    previous: Option<LogId>,
    last: Option<LogId>,
    bytes: usize,
    answer: BoxFuture<'static, Outcome<O>>,
}

/// An append that came back.
struct Landed<O: Send + Sync + 'static> {
    previous: Option<LogId>,
    last: Option<LogId>,
    bytes: usize,
    outcome: Outcome<O>,
}

impl<O: Send + Sync + 'static> Landed<O> {
    /// Whether the follower has all of it.
    fn is_yes(&self) -> bool {
        match &self.outcome {
            Ok(AppendEntriesResponse::Success) => true,
            Ok(AppendEntriesResponse::PartialSuccess(upto)) => *upto == self.last,
            Ok(_) | Err(_) => false,
        }
    }
}

/// The appends of one stream.
pub(super) struct Appends<O: Send + Sync + 'static, S> {
    connection: Connection,
    input: S,
    ended: bool,
    flying: FuturesOrdered<BoxFuture<'static, Landed<O>>>,
    flying_bytes: usize,
    /// Where those end that are on their way, in their order.
    ends: VecDeque<Option<LogId>>,
    /// Those that came back while another one that ends at the same entry is on its way.
    withheld: VecDeque<Landed<O>>,
    /// Those that can be told.
    told: VecDeque<Landed<O>>,
    _outcome: PhantomData<fn() -> O>,
}

impl<O: Send + Sync + 'static> Appends<O, ()> {
    /// Sends a single append.
    pub(super) async fn once(connection: Connection, request: AppendEntriesRequest<Config<O>>) -> Outcome<O> {
        send::<O>(&connection, request).answer.await
    }
}

impl<O, S> Appends<O, S>
where
    O: Send + Sync + 'static,
    S: Stream<Item = AppendEntriesRequest<Config<O>>> + Unpin,
{
    pub(super) fn new(connection: Connection, input: S) -> Appends<O, S> {
        Appends {
            connection,
            input,
            ended: false,
            flying: FuturesOrdered::new(),
            flying_bytes: 0,
            ends: VecDeque::new(),
            withheld: VecDeque::new(),
            told: VecDeque::new(),
            _outcome: PhantomData,
        }
    }

    /// The answers, in the order of the appends.
    pub(super) fn into_stream(
        self,
    ) -> impl Stream<Item = Result<StreamAppendResult<Config<O>>, RPCError<Config<O>>>> {
        stream::unfold(Some(self), async |state| {
            let mut appends = state?;
            let Landed { previous, last, outcome, .. } = appends.next().await?;
            let answer = match outcome {
                Ok(answer) => answer.into_stream_result(previous, last),
                Err(error) => return Some((Err(error), None)),
            };
            let goes_on = answer.as_ref().is_ok_and(|matching| *matching == last);
            Some((Ok(answer), goes_on.then_some(appends)))
        })
    }

    /// The next answer; meanwhile sends what comes, as far as there is room. None when all is sent and answered.
    async fn next(&mut self) -> Option<Landed<O>> {
        loop {
            if let Some(landed) = self.told.pop_front() {
                return Some(landed);
            }
            let fits = self.flying.len() < FLYING_MAX && self.flying_bytes < FLYING_BYTES_MAX;
            let room = fits && !self.repeats();
            tokio::select! {
                biased;
                Some(landed) = self.flying.next() => {
                    self.flying_bytes -= landed.bytes;
                    self.land(landed);
                }
                request = self.input.next(), if room && !self.ended => match request {
                    Some(request) => self.send(request),
                    None => self.ended = true,
                },
                else => return None,
            }
        }
    }

    /// Whether the last append that was sent ends where the one before it does, which was not told yet.
    fn repeats(&self) -> bool {
        let withheld = self.withheld.iter().map(|landed| landed.last);
        let mut untold = withheld.chain(self.ends.iter().copied()).rev();
        let last = untold.next();
        last.is_some() && last == untold.next()
    }

    /// Takes in an answer, and finds out what can be told.
    fn land(&mut self, landed: Landed<O>) {
        self.ends.pop_front();
        if !landed.is_yes() {
            // openraft begins anew, and hears then what these said.
            self.withheld.clear();
        } else if self.ends.front() == Some(&landed.last) {
            self.withheld.push_back(landed);
            return;
        }
        self.told.append(&mut self.withheld);
        self.told.push_back(landed);
    }

    fn send(&mut self, request: AppendEntriesRequest<Config<O>>) {
        let Flight { previous, last, bytes, answer } = send::<O>(&self.connection, request);
        self.flying_bytes += bytes;
        self.ends.push_back(last);
        let landing = async move { Landed { previous, last, bytes, outcome: answer.await } };
        self.flying.push_back(Box::pin(landing));
    }
}

/// Hands an append to the transport.
fn send<O: Send + Sync + 'static>(
    connection: &Connection,
    request: AppendEntriesRequest<Config<O>>,
) -> Flight<O> {
    let AppendEntriesRequest { vote, prev_log_id: previous, entries, leader_commit: commit } = request;
    let last = entries.last().map(|entry| entry.log_id).or(previous);
    let asked = Request::Append(Append { vote, previous, commit, entries });
    let message = encode_request(connection.envelope(), &asked);
    let bytes = message.len();
    let limit = limit_of(connection.lane);
    let answering = connection.peer.call(connection.lane, connection.shard(), message, limit);
    let (sent, target) = (connection.sent(RPCTypes::AppendEntries, limit), connection.target);
    let answer = Box::pin(async move {
        let answer = answering.await.map_err(|error| rpc_error(sent, error))?;
        let answer = decode_response(&answer).map_err(|error| strange(target, &error.to_string()))?;
        accept(answer, previous, last)
            .ok_or_else(|| strange(target, &format!("an append up to {last:?} with {answer:?}")))
    });
    Flight { previous, last, bytes, answer }
}

fn limit_of(lane: Lane) -> Duration {
    match lane {
        Lane::Heartbeats => crate::raft::timing::HEARTBEAT,
        Lane::Appends | Lane::Control => APPEND_LIMIT,
    }
}

/// An answer as openraft takes it; none if it cannot be one to this append. A follower that names more than it was sent
/// must not count towards a quorum, and openraft takes it for granted that the beginning of a log never conflicts.
fn accept<O: Send + Sync + 'static>(
    answer: Response,
    previous: Option<LogId>,
    last: Option<LogId>,
) -> Option<AppendEntriesResponse<Config<O>>> {
    let Response::Appended(appended) = answer else { return None };
    match appended {
        Appended::All => Some(AppendEntriesResponse::Success),
        Appended::Upto(upto) if previous <= upto && upto <= last => {
            Some(AppendEntriesResponse::PartialSuccess(upto))
        }
        Appended::Conflict if previous.is_some() => Some(AppendEntriesResponse::Conflict),
        Appended::HigherVote(vote) => Some(AppendEntriesResponse::HigherVote(vote)),
        Appended::Upto(_) | Appended::Conflict => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Position;
    use crate::raft::types::Vote;

    fn at(index: u64) -> Option<LogId> {
        Some(Position { term: 2, node: 1, index }.into())
    }

    #[test]
    fn an_answer_that_cannot_be_one_is_refused() {
        let check = |appended, previous, last| accept::<()>(Response::Appended(appended), previous, last);
        assert_eq!(check(Appended::All, None, at(4)), Some(AppendEntriesResponse::Success));
        assert_eq!(
            check(Appended::Upto(at(3)), at(2), at(4)),
            Some(AppendEntriesResponse::PartialSuccess(at(3)))
        );
        assert_eq!(check(Appended::Upto(at(5)), at(2), at(4)), None, "more than was sent");
        assert_eq!(check(Appended::Upto(None), at(2), at(4)), None, "less than was there");
        assert_eq!(check(Appended::Conflict, at(2), at(4)), Some(AppendEntriesResponse::Conflict));
        assert_eq!(check(Appended::Conflict, None, at(4)), None, "nothing comes before the first entry");
        let vote = Vote::new(9, 3);
        assert_eq!(
            check(Appended::HigherVote(vote), None, None),
            Some(AppendEntriesResponse::HigherVote(vote))
        );
        assert_eq!(accept::<()>(Response::Installed { vote }, None, None), None);
    }
}
