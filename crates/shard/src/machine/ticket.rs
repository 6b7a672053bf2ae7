//! Tickets: the log keeps of one only that it was used up, or taken back, until it has ended by itself.

use super::step::{ApplyError, Step};
use crate::command::Ticket;
use crate::store::{Lookup, Space, StoreError, TicketFate, TicketRecord, key};
use base::{TenantId, UserId};
use rpc::{Caller, TicketId};

impl Step<'_> {
    /// Uses a ticket up. Gives what had become of it before.
    pub(super) fn spend_ticket(&mut self, ticket: &Ticket) -> Result<Option<TicketFate>, ApplyError> {
        self.fate(ticket, TicketFate::Spent)
    }

    /// Takes a ticket back.
    pub(super) fn revoke_ticket(&mut self, ticket: &Ticket) -> Result<Option<TicketFate>, ApplyError> {
        let (tenant, user) = (TenantId::new(&ticket.origin.tenant), UserId::new(ticket.origin.actor()));
        // Nobody of another name than these could have shown it.
        if let (Ok(tenant), Ok(user)) = (tenant, user) {
            self.revoked.push((Caller { tenant, user }, TicketId(ticket.id)));
        }
        self.fate(ticket, TicketFate::Revoked)
    }

    /// What becomes of a ticket stays, but that one which was used up can be taken back, too.
    fn fate(&mut self, ticket: &Ticket, fate: TicketFate) -> Result<Option<TicketFate>, ApplyError> {
        let Ticket { origin, id, slot, expires_ms } = ticket;
        let now_ms = self.tick(origin.time_ms);
        let at = key::ticket(&origin.tenant, self.slot(*slot)?, origin.actor(), id);
        let before = self.txn.record::<TicketRecord>(Space::Documents, &at)?;
        let before = before.map(|record| record.fate()).transpose().map_err(StoreError::from)?;
        // It ends by the clock on the wall. Log time may be ahead of that, and then has as long to go: what was forgotten
        // sooner would be good again.
        let expires_ms = now_ms.saturating_add(expires_ms.saturating_sub(origin.time_ms));
        if before.is_none_or(|before| before < fate) && expires_ms > now_ms {
            let record = TicketRecord::new(fate, now_ms, expires_ms);
            self.txn.put(Space::Documents, at.clone(), record.to_record());
            self.txn.put(Space::State, key::state::ticket_expiring(expires_ms, &at), vec![]);
            self.hint.ticket_added(expires_ms);
        }
        Ok(before)
    }
}
