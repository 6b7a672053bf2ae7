//! Applying entries one after the other within one atomic write.

use super::feed::{self, Telling};
use super::hint::Hint;
use super::{Done, FeedKept, Outcome, Outcomes, Rejection};
use crate::command::{Command, EditId, Entry, EntryError};
use crate::raft::{Applicable, Kind, Position};
use crate::store::{DocKey, Lookup, Receipt, RecordError, Space, Store, StoreError, Txn, key};
use base::{DocId, Slot};
use rpc::{Caller, TicketId};

/// Why an entry cannot be applied. It stops the group: to skip it would make replicas differ.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The entry does not decode.
    #[error("the entry at {position} does not decode")]
    Entry {
        /// Where it stands in the log.
        position: Position,
        /// What was found.
        source: EntryError,
    },
    /// A command that no release would write.
    #[error("the entry at {position} holds a command that breaks a rule of the log: {rule}")]
    Rule {
        /// Where it stands in the log.
        position: Position,
        /// The rule.
        rule: &'static str,
    },
}

/// An atomic write in the making.
pub struct Step<'a> {
    pub(super) txn: Txn<'a>,
    /// The highest leader time so far: it never falls.
    pub(super) clock_ms: u64,
    pub(super) position: Position,
    /// Receipts that the entry at hand has made.
    pub(super) receipts: Vec<Vec<u8>>,
    pub(super) hint: &'a mut Hint,
    pub(super) feed: Telling,
    touched: Vec<Touched>,
    /// Tickets that are taken back, and by whom.
    pub(super) revoked: Vec<(Caller, TicketId)>,
}

/// What a write has changed that others hear of.
#[derive(Debug)]
pub struct Changed {
    /// Documents.
    pub touched: Vec<Touched>,
    /// The documents that the change feed tells of.
    pub told: Vec<DocKey>,
    /// The last entry.
    pub index: u64,
    /// Tickets that were taken back, and by whom.
    pub revoked: Vec<(Caller, TicketId)>,
}

/// A document that a write changes.
#[derive(Debug, Clone)]
pub struct Touched {
    /// Which.
    pub id: DocId,
    /// The tenant, if the change is of who may do what: a creation, a deletion or a share.
    pub access_in: Option<String>,
}

