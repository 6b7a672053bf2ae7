//! Stored records: `format (1 byte) ‖ CBOR array of fields`, fields only ever added at the end.

use base::{Hash, Heads, Labels};
use minicbor::{CborLen, Decode, Encode};

const FORMAT: u8 = 1;

/// A record that does not decode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A format of another release.
    #[error("{what} record of format {format} is of a newer release; start that release")]
    Format {
        /// What was read.
        what: &'static str,
        /// Its format.
        format: u8,
    },
    /// Bytes that make no sense.
    #[error("{what} record is damaged: {reason}")]
    Damaged {
        /// What was read.
        what: &'static str,
        /// What was found.
        reason: String,
    },
}

/// What is read from the store as one of the records below.
pub trait Lookup: Encode<()> + CborLen<()> + for<'b> Decode<'b, ()> {
    /// For messages.
    const WHAT: &'static str;

    /// The stored form.
    fn to_record(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + minicbor::len(self));
        bytes.push(FORMAT);
        minicbor::encode(self, &mut bytes).expect("a vector takes every write");
        bytes
    }

    /// Reads the stored form.
    fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let damaged = |reason: String| RecordError::Damaged { what: Self::WHAT, reason };
        match bytes.split_first() {
            Some((&FORMAT, fields)) => minicbor::decode(fields).map_err(|error| damaged(error.to_string())),
            Some((&format, _)) => Err(RecordError::Format { what: Self::WHAT, format }),
            None => Err(damaged("it is empty".to_owned())),
        }
    }
}

/// What a document is now; or that it is no more.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Head {
    /// Its name; empty once deleted.
    #[n(0)]
    pub name: String,
    /// `base::Shape` as a number.
    #[n(1)]
    pub shape: u8,
    /// Whose it is.
    #[n(2)]
    pub owner: String,
    /// How many commands have changed the heads.
    #[n(3)]
    pub version: u64,
    /// The heads, joined.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub heads: Vec<u8>,
    /// When it was made.
    #[n(5)]
    pub created_ms: u64,
    /// When its content last changed: the time of the version. A change of name or labels leaves it.
    #[n(6)]
    pub updated_ms: u64,
    /// When it was deleted: then this record is the tombstone, and stays for good.
    #[n(7)]
    pub deleted_ms: Option<u64>,
    /// Entries in its access list.
    #[n(8)]
    pub access_entries: u32,
    /// The document key, wrapped by the owner's; empty once deleted.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub key: Vec<u8>,
    /// The first version, while it is the only one: most documents are then one record, read and written at once.
    #[n(10)]
    pub first: Option<VersionRecord>,
    /// Its labels; `None` where there are none, as earlier releases write it.
    #[n(11)]
    pub labels: Option<Labels>,
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct VersionRecord {
    /// When it came to be.
    #[n(0)]
    pub time_ms: u64,
    /// The edits that made it.
    #[n(1)]
    pub parts: Vec<PartRecord>,
}

/// One edit of a version.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct PartRecord {
    /// Who made it.
    #[n(0)]
    pub author: String,
    /// The heads after it, joined.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub heads: Vec<u8>,
    /// Its changes, sealed; empty once they are compacted.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub changes: Vec<u8>,
    /// What the changes were, once they are compacted. Earlier releases kept no count.
    #[n(3)]
    pub size: Option<PartSize>,
}

/// How much an edit has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct PartSize {
    /// How many changes.
    #[n(0)]
    pub changes: u64,
    /// Their bytes, before they were sealed.
    #[n(1)]
    pub bytes: u64,
}

impl VersionRecord {
    /// The heads of this version, joined.
    pub fn heads(&self) -> &[u8] {
        self.parts.last().map_or(&[], |part| &part.heads)
    }
}

/// A document as one chunk, up to a version.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Compacted {
    /// The newest version in it.
    #[n(0)]
    pub version: u64,
    /// The chunk, sealed.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub chunk: Vec<u8>,
}

/// What was done for an edit id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Receipt {
    /// The hash of the request.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub request: [u8; 16],
    /// The document.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub document: [u8; 16],
    /// The version of the document after it.
    #[n(2)]
    pub version: u64,
    /// When it was done, in log time.
    #[n(3)]
    pub time_ms: u64,
}

impl Lookup for Head {
    const WHAT: &'static str = "head";
}
impl Lookup for VersionRecord {
    const WHAT: &'static str = "version";
}
impl Lookup for Compacted {
    const WHAT: &'static str = "compacted document";
}
impl Lookup for Receipt {
    const WHAT: &'static str = "receipt";
}

/// Heads as they are stored: hashes of 32 bytes, one after the other.
pub fn join_heads(heads: &[Hash]) -> Vec<u8> {
    heads.iter().flat_map(|hash| hash.0).collect()
}

/// Reads [`join_heads`].
pub fn split_heads(joined: &[u8]) -> Result<Heads, RecordError> {
    let (hashes, rest) = joined.as_chunks::<32>();
    if !rest.is_empty() {
        let reason = format!("{} bytes are no list of hashes", joined.len());
        return Err(RecordError::Damaged { what: "heads", reason });
    }
    Ok(hashes.iter().map(|bytes| Hash(*bytes)).collect())
}
