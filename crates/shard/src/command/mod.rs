//! The commands of a shard's log: everything that ever changes a document.
//!
//! An encoded command is `format (1 byte) ‖ kind (1 byte) ‖ CBOR array of fields`. Fields are only ever added at the end
//! and are optional then: an older release skips what it does not know. A command of a newer format or of an unknown
//! kind stops the group, because skipping it would make replicas differ.
//!
//! Every command carries its tenant, the principals it speaks for, its edit id and the leader's time.

mod entry;
mod fields;
mod metadata;
mod ticket;

pub use entry::{Claim, Entry, EntryError, Part};
pub use fields::{
    CommandError, Create, Delete, DocumentKey, EditDocument, EditId, EditPart, Origin, OwnerKey, Share,
};

pub use metadata::{LabelChange, SetMetadata};
pub use ticket::Ticket;

use minicbor::{CborLen, Decode, Encode};

const FORMAT: u8 = 1;

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A new owner key. Key records travel in log entries of their own kind.
    OwnerKey(OwnerKey),
    /// A new document key.
    DocumentKey(DocumentKey),
    /// A new document.
    Create(Create),
    /// Edits of one document, made one after the other on one version of it.
    Edit(EditDocument),
    /// The end of a document.
    Delete(Delete),
    /// A change of an access list.
    Share(Share),
    /// A ticket for one time is used up.
    SpendTicket(Ticket),
    /// A ticket is taken back.
    RevokeTicket(Ticket),
    /// A change of what is said of a document beside its content.
    SetMetadata(SetMetadata),
}

const OWNER_KEY: u8 = 1;
const DOCUMENT_KEY: u8 = 2;
const CREATE: u8 = 3;
const EDIT: u8 = 4;
const DELETE: u8 = 5;
const SHARE: u8 = 6;
const SPEND_TICKET: u8 = 7;
const REVOKE_TICKET: u8 = 8;
const SET_METADATA: u8 = 9;
/// A release that knows no labels would take a creation with labels for one without, and keep something else than the others.
const CREATE_LABELLED: u8 = 10;

impl Command {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Command::OwnerKey(fields) => encode(OWNER_KEY, fields),
            Command::DocumentKey(fields) => encode(DOCUMENT_KEY, fields),
            Command::Create(fields) if fields.labels.is_some() => encode(CREATE_LABELLED, fields),
            Command::Create(fields) => encode(CREATE, fields),
            Command::Edit(fields) => encode(EDIT, fields),
            Command::Delete(fields) => encode(DELETE, fields),
            Command::Share(fields) => encode(SHARE, fields),
            Command::SpendTicket(fields) => encode(SPEND_TICKET, fields),
            Command::RevokeTicket(fields) => encode(REVOKE_TICKET, fields),
            Command::SetMetadata(fields) => encode(SET_METADATA, fields),
        }
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Command, CommandError> {
        let [format, kind, fields @ ..] = bytes else { return Err(CommandError::Short) };
        if *format != FORMAT {
            return Err(CommandError::Format(*format));
        }
        match *kind {
            OWNER_KEY => decode(fields).map(Command::OwnerKey),
            DOCUMENT_KEY => decode(fields).map(Command::DocumentKey),
            CREATE | CREATE_LABELLED => decode(fields).map(Command::Create),
            EDIT => decode(fields).map(Command::Edit),
            DELETE => decode(fields).map(Command::Delete),
            SHARE => decode(fields).map(Command::Share),
            SPEND_TICKET => decode(fields).map(Command::SpendTicket),
            REVOKE_TICKET => decode(fields).map(Command::RevokeTicket),
            SET_METADATA => decode(fields).map(Command::SetMetadata),
            unknown => Err(CommandError::Kind(unknown)),
        }
    }
}

fn encode<T: Encode<()> + CborLen<()>>(kind: u8, fields: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 + minicbor::len(fields));
    bytes.extend([FORMAT, kind]);
    minicbor::encode(fields, &mut bytes).expect("a vector takes every write");
    bytes
}

fn decode<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<T, CommandError> {
    minicbor::decode(bytes).map_err(|error| CommandError::Fields(error.to_string()))
}