impl<'a> Step<'a> {
    pub(super) fn begin(
        store: &'a Store,
        hint: &'a mut Hint,
        kept: FeedKept,
    ) -> Result<Step<'a>, StoreError> {
        let (clock_ms, extent) = match hint.clock_and_feed {
            Some(stored) => stored,
            None => (clock(store)?, feed::extent(store)?),
        };
        let position = Position { term: 0, node: 0, index: 0 };
        Ok(Step {
            txn: store.begin(),
            clock_ms,
            position,
            receipts: vec![],
            hint,
            feed: Telling::begin(extent, kept),
            touched: vec![],
            revoked: vec![],
        })
    }

    /// Applies one entry.
    pub(super) fn apply(&mut self, entry: &Applicable) -> Result<Outcomes, ApplyError> {
        self.position = entry.position;
        self.feed.next_entry();
        let outcomes = match &entry.kind {
            Kind::Blank | Kind::Audit => vec![],
            Kind::Membership(bytes) => {
                self.txn.put(Space::State, key::state::MEMBERSHIP.to_vec(), bytes.to_vec());
                vec![]
            }
            Kind::Commands(payload) => {
                let decoded = Entry::decode(payload);
                let position = self.position;
                self.entry(decoded.map_err(|source| ApplyError::Entry { position, source })?)?
            }
        };
        self.expire()?;
        self.trim_feed()?;
        Ok(outcomes)
    }

    /// Makes it all visible, and tells what has changed.
    pub(super) fn commit(mut self) -> Result<Changed, StoreError> {
        self.txn.put(Space::State, key::state::APPLIED.to_vec(), position_to_bytes(self.position));
        self.txn.put(Space::State, key::state::CLOCK.to_vec(), self.clock_ms.to_be_bytes().to_vec());
        self.feed.finish(&mut self.txn);
        self.txn.commit()?;
        self.hint.clock_and_feed = Some((self.clock_ms, self.feed.extent));
        let (told, index) = (self.feed.told, self.position.index);
        Ok(Changed { touched: self.touched, told, index, revoked: self.revoked })
    }

    fn entry(&mut self, entry: Entry) -> Result<Outcomes, ApplyError> {
        match entry {
            Entry::Commands(commands) => commands.into_iter().map(|command| self.command(command)).collect(),
            Entry::Keys(records) => {
                records.into_iter().try_for_each(|record| self.key_record(record))?;
                Ok(vec![])
            }
            Entry::Part(part) => {
                self.part(part)?;
                Ok(vec![])
            }
            Entry::Claim(claim) => {
                let command = self.claim(&claim)?;
                Ok(vec![self.command(command)?])
            }
        }
    }

    fn command(&mut self, command: Command) -> Result<Outcome, ApplyError> {
        match command {
            Command::Create(create) => self.create(create).map(Outcome::One),
            Command::Edit(edit) => self.edit(edit).map(Outcome::Edits),
            Command::Delete(delete) => self.delete(delete).map(Outcome::One),
            Command::Share(share) => self.share(share).map(Outcome::One),
            Command::SetMetadata(set) => self.set_metadata(set).map(Outcome::One),
            Command::SpendTicket(ticket) => self.spend_ticket(&ticket).map(Outcome::Ticket),
            Command::RevokeTicket(ticket) => self.revoke_ticket(&ticket).map(Outcome::Ticket),
            Command::OwnerKey(_) | Command::DocumentKey(_) => {
                Err(self.rule("keys come in entries of their own"))
            }
        }
    }

    pub(super) fn rule(&self, rule: &'static str) -> ApplyError {
        ApplyError::Rule { position: self.position, rule }
    }

    /// Moves log time on, and gives it.
    pub(super) fn tick(&mut self, leader_ms: u64) -> u64 {
        self.clock_ms = self.clock_ms.max(leader_ms);
        self.clock_ms
    }

    pub(super) fn id(&self, document: [u8; 16]) -> Result<DocId, ApplyError> {
        DocId::from_bytes(document).map_err(|_| self.rule("documents have ids of version 4 or 8"))
    }

    pub(super) fn slot(&self, number: u16) -> Result<Slot, ApplyError> {
        Slot::new(number).ok_or_else(|| self.rule("slots are below 16384"))
    }

    /// Notes that the content of a document has changed, or what is said of it.
    pub(super) fn touch(&mut self, id: DocId) {
        self.touched.push(Touched { id, access_in: None });
    }

    /// Notes that who may do what with a document has changed, and be it that there is one now, or none any more.
    pub(super) fn touch_access(&mut self, tenant: &str, id: DocId) {
        self.touched.push(Touched { id, access_in: Some(tenant.to_owned()) });
    }

    /// What was done for this edit id before, if anything was.
    pub(super) fn repeated(
        &self,
        tenant: &str,
        slot: Slot,
        edit: &EditId,
    ) -> Result<Option<Result<Done, Rejection>>, ApplyError> {
        let receipt = self.txn.record::<Receipt>(Space::Edits, &key::receipt(tenant, slot, &edit.key))?;
        Ok(receipt.map(|receipt| {
            if receipt.request == edit.request {
                let Receipt { document, version, time_ms, .. } = receipt;
                Ok(Done { document, version, time_ms, repeated: true })
            } else {
                Err(Rejection::KeyReused)
            }
        }))
    }

    /// Notes that it was done.
    pub(super) fn done(&mut self, tenant: &str, id: DocId, edit: &EditId, version: u64) -> Done {
        let document = *id.as_bytes();
        let key = key::receipt(tenant, id.slot(), &edit.key);
        let time_ms = self.clock_ms;
        let receipt = Receipt { request: edit.request, document, version, time_ms };
        self.txn.put(Space::Edits, key.clone(), receipt.to_record());
        self.receipts.push(key);
        Done { document, version, time_ms, repeated: false }
    }

    /// What was done, where no repetition can come.
    pub(super) fn done_unnoted(&self, id: DocId, version: u64) -> Done {
        Done { document: *id.as_bytes(), version, time_ms: self.clock_ms, repeated: false }
    }
}

fn position_to_bytes(position: Position) -> Vec<u8> {
    [position.term, position.node, position.index].map(u64::to_be_bytes).concat()
}

/// Reads the stored form of a position.
pub(super) fn position_from_bytes(bytes: &[u8]) -> Result<Position, RecordError> {
    let (numbers, rest) = bytes.as_chunks::<8>();
    match (numbers, rest) {
        ([term, node, index], []) => Ok(Position {
            term: u64::from_be_bytes(*term),
            node: u64::from_be_bytes(*node),
            index: u64::from_be_bytes(*index),
        }),
        _ => Err(damaged("position", bytes)),
    }
}

/// The stored clock.
fn clock(store: &Store) -> Result<u64, StoreError> {
    let stored = store.get(Space::State, key::state::CLOCK)?;
    Ok(stored.map_or(Ok(0), |bytes| number_from_bytes("clock", &bytes))?)
}

fn number_from_bytes(what: &'static str, bytes: &[u8]) -> Result<u64, RecordError> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| damaged(what, bytes))
}

fn damaged(what: &'static str, bytes: &[u8]) -> RecordError {
    RecordError::Damaged { what, reason: format!("it has {} bytes", bytes.len()) }
}
