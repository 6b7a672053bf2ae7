//! Proposing entries, and learning where they went.

use super::error::ProposeError;
use super::reply::{Reply, refusal};
use super::types::Payload;
use super::{Group, Position, StateMachine};
use bytes::Bytes;
use futures::TryStreamExt;

/// An entry that was agreed upon and applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<O> {
    /// Where it stands in the log: whoever has applied this place has applied the entry.
    pub position: Position,
    /// What it led to.
    pub outcome: O,
}

impl<M: StateMachine> Group<M> {
    /// Proposes entries, which will follow each other in the log, and waits until all are applied.
    ///
    /// Dropping the future withdraws nothing: the entries may still be applied.
    pub async fn propose(&self, entries: Vec<Bytes>) -> Result<Vec<M::Outcome>, ProposeError> {
        let placed = self.propose_placed(entries).await?;
        Ok(placed.into_iter().map(|placed| placed.outcome).collect())
    }

    /// The same, and says where the entries went: a reader that waits for the last place sees them on any replica.
    pub async fn propose_placed(&self, entries: Vec<Bytes>) -> Result<Vec<Placed<M::Outcome>>, ProposeError> {
        match <[Bytes; 1]>::try_from(entries) {
            Ok([only]) => self.propose_one(only).await.map(|placed| vec![placed]),
            Err(entries) => self.propose_many(entries).await,
        }
    }

    async fn propose_one(&self, entry: Bytes) -> Result<Placed<M::Outcome>, ProposeError> {
        self.propose_payload(Payload::Commands(entry)).await
    }

    pub(super) async fn propose_payload(&self, payload: Payload) -> Result<Placed<M::Outcome>, ProposeError> {
        let (reply, answer) = Reply::new();
        let sent = self.raft.client_write_ff(payload, Some(reply)).await;
        sent.map_err(|_| ProposeError::Stopped)?;
        let written = answer.await.map_err(|_| ProposeError::Unknown)?.map_err(refusal)?;
        Ok(Placed { position: written.log_id.into(), outcome: written.data })
    }

    /// All in one message, so that they are taken into the log together or not at all.
    async fn propose_many(&self, entries: Vec<Bytes>) -> Result<Vec<Placed<M::Outcome>>, ProposeError> {
        let mut placed = Vec::with_capacity(entries.len());
        let sent = self.raft.client_write_many(entries.into_iter().map(Payload::Commands)).await;
        let mut answers = sent.map_err(|_| ProposeError::Stopped)?;
        while let Some(answer) = answers.try_next().await.map_err(|_| ProposeError::Unknown)? {
            match answer {
                Ok(written) => {
                    placed.push(Placed { position: written.log_id.into(), outcome: written.response });
                }
                // What came before is done, so that the whole is not undone.
                Err(_) if !placed.is_empty() => return Err(ProposeError::Unknown),
                Err(error) => return Err(refusal(error)),
            }
        }
        Ok(placed)
    }
}
