//! Stored keys. Those of documents begin slot, tenant, document, so that a slot is a range.

use base::{DocId, Slot, TenantId};

/// Stands where a document's id stands in keys that belong to a slot as a whole. No document has it.
pub const NIL_DOCUMENT: [u8; 16] = [0; 16];

const HEAD: u8 = b'D';
const KEY: u8 = b'K';
const ACCESS: u8 = b'A';
const VERSION: u8 = b'V';
const COMPACTED: u8 = b'S';
const OWNER_KEY: u8 = b'O';
const TICKET: u8 = b'T';

/// What a record of [`super::Space::Documents`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentRecord {
    /// The head, or the tombstone.
    Head,
    /// The wrapped document key.
    Key,
    /// A principal's access.
    Access,
    /// A version.
    Version,
    /// The compacted document.
    Compacted,
    /// An owner's wrapped key.
    OwnerKey,
    /// What became of a ticket.
    Ticket,
}

/// What the record at a key is; `None` for a key that is none of ours.
pub fn record_kind(key: &[u8]) -> Option<DocumentRecord> {
    let tenant_bytes = usize::from(*key.get(2)?);
    Some(match *key.get(3 + tenant_bytes + NIL_DOCUMENT.len())? {
        HEAD => DocumentRecord::Head,
        KEY => DocumentRecord::Key,
        ACCESS => DocumentRecord::Access,
        VERSION => DocumentRecord::Version,
        COMPACTED => DocumentRecord::Compacted,
        OWNER_KEY => DocumentRecord::OwnerKey,
        TICKET => DocumentRecord::Ticket,
        _ => return None,
    })
}

/// A document's full key: no request ever names one without its tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DocKey {
    /// The tenant.
    pub tenant: TenantId,
    /// The document.
    pub id: DocId,
}

impl DocKey {
    /// What every stored key of the document begins with.
    pub fn prefix(&self) -> Vec<u8> {
        document(self.tenant.as_str(), self.id.as_bytes(), self.id.slot())
    }
}

/// `slot (2) ‖ length of the tenant (1) ‖ tenant ‖ document (16)`: what every key of a document begins with.
pub fn document(tenant: &str, id: &[u8; 16], slot: Slot) -> Vec<u8> {
    let mut key = tenant_in_slot(tenant, slot);
    key.extend(id);
    key
}

fn tenant_in_slot(tenant: &str, slot: Slot) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    key.extend(slot.number().to_be_bytes());
    push_name(&mut key, tenant);
    key
}

/// Names are at most 128 bytes long; a longer one never got past the credential.
fn push_name(key: &mut Vec<u8>, name: &str) {
    debug_assert!(name.len() <= usize::from(u8::MAX), "names fit a byte of length");
    key.push(name.len() as u8);
    key.extend(name.as_bytes());
}

fn with(document: &[u8], kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(document.len() + 1 + rest.len());
    key.extend(document);
    key.push(kind);
    key.extend(rest);
    key
}

/// The head record, or the tombstone.
pub fn head(document: &[u8]) -> Vec<u8> {
    with(document, HEAD, &[])
}

/// The wrapped document key.
pub fn document_key(document: &[u8]) -> Vec<u8> {
    with(document, KEY, &[])
}

/// A principal's access.
pub fn access(document: &[u8], principal: &str) -> Vec<u8> {
    with(document, ACCESS, principal.as_bytes())
}

/// What the keys of all access records of a document begin with.
pub fn access_prefix(document: &[u8]) -> Vec<u8> {
    with(document, ACCESS, &[])
}

/// A version.
pub fn version(document: &[u8], version: u64) -> Vec<u8> {
    with(document, VERSION, &version.to_be_bytes())
}

/// The compacted document.
pub fn compacted(document: &[u8]) -> Vec<u8> {
    with(document, COMPACTED, &[])
}

/// The wrapped key of an owner, for the documents of one slot.
pub fn owner_key(tenant: &str, slot: Slot, owner: &str) -> Vec<u8> {
    with(&document(tenant, &NIL_DOCUMENT, slot), OWNER_KEY, owner.as_bytes())
}

/// What became of a ticket: `length of the user (1) ‖ user ‖ ticket (16)` behind the kind, in the slot of the user.
pub fn ticket(tenant: &str, slot: Slot, user: &str, id: &[u8; 16]) -> Vec<u8> {
    let mut key = with(&document(tenant, &NIL_DOCUMENT, slot), TICKET, &[]);
    push_name(&mut key, user);
    key.extend(id);
    key
}

/// The receipt of an edit: `slot ‖ tenant ‖ edit id (16)`.
pub fn receipt(tenant: &str, slot: Slot, edit: &[u8; 16]) -> Vec<u8> {
    let mut key = tenant_in_slot(tenant, slot);
    key.extend(edit);
    key
}

/// What the list of a principal begins with: `tenant ‖ principal`, each with its length before it.
pub fn list_prefix(tenant: &str, principal: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    push_name(&mut key, tenant);
    push_name(&mut key, principal);
    key
}

/// A document in the list of a principal.
pub fn listed(tenant: &str, principal: &str, id: &[u8; 16]) -> Vec<u8> {
    let mut key = list_prefix(tenant, principal);
    key.extend(id);
    key
}

/// Keys of the log's own space.
pub mod state {
    /// The position of the last applied entry.
    pub const APPLIED: &[u8] = b"applied";
    /// The last applied membership, opaque here.
    pub const MEMBERSHIP: &[u8] = b"membership";
    /// The highest leader time applied.
    pub const CLOCK: &[u8] = b"clock";
    /// What of the change feed is there.
    pub const FEED: &[u8] = b"feed";
    /// Why this replica takes no part any more, if it does not. Not of the log, and in no snapshot.
    pub const QUARANTINED: &[u8] = b"quarantined";

    const EXPIRING: u8 = b'x';
    const PART: u8 = b'p';
    const PART_EXPIRING: u8 = b't';
    const TICKET_EXPIRING: u8 = b'k';

    /// Receipts that expire together: `time (8) ‖ index (8)`.
    pub fn expiring(time_ms: u64, index: u64) -> Vec<u8> {
        timed(EXPIRING, time_ms, &index.to_be_bytes())
    }

    /// A part of a long command.
    pub fn part(transfer: &[u8; 16], number: u32) -> Vec<u8> {
        let mut key = part_prefix(transfer);
        key.extend(number.to_be_bytes());
        key
    }

    /// What all parts of a transfer begin with.
    pub fn part_prefix(transfer: &[u8; 16]) -> Vec<u8> {
        let mut key = vec![PART];
        key.extend(transfer);
        key
    }

    /// When the parts of a transfer expire: `time (8) ‖ transfer (16)`.
    pub fn part_expiring(time_ms: u64, transfer: &[u8; 16]) -> Vec<u8> {
        timed(PART_EXPIRING, time_ms, transfer)
    }

    /// When what is known of a ticket is forgotten: `time (8) ‖ its key`.
    pub fn ticket_expiring(time_ms: u64, ticket: &[u8]) -> Vec<u8> {
        timed(TICKET_EXPIRING, time_ms, ticket)
    }

    /// The key in [`ticket_expiring`].
    pub fn expiring_ticket(key: &[u8]) -> Option<&[u8]> {
        key.get(1 + size_of::<u64>()..)
    }

    fn timed(kind: u8, time_ms: u64, rest: &[u8]) -> Vec<u8> {
        let mut key = vec![kind];
        key.extend(time_ms.to_be_bytes());
        key.extend(rest);
        key
    }
}
