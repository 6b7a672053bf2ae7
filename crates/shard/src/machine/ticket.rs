//! Tickets: the log keeps of one only that it was used up, or taken back, until it has ended by itself.

use super::step::{ApplyError, Step};
use crate::command::Ticket;
use crate::store::{Lookup, Space, Store, StoreError, TicketFate, TicketRecord, key};
use base::{Slot, TenantId, UserId};
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
            self.hint.tickets.added_any(expires_ms);
        }
        Ok(before)
    }
}

/// Whose ticket a stored record says to be taken back, and which; `None` for every other record.
pub(super) fn revoked_in(key: &[u8], value: &[u8]) -> Result<Option<(Caller, TicketId)>, StoreError> {
    let Some(named) = named_by(key) else { return Ok(None) };
    let fate = TicketRecord::from_record(value)?.fate()?;
    Ok((fate == TicketFate::Revoked).then_some(named))
}

/// Whether a store knows already what [`revoked_in`] found at `key`.
pub(super) fn is_known(store: &Store, key: &[u8]) -> Result<bool, StoreError> {
    let Some(stored) = store.get(Space::Documents, key)? else { return Ok(false) };
    Ok(revoked_in(key, &stored)?.is_some())
}

/// What the key of a ticket names.
fn named_by(stored: &[u8]) -> Option<(Caller, TicketId)> {
    let slot = Slot::new(u16::from_be_bytes(*stored.first_chunk()?))?;
    let (tenant, rest) = name(stored.get(size_of::<u16>()..)?)?;
    let (user, rest) = name(rest.get(key::NIL_DOCUMENT.len() + 1..)?)?;
    let id = rest.try_into().ok()?;
    // It is the key of a ticket if one is written like that.
    (key::ticket(tenant, slot, user, &id) == stored).then_some(())?;
    let caller = Caller { tenant: TenantId::new(tenant).ok()?, user: UserId::new(user).ok()? };
    Some((caller, TicketId(id)))
}

fn name(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(length.into())?;
    Some((str::from_utf8(name).ok()?, rest))
}
