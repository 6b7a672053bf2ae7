//! What is kept for a time only: receipts, and parts that nobody claims. Time is that of the log. (The change feed is
//! trimmed in `feed`.)

use super::hint::Oldest;
use super::step::{ApplyError, Step};
use super::{PARTS_KEPT_MS, RECEIPTS_KEPT_MS, TICKETS_KEPT_MS};
use crate::store::{Space, TicketRecord, key};

/// How much one entry clears away at most: more than one entry adds, so that nothing piles up.
const GROUPS_PER_ENTRY: usize = 16;

impl Step<'_> {
    /// Notes when the receipts of this entry expire, and clears away what has expired.
    pub(super) fn expire(&mut self) -> Result<(), ApplyError> {
        if !self.receipts.is_empty() {
            let keys = std::mem::take(&mut self.receipts);
            let joined =
                keys.iter().flat_map(|key| std::iter::once(key.len() as u8).chain(key.iter().copied()));
            let expiring = key::state::expiring(self.clock_ms, self.position.index);
            self.txn.put(Space::State, expiring, joined.collect());
            self.hint.receipts.added(self.clock_ms);
        }
        self.expire_receipts()?;
        self.expire_parts()?;
        self.expire_tickets()
    }

    /// Notes that a transfer began, so that it expires if nobody claims it.
    pub(super) fn note_transfer(&mut self, transfer: &[u8; 16]) {
        self.txn.put(Space::State, key::state::part_expiring(self.clock_ms, transfer), vec![]);
        self.hint.parts.added(self.clock_ms);
    }

    fn expire_receipts(&mut self) -> Result<(), ApplyError> {
        let before = self.clock_ms.saturating_sub(RECEIPTS_KEPT_MS);
        if !self.hint.receipts.may_be_before(before) {
            return Ok(());
        }
        let (from, to) =
            (key::state::expiring(self.hint.receipts.start(), 0), key::state::expiring(before, 0));
        for (group, joined) in self.txn.range(Space::State, &from, &to, GROUPS_PER_ENTRY)? {
            let mut rest = joined.as_slice();
            while let Some((&length, behind)) = rest.split_first() {
                let Some((receipt, behind)) = behind.split_at_checked(usize::from(length)) else {
                    return Err(self.rule("expiring receipts stand whole"));
                };
                self.txn.remove(Space::Edits, receipt.to_vec());
                rest = behind;
            }
            self.txn.remove(Space::State, group);
        }
        self.hint.receipts = self
            .oldest(key::state::expiring(self.hint.receipts.start(), 0), key::state::expiring(u64::MAX, 0))?;
        Ok(())
    }

    fn expire_parts(&mut self) -> Result<(), ApplyError> {
        let before = self.clock_ms.saturating_sub(PARTS_KEPT_MS);
        if !self.hint.parts.may_be_before(before) {
            return Ok(());
        }
        let nothing = [0; 16];
        let from = key::state::part_expiring(self.hint.parts.start(), &nothing);
        let to = key::state::part_expiring(before, &nothing);
        for (expiring, _) in self.txn.range(Space::State, &from, &to, GROUPS_PER_ENTRY)? {
            let transfer = expiring.last_chunk::<16>().copied().unwrap_or_default();
            for (part, _) in self.txn.prefix(Space::State, &key::state::part_prefix(&transfer))? {
                self.txn.remove(Space::State, part);
            }
            self.txn.remove(Space::State, expiring);
        }
        let end = key::state::part_expiring(u64::MAX, &nothing);
        self.hint.parts = self.oldest(key::state::part_expiring(self.hint.parts.start(), &nothing), end)?;
        Ok(())
    }

    fn expire_tickets(&mut self) -> Result<(), ApplyError> {
        let before = self.clock_ms.saturating_sub(TICKETS_KEPT_MS);
        if !self.hint.tickets.may_be_before(before) {
            return Ok(());
        }
        let from = key::state::ticket_expiring(self.hint.tickets.start(), &[]);
        let to = key::state::ticket_expiring(before, &[]);
        for (expiring, _) in self.txn.range(Space::State, &from, &to, GROUPS_PER_ENTRY)? {
            let Some(ticket) = key::state::expiring_ticket(&expiring) else {
                return Err(self.rule("expiring tickets name their key"));
            };
            // One that was used up and then taken back may have two times; the later one counts.
            let record = self.txn.record::<TicketRecord>(Space::Documents, ticket)?;
            if record.is_some_and(|record| record.expires_ms < before) {
                self.txn.remove(Space::Documents, ticket.to_vec());
            }
            self.txn.remove(Space::State, expiring);
        }
        let end = key::state::ticket_expiring(u64::MAX, &[]);
        self.hint.tickets = self.oldest(key::state::ticket_expiring(self.hint.tickets.start(), &[]), end)?;
        Ok(())
    }

    /// All kinds of keys hold their time behind one byte of kind.
    fn oldest(&self, from: Vec<u8>, to: Vec<u8>) -> Result<Oldest, ApplyError> {
        let first = self.txn.range(Space::State, &from, &to, 1)?;
        Ok(match first.first().and_then(|(key, _)| key.get(1..9)?.try_into().ok()) {
            Some(time) => Oldest::At(u64::from_be_bytes(time)),
            None => Oldest::Nothing,
        })
    }
}
