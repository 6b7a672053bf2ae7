//! Tickets: what the log knows of them.
//!
//! A ticket that came to no early end has no record, so that one is redeemed without a command unless it is for one
//! time only.

use super::delete::origin;
use super::{Inner, NodeService};
use crate::command::{Command, Ticket};
use crate::documents::{Fault, unproposed};
use crate::machine::Outcome;
use crate::shard::Shard;
use crate::store::{Lookup, Space, TicketFate, TicketRecord, key};
use base::{Slot, Timestamp};
use rpc::{Answer, Caller, OnRevoked, Redeem, Redeemed, Refusal, TicketId, Tickets};
use std::sync::Arc;

impl Inner {
    async fn redeem(&self, caller: Caller, ticket: Redeem) -> Result<Redeemed, Refusal> {
        let Redeem { id, once, expires } = ticket;
        if !once {
            let fate = self.fate_of(&caller, id).await?;
            return Ok(redeemed(fate));
        }
        let fate = self.end_ticket(&caller, id, expires, Command::SpendTicket).await?;
        Ok(redeemed(fate))
    }

    async fn revoke(&self, caller: Caller, id: TicketId, until: Timestamp) -> Result<(), Refusal> {
        self.end_ticket(&caller, id, until, Command::RevokeTicket).await.map(|_before| ())
    }

    /// What the store has of a ticket.
    async fn fate_of(&self, caller: &Caller, id: TicketId) -> Result<Option<TicketFate>, Refusal> {
        let (slot, shard) = self.ticket_shard(caller)?;
        shard.ready_to_read().await?;
        let at = key::ticket(caller.tenant.as_str(), slot, caller.user.as_str(), &id.0);
        self.work(move || Ok(stored_fate(&shard, &at)?)).await
    }

    /// Notes the early end of a ticket in the log. Gives what had become of it before.
    async fn end_ticket(
        &self,
        caller: &Caller,
        id: TicketId,
        expires: Timestamp,
        command: impl FnOnce(Ticket) -> Command,
    ) -> Result<Option<TicketFate>, Refusal> {
        let (slot, shard) = self.ticket_shard(caller)?;
        shard.ready_to_write()?;
        shard.room_to_write()?;
        let ticket = Ticket { origin: origin(caller), id: id.0, slot: slot.number(), expires_ms: expires.0 };
        let outcome = shard.proposer.propose(vec![], command(ticket)).await;
        match outcome.map_err(|error| unproposed(shard.id, &error))? {
            Outcome::Ticket(before) => Ok(before),
            Outcome::One(_) | Outcome::Edits(_) => {
                Err(Refusal::Internal { reason: "a ticket has an outcome of its own".to_owned() })
            }
        }
    }

    /// Where the tickets of a user live.
    fn ticket_shard(&self, caller: &Caller) -> Result<(Slot, Arc<Shard>), Refusal> {
        let slot = Slot::of_owner(&caller.tenant, &caller.user);
        Ok((slot, self.shard_of(slot)?))
    }
}

fn stored_fate(shard: &Shard, at: &[u8]) -> Result<Option<TicketFate>, Fault> {
    let record = shard.machine.store().get(Space::Documents, at)?;
    let record = record.map(|bytes| TicketRecord::from_record(&bytes)).transpose()?;
    Ok(record.map(|record| record.fate()).transpose()?)
}

fn redeemed(before: Option<TicketFate>) -> Redeemed {
    match before {
        None => Redeemed::Good,
        Some(TicketFate::Spent) => Redeemed::Spent,
        Some(TicketFate::Revoked) => Redeemed::Revoked,
    }
}

impl Tickets for NodeService {
    fn redeem(&self, caller: Caller, ticket: Redeem) -> Answer<'_, Redeemed> {
        Box::pin(self.inner.redeem(caller, ticket))
    }

    fn revoke(&self, caller: Caller, id: TicketId, until: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.inner.revoke(caller, id, until))
    }

    fn on_revoked(&self, heard: OnRevoked) {
        self.inner.held.on_revoked(heard);
    }
}
