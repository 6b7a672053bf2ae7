//! What other nodes ask of this replica.

use super::admit::{Address, Known, admit, envelope_fits};
use super::codec::{
    Append, Appended, Ballot, Request, Response, Transfer, decode_membership, decode_request,
    decode_snapshot_head, encode_response,
};
use super::leaving::lacks;
use super::snapshot::{Own, arrive, implausible};
use super::types::{LogId, StoredMembership};
use super::{Group, StateMachine};
use base::NodeId;
use bytes::Bytes;
use futures::FutureExt;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderError, TransferLeaderRequest, VoteRequest,
    VoteResponse,
};
use rpc::{PeerAnswer, PeerError, Pieces};
use std::fmt::Display;
use std::future::ready;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::unconstrained;

impl<M: StateMachine> Group<M> {
    /// Hands a message to openraft. It is in openraft's queue, or has its place before it, when this returns: so messages
    /// are handled in the order of the calls, whether or not the answers are waited for.
    pub(super) fn serve(&self, from: NodeId, message: Bytes) -> PeerAnswer {
        let admitted =
            decode_request(message).map_err(|error| self.failed(&error)).and_then(|(envelope, request)| {
                admit(self.address(), || self.known(), from.0, envelope, &request)
                    .map_err(|error| self.failed(&error))?;
                Ok(request)
            });
        let request = match admitted {
            Ok(request) => request,
            Err(error) => {
                tracing::warn!(group = %self.log.group, %from, %error, "refused a message");
                return Box::pin(ready(Err(error)));
            }
        };
        // Without a budget: a task that has used up its own would leave the message out of the queue.
        let mut answer: PeerAnswer = Box::pin(unconstrained(self.answer(request)));
        match answer.as_mut().now_or_never() {
            Some(answer) => Box::pin(ready(answer)),
            None => answer,
        }
    }

