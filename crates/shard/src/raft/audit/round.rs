//! One audit from its entry to its end, as the leader does it.

use super::finding::find;
use super::{Answer, Charge, Digest, Finding};
use crate::raft::codec::{Envelope, Request, Response, decode_response, encode_request};
use crate::raft::types::{Payload, Vote};
use crate::raft::{Group, ProposeError, StateMachine};
use base::{NodeId, ShardId};
use futures::future::join_all;
use openraft::async_runtime::watch::WatchReceiver;
use rpc::{Lane, PeerError};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long one question may take.
const ASKED_FOR: Duration = Duration::from_secs(2);
/// How often a node that does not answer is asked.
const ASKED_AT_MOST: u32 = 3;
/// How soon who is hashing still is asked again; doubled each time.
const ASKED_AGAIN: Duration = Duration::from_millis(50);
/// And at last.
const ASKED_AGAIN_MAX: Duration = Duration::from_secs(2);
/// How long a leader that is the odd one may take to hand over before it goes.
const GIVES_WAY_WITHIN: Duration = Duration::from_secs(5);

/// Why an audit was not done to its end. Nobody was taken out by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Another node leads, or the group does not run here.
    #[error(transparent)]
    Propose(#[from] ProposeError),
    /// This node does not lead any more.
    #[error("this node lost its leadership during the audit; the next leader makes another one")]
    Deposed,
}

impl<M: StateMachine> Group<M> {
    /// Lets all replicas hash their state at one entry, compares, and takes out who differs from a strict majority of the
    /// voters: this node, too. Only the leader can. Who has no hash after `limit` is not compared.
    pub async fn audit(&self, limit: Duration) -> Result<Finding, AuditError> {
        let deadline = Instant::now() + limit;
        let placed = self.propose_payload(Payload::Audit).await?;
        let (index, vote) = (placed.position.index, self.leading_vote()?);
        let members = self.members();
        let all = members.voters.iter().flatten().chain(&members.learners).copied();
        let all: BTreeSet<u64> = all.collect();
        let asking =
            all.into_iter().map(async |node| Some((node, self.ask(node, vote, index, deadline).await?)));
        let digests: BTreeMap<_, _> = join_all(asking).await.into_iter().flatten().collect();
        // Who votes by now, and whether it is still this node that decides.
        if self.leading_vote()? != vote {
            return Err(AuditError::Deposed);
        }
        let (finding, expected) = find(&self.members().voters, &digests);
        self.report(index, &finding);
        if let (Finding::Odd { odd, .. }, Some(expected)) = (&finding, expected) {
            let charge = |own| Charge::of(index, expected, own);
            let others = odd.iter().filter(|(node, _)| **node != self.node);
            join_all(others.map(|(&node, &own)| self.charge(node, vote, charge(own)))).await;
            if let Some(&own) = odd.get(&self.node) {
                self.go(charge(own)).await;
            }
        }
        Ok(finding)
    }

    /// The vote in whose name this node leads.
    fn leading_vote(&self) -> Result<Vote, AuditError> {
        let metrics = self.metrics.borrow_watched();
        let leads = metrics.state.is_leader() && metrics.vote.committed;
        if leads { Ok(metrics.vote) } else { Err(AuditError::Deposed) }
    }

    /// The digest of one replica, if it has one in time.
    async fn ask(&self, node: u64, vote: Vote, index: u64, deadline: Instant) -> Option<Digest> {
        let (mut failed, mut pause) = (0, ASKED_AGAIN);
        loop {
            let answer = if node == self.node {
                Ok(self.auditor.answer(index, self.status().applied))
            } else {
                self.ask_other(node, &Request::Audit { vote, index }).await.and_then(|answer| match answer {
                    Response::Audited(answer) => Ok(answer),
                    other => Err(strange(node, &other)),
                })
            };
            match answer {
                Ok(Answer::Hashed(digest)) => return Some(digest),
                Ok(Answer::Never) => return None,
                Ok(Answer::Later) => failed = 0,
                Err(error) => {
                    failed += 1;
                    if failed >= ASKED_AT_MOST {
                        tracing::warn!(group = %self.log.group, node, index, %error, "left out of an audit");
                        return None;
                    }
                }
            }
            if Instant::now() + pause >= deadline {
                tracing::warn!(group = %self.log.group, node, index, "has no hash in time for an audit");
                return None;
            }
            sleep(pause).await;
            pause = (pause * 2).min(ASKED_AGAIN_MAX);
        }
    }

    /// Tells a replica that it is the odd one. One that does not hear of it now is found again by the next audit.
    async fn charge(&self, node: u64, vote: Vote, charge: Charge) {
        for _ in 0..ASKED_AT_MOST {
            match self.ask_other(node, &Request::Quarantine { vote, charge }).await {
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(group = %self.log.group, node, %error, "could not be told that it is quarantined");
                }
            }
            sleep(ASKED_AGAIN).await;
        }
    }

    /// Takes this node out, which leads.
    async fn go(&self, charge: Charge) {
        if let Err(error) = self.give_way(None, GIVES_WAY_WITHIN).await {
            tracing::warn!(group = %self.log.group, %error, "goes without having handed over");
        }
        if let Err(error) = self.auditor.quarantine(charge).await {
            tracing::error!(group = %self.log.group, %error, "could not quarantine itself");
        }
    }

    async fn ask_other(&self, node: u64, request: &Request) -> Result<Response, PeerError> {
        let envelope = Envelope { from: self.node, to: node, group: self.log.group.0 };
        let peer = self.network.0.peers.peer(NodeId(node));
        let message = encode_request(envelope, request);
        let answer = peer.call(Lane::Control, ShardId(self.log.group.0), message, ASKED_FOR).await?;
        decode_response(&answer)
            .map_err(|error| PeerError::Failed { node: NodeId(node), reason: error.to_string() })
    }

    fn report(&self, index: u64, finding: &Finding) {
        let (group, shard) = (self.log.group, self.log.group.to_string());
        metrics::counter!("shard_audits_total", "shard" => shard.clone()).increment(1);
        let mismatches = metrics::counter!("shard_audit_mismatches_total", "shard" => shard);
        match finding {
            Finding::Equal { compared } => {
                mismatches.increment(0);
                tracing::debug!(%group, index, compared = compared.len(), "audited: all are equal");
            }
            Finding::Odd { expected, odd } => {
                mismatches.increment(1);
                tracing::error!(
                    %group, index, %expected, ?odd,
                    "replicas differ from the majority and are quarantined; see docs/runbooks/replica-diverged.md"
                );
            }
            Finding::Undecided { hashes } => {
                mismatches.increment(1);
                tracing::error!(
                    %group, index, ?hashes,
                    "replicas differ and no majority agrees; nobody is quarantined; see docs/runbooks/hub-audit-mismatches.md"
                );
            }
        }
    }
}

fn strange(node: u64, answer: &Response) -> PeerError {
    PeerError::Failed { node: NodeId(node), reason: format!("it answered an audit with {answer:?}") }
}
