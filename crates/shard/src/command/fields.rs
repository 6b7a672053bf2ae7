//! The fields of each command. Numbers in `#[n(…)]` are stored: add at the end, never change one.

use base::Labels;
use minicbor::{CborLen, Decode, Encode};

/// Why bytes are not a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Fewer than the two bytes that say what it is.
    #[error("a command has at least a format and a kind")]
    Short,
    /// A format of another release.
    #[error("command format {0} is of a newer release; start that release")]
    Format(u8),
    /// A kind of another release.
    #[error("command kind {0} is of a newer release; start that release")]
    Kind(u8),
    /// Fields that do not decode.
    #[error("the fields of a command do not decode: {0}")]
    Fields(String),
}

/// Where a command comes from. Part of each.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Origin {
    /// The tenant, from the credential.
    #[n(0)]
    pub tenant: String,
    /// Whom it speaks for, the acting user first. Access is any of theirs.
    #[n(1)]
    pub principals: Vec<String>,
    /// The leader's time of day in milliseconds. The machine never lets it fall.
    #[n(2)]
    pub time_ms: u64,
}

impl Origin {
    /// The user that acts. A command without principals was never made by this code, and may do nothing.
    pub fn actor(&self) -> &str {
        self.principals.first().map_or("", String::as_str)
    }
}

/// What makes a retry the same edit: hashes of the key (with tenant and principal) and of the request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct EditId {
    /// The first 16 bytes of SHA-256 over tenant, acting user and key.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub key: [u8; 16],
    /// The first 16 bytes of SHA-256 over the request.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub request: [u8; 16],
}

/// A new owner key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct OwnerKey {
    /// The tenant of the owner.
    #[n(0)]
    pub tenant: String,
    /// The owner.
    #[n(1)]
    pub owner: String,
    /// The slot whose documents it is for.
    #[n(2)]
    pub slot: u16,
    /// The id of the key inside.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub id: [u8; 8],
    /// The key, wrapped by the master key.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub wrapped: Vec<u8>,
    /// The leader's time.
    #[n(5)]
    pub time_ms: u64,
}

/// A new document key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct DocumentKey {
    /// The tenant of the document.
    #[n(0)]
    pub tenant: String,
    /// Its owner, whose key wraps this one.
    #[n(1)]
    pub owner: String,
    /// The document.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub document: [u8; 16],
    /// The key, wrapped by the owner key.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub wrapped: Vec<u8>,
    /// The leader's time.
    #[n(4)]
    pub time_ms: u64,
}

/// A new document, owned by the acting user.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Create {
    /// Where it comes from.
    #[n(0)]
    pub origin: Origin,
    /// What makes a retry the same.
    #[n(1)]
    pub edit: EditId,
    /// The document.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub document: [u8; 16],
    /// Its name.
    #[n(3)]
    pub name: String,
    /// `base::Shape` as a number.
    #[n(4)]
    pub shape: u8,
    /// Its first change, sealed under the document key.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub change: Vec<u8>,
    /// The heads after it: hashes of 32 bytes, sorted, one after the other.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub heads: Vec<u8>,
    /// Its labels; `None` where there are none. A creation with labels is a kind of its own.
    #[n(7)]
    pub labels: Option<Labels>,
}

/// Edits of one document. They become one version of it, and all were made on `version`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct EditDocument {
    /// The tenant.
    #[n(0)]
    pub tenant: String,
    /// The document.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub document: [u8; 16],
    /// The version of the document that the first part was made on. If another one is there, nothing is done.
    #[n(2)]
    pub version: u64,
    /// The edits, each made on those before it.
    #[n(3)]
    pub parts: Vec<EditPart>,
    /// The leader's time.
    #[n(4)]
    pub time_ms: u64,
}

/// One edit of an [`EditDocument`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct EditPart {
    /// Whom it speaks for, the acting user first.
    #[n(0)]
    pub principals: Vec<String>,
    /// `base::Level` that it needs, as a number.
    #[n(1)]
    pub needs: u8,
    /// What makes a retry the same. `None` for changes that a CRDT client made: their hashes name them, and because the
    /// whole command is made on one version, none of them is taken twice.
    #[n(2)]
    pub edit: Option<EditId>,
    /// Change chunks, sealed under the document key; empty for an edit that changes nothing.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub changes: Vec<u8>,
    /// The heads after it: hashes of 32 bytes, sorted, one after the other.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub heads: Vec<u8>,
}

/// The end of a document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Delete {
    /// Where it comes from.
    #[n(0)]
    pub origin: Origin,
    /// What makes a retry the same.
    #[n(1)]
    pub edit: EditId,
    /// The document.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub document: [u8; 16],
    /// The version that the precondition was checked on; `None` if there was no precondition.
    #[n(3)]
    pub version: Option<u64>,
}

/// A change of an access list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Share {
    /// Where it comes from.
    #[n(0)]
    pub origin: Origin,
    /// What makes a retry the same.
    #[n(1)]
    pub edit: EditId,
    /// The document.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub document: [u8; 16],
    /// Whose access changes.
    #[n(3)]
    pub principal: String,
    /// `base::Level` as a number; `None` takes access away.
    #[n(4)]
    pub level: Option<u8>,
    /// The most entries that the list may have.
    #[n(5)]
    pub entries_max: u32,
}