    fn answer(&self, request: Request) -> impl Future<Output = Result<Bytes, PeerError>> + Send + 'static {
        let (raft, log) = (self.raft.clone(), self.log.clone());
        let (auditor, metrics, hearing) = (self.auditor.clone(), self.metrics.clone(), self.hearing.clone());
        let node = NodeId(self.node);
        let own = self.metrics.borrow_watched().vote;
        let standing = matches!(request, Request::Standing(_)).then(|| self.standing()).flatten();
        async move {
            let failed = |error: &dyn Display| PeerError::Failed { node, reason: error.to_string() };
            let is_deposed = |vote| metrics.borrow_watched().vote > vote;
            let response = match request {
                Request::Audit { vote, .. } | Request::Quarantine { vote, .. } if is_deposed(vote) => {
                    return Err(failed(&"another leader was elected since"));
                }
                Request::Audit { index, .. } => {
                    let applied = metrics.borrow_watched().last_applied.map(|id| id.index);
                    Response::Audited(auditor.answer(index, applied))
                }
                Request::Quarantine { charge, .. } => {
                    auditor.quarantine(charge).await.map_err(|error| failed(&error))?;
                    Response::Quarantined
                }
                Request::Append(Append { vote, previous: prev_log_id, commit: leader_commit, entries }) => {
                    let append = AppendEntriesRequest { vote, prev_log_id, entries, leader_commit };
                    let appended = raft.append_entries(append).await.map_err(|error| failed(&error))?;
                    if !matches!(appended, AppendEntriesResponse::HigherVote(_)) {
                        hearing.note(Instant::now());
                    }
                    Response::Appended(match appended {
                        AppendEntriesResponse::Success => Appended::All,
                        AppendEntriesResponse::PartialSuccess(upto) => Appended::Upto(upto),
                        AppendEntriesResponse::Conflict => Appended::Conflict,
                        AppendEntriesResponse::HigherVote(vote) => Appended::HigherVote(vote),
                    })
                }
                Request::Vote(ballot) | Request::PreVote(ballot) if lacks(ballot.last, log.promised) => {
                    Response::Voted { vote: own, granted: false, last: log.promised }
                }
                Request::Vote(Ballot { vote, last, transfer }) => {
                    let mut ballot = VoteRequest::new(vote, last);
                    ballot.leadership_transfer = transfer;
                    let answer = raft.vote(ballot).await.map_err(|error| failed(&error))?;
                    match log.voted_before(vote) {
                        Some(first) if answer.vote_granted => {
                            Response::Voted { vote: first, granted: false, last: answer.last_log_id }
                        }
                        _ => voted(answer),
                    }
                }
                Request::PreVote(Ballot { vote, last, .. }) => {
                    let promised = raft.pre_vote(VoteRequest::new(vote, last)).await;
                    voted(promised.map_err(|error| failed(&error))?)
                }
                Request::Standing(_) => Response::Standing(standing),
                Request::Transfer(Transfer { vote, successor, last }) => {
                    let request = TransferLeaderRequest::new(vote, successor, last);
                    let taken_up = raft.handle_transfer_leader(request).await;
                    match taken_up.map_err(|error| failed(&error))? {
                        Ok(()) => Response::Transferred { accepted: true, vote, last },
                        Err(TransferLeaderError::VoteChanged { actual, .. }) => {
                            Response::Transferred { accepted: false, vote: actual, last }
                        }
                        Err(TransferLeaderError::LogNotFlushed { actual, .. }) => {
                            Response::Transferred { accepted: false, vote, last: actual }
                        }
                    }
                }
            };
            Ok(encode_response(&response))
        }
    }

    /// Takes a snapshot in: into a file first, and to openraft when all of it is there.
    pub(super) async fn serve_snapshot(
        self: Arc<Self>,
        from: NodeId,
        head: Bytes,
        pieces: Pieces,
    ) -> Result<Bytes, PeerError> {
        let head = decode_snapshot_head(&head).map_err(|error| self.failed(&error))?;
        envelope_fits(self.address(), from.0, head.envelope, head.vote)
            .map_err(|error| self.failed(&error))?;
        let own = self.metrics.borrow_watched().vote;
        if own > head.vote {
            return Ok(encode_response(&Response::Installed { vote: own }));
        }
        let membership = head.membership.as_deref().map(decode_membership).transpose();
        let membership = membership.map_err(|error| self.failed(&error))?.unwrap_or_default();
        self.holds(&head.vote, head.position.into(), &membership)?;

        let Ok(_turn) = self.network.0.incoming.try_acquire() else {
            let reason = "it takes in other snapshots".to_owned();
            return Err(PeerError::Unreachable { node: NodeId(self.node), reason });
        };
        let arrived = arrive(&self.network.0, &head, pieces).await.map_err(|error| self.failed(&error))?;
        let snapshot =
            arrived.into_snapshot(&head, membership.clone()).await.map_err(|error| self.failed(&error))?;
        // Again: much may have been agreed upon meanwhile.
        self.holds(&head.vote, head.position.into(), &membership)?;
        let installed = self.raft.install_full_snapshot(head.vote, snapshot).await;
        let vote = installed.map_err(|error| self.failed(&error))?.vote;
        tracing::info!(group = %self.log.group, %from, position = %head.position, "took a snapshot in");
        Ok(encode_response(&Response::Installed { vote }))
    }

    /// Whether a snapshot can be.
    fn holds(
        &self,
        vote: &super::types::Vote,
        last: LogId,
        membership: &StoredMembership,
    ) -> Result<(), PeerError> {
        let own = Own { committed: self.metrics.borrow_watched().local_committed };
        implausible(own, *vote, last, membership).map_or(Ok(()), |why| Err(self.failed(&why)))
    }

    fn address(&self) -> Address {
        Address { node: self.node, group: self.log.group.0 }
    }

    fn known(&self) -> Known {
        let metrics = self.metrics.borrow_watched();
        let members = metrics.membership_config.nodes().map(|(&node, _)| node).collect();
        let last = self.raft.data_metrics().borrow_watched().last_log;
        Known { members, last }
    }

    fn failed(&self, error: &dyn Display) -> PeerError {
        PeerError::Failed { node: NodeId(self.node), reason: error.to_string() }
    }
}

fn voted<O: Send + Sync + 'static>(answer: VoteResponse<super::types::TypeConfig<O>>) -> Response {
    Response::Voted { vote: answer.vote, granted: answer.vote_granted, last: answer.last_log_id }
}
