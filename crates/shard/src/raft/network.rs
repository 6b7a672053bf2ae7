//! The network of a group without peers: whoever is asked is out of reach.
//!
//! openraft's own answer to an unsent pre-vote is a yes. Here it is an error like any other, so that a node can never
//! talk itself into an election that nobody heard of.

use super::types::{MaybeSnapshot, TakenSnapshot, TypeConfig, Vote};
use openraft::errors::{RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::RPCOption;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::{BasicNode, RaftNetworkFactory, RaftNetworkV2};

type Config<O> = TypeConfig<O>;

/// Makes connections that lead nowhere.
pub(super) struct NoPeers;

impl<O: Send + Sync + 'static> RaftNetworkFactory<Config<O>> for NoPeers {
    type Network = Nowhere;

    async fn new_client(&mut self, target: u64, _: &BasicNode) -> Nowhere {
        Nowhere { target }
    }
}

/// A connection that leads nowhere.
pub(super) struct Nowhere {
    target: u64,
}

impl Nowhere {
    fn unreachable<O: Send + Sync + 'static>(&self) -> Unreachable<Config<O>> {
        Unreachable::from_string(format!("node {} cannot be reached: this group has no peers", self.target))
    }
}

impl<O: Send + Sync + 'static> RaftNetworkV2<Config<O>> for Nowhere {
    type SnapshotData = MaybeSnapshot;

    async fn append_entries(
        &mut self,
        _: AppendEntriesRequest<Config<O>>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<Config<O>>, RPCError<Config<O>>> {
        Err(self.unreachable().into())
    }

    async fn vote(
        &mut self,
        _: VoteRequest<Config<O>>,
        _: RPCOption,
    ) -> Result<VoteResponse<Config<O>>, RPCError<Config<O>>> {
        Err(self.unreachable().into())
    }

    async fn pre_vote(
        &mut self,
        _: VoteRequest<Config<O>>,
        _: RPCOption,
    ) -> Result<VoteResponse<Config<O>>, RPCError<Config<O>>> {
        Err(self.unreachable().into())
    }

    async fn full_snapshot(
        &mut self,
        _: Vote,
        _: TakenSnapshot,
        _: impl Future<Output = ReplicationClosed> + Send + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<Config<O>>, StreamingError<Config<O>>> {
        Err(self.unreachable().into())
    }

    async fn transfer_leader(
        &mut self,
        _: TransferLeaderRequest<Config<O>>,
        _: RPCOption,
    ) -> Result<TransferLeaderResponse<Config<O>>, RPCError<Config<O>>> {
        Err(self.unreachable().into())
    }
}
