//! openraft's connections to the other replicas of a group.
//!
//! openraft's own answer to an unsent pre-vote is a yes. Here it is an error like any other, so that a node can never
//! talk itself into an election that nobody heard of.

use super::Shared;
use super::append::Appends;
use super::failure::{Sent, rpc_error, strange};
use crate::raft::codec::{Ballot, Envelope, Request, Response, Transfer, decode_response, encode_request};
use crate::raft::snapshot;
use crate::raft::types::{MaybeSnapshot, TakenSnapshot, TypeConfig, Vote};
use base::{NodeId, ShardId};
use futures::{Stream, StreamExt};
use openraft::base::{BoxFuture, BoxStream};
use openraft::errors::{RPCError, ReplicationClosed, StreamingError};
use openraft::network::{Backoff, RPCOption};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, StreamAppendResult, TransferLeaderError,
    TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::{BasicNode, OptionalSend, RPCTypes, RaftNetworkFactory, RaftNetworkV2};
use rpc::{Lane, RaftPeer};
use std::iter::repeat;
use std::sync::Arc;
use std::time::Duration;

type Config<O> = TypeConfig<O>;

/// How long to wait before a snapshot is sent again, and then again.
const SNAPSHOT_PAUSES: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(2)];
/// And from then on.
const LONGEST_SNAPSHOT_PAUSE: Duration = Duration::from_secs(5);

/// Makes the connections of one group.
pub(in crate::raft) struct Connections {
    pub(in crate::raft) network: Arc<Shared>,
    pub(in crate::raft) group: u32,
}

impl Connections {
    fn connect(&self, target: u64, lane: Lane) -> Connection {
        let peer = self.network.peers.peer(NodeId(target));
        let (network, group) = (self.network.clone(), self.group);
        Connection { network, group, target, lane, peer, in_bulk: false }
    }
}

impl<O: Send + Sync + 'static> RaftNetworkFactory<Config<O>> for Connections {
    type Network = Connection;

    async fn new_client(&mut self, target: u64, _: &BasicNode) -> Connection {
        self.connect(target, Lane::Appends)
    }

    async fn new_heartbeat_client(&mut self, target: u64, _: &BasicNode) -> Connection {
        self.connect(target, Lane::Heartbeats)
    }

    async fn new_snapshot_client(&mut self, target: u64, _: &BasicNode) -> Connection {
        Connection { in_bulk: true, ..self.connect(target, Lane::Control) }
    }
}

/// A connection to one replica. Its appends go by one lane; what is asked seldom goes by the lane for that.
#[derive(Clone)]
pub(in crate::raft) struct Connection {
    pub(in crate::raft) network: Arc<Shared>,
    pub(in crate::raft) group: u32,
    pub(in crate::raft) target: u64,
    pub(in crate::raft) lane: Lane,
    pub(in crate::raft) peer: Arc<dyn RaftPeer>,
    /// Whether it is there for snapshots: each attempt costs so much that there is more time between two.
    pub(in crate::raft) in_bulk: bool,
}

impl Connection {
    pub(in crate::raft) fn envelope(&self) -> Envelope {
        Envelope { from: self.network.node, to: self.target, group: self.group }
    }

    pub(in crate::raft) fn shard(&self) -> ShardId {
        ShardId(self.group)
    }

    pub(super) fn sent(&self, action: RPCTypes, limit: Duration) -> Sent {
        Sent { action, from: self.network.node, to: self.target, limit }
    }

    async fn ask<O: Send + Sync + 'static>(
        &self,
        action: RPCTypes,
        request: &Request,
        limit: Duration,
    ) -> Result<Response, RPCError<Config<O>>> {
        let message = encode_request(self.envelope(), request);
        let answered = self.peer.call(Lane::Control, self.shard(), message, limit).await;
        let answer = answered.map_err(|error| rpc_error(self.sent(action, limit), error))?;
        decode_response(&answer).map_err(|error| strange(self.target, &error.to_string()))
    }

    async fn ask_for_vote<O: Send + Sync + 'static>(
        &self,
        request: &Request,
        limit: Duration,
    ) -> Result<VoteResponse<Config<O>>, RPCError<Config<O>>> {
        match self.ask(RPCTypes::Vote, request, limit).await? {
            Response::Voted { vote, granted, last } => Ok(VoteResponse::new(vote, last, granted)),
            other => Err(strange(self.target, &format!("a request for a vote with {other:?}"))),
        }
    }
}

fn ballot<O: Send + Sync + 'static>(request: &VoteRequest<Config<O>>) -> Ballot {
    Ballot { vote: request.vote, last: request.last_log_id, transfer: request.leadership_transfer }
}

impl<O: Send + Sync + 'static> RaftNetworkV2<Config<O>> for Connection {
    type SnapshotData = MaybeSnapshot;

    fn backoff(&self) -> Option<Backoff> {
        self.in_bulk.then(|| Backoff::new(SNAPSHOT_PAUSES.into_iter().chain(repeat(LONGEST_SNAPSHOT_PAUSE))))
    }

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Config<O>>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<Config<O>>, RPCError<Config<O>>> {
        Appends::<O, _>::once(self.clone(), request).await
    }

    fn stream_append<'s, S>(
        &'s mut self,
        input: S,
        _: RPCOption,
    ) -> BoxFuture<
        's,
        Result<
            BoxStream<'s, Result<StreamAppendResult<Config<O>>, RPCError<Config<O>>>>,
            RPCError<Config<O>>,
        >,
    >
    where
        S: Stream<Item = AppendEntriesRequest<Config<O>>> + OptionalSend + Unpin + 'static,
    {
        let appends = Appends::new(self.clone(), input).into_stream().boxed();
        Box::pin(async move { Ok(appends as BoxStream<'s, _>) })
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Config<O>>,
        option: RPCOption,
    ) -> Result<VoteResponse<Config<O>>, RPCError<Config<O>>> {
        self.ask_for_vote(&Request::Vote(ballot(&request)), option.hard_ttl()).await
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<Config<O>>,
        option: RPCOption,
    ) -> Result<VoteResponse<Config<O>>, RPCError<Config<O>>> {
        self.ask_for_vote(&Request::PreVote(ballot(&request)), option.hard_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: TakenSnapshot,
        cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<Config<O>>, StreamingError<Config<O>>> {
        snapshot::send(self, vote, snapshot, cancel, option.hard_ttl()).await
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Config<O>>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Config<O>>, RPCError<Config<O>>> {
        let (expected, last) = (*request.from_leader(), request.last_log_id().copied());
        let asked = Request::Transfer(Transfer { vote: expected, successor: *request.to_node_id(), last });
        match self.ask(RPCTypes::TransferLeader, &asked, option.hard_ttl()).await? {
            Response::Transferred { accepted: true, .. } => Ok(Ok(())),
            Response::Transferred { vote, .. } if vote != expected => {
                Ok(Err(TransferLeaderError::VoteChanged { expected, actual: vote }))
            }
            Response::Transferred { last: actual, .. } => {
                Ok(Err(TransferLeaderError::LogNotFlushed { expected: last, actual }))
            }
            other => Err(strange(self.target, &format!("a transfer with {other:?}"))),
        }
    }
}
