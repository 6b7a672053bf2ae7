//! The fields of a change of metadata. Numbers in `#[n(…)]` are stored: add at the end, never change one.

use super::{EditId, Origin};
use minicbor::{CborLen, Decode, Encode};

/// A change of what is said of a document beside its content: its name and its labels.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct SetMetadata {
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
    /// The new name; `None` leaves it.
    #[n(4)]
    pub name: Option<String>,
    /// Whether all labels go that were there.
    #[n(5)]
    pub clear_labels: bool,
    /// What becomes of labels, after that.
    #[n(6)]
    pub labels: Vec<LabelChange>,
    /// The most labels that the document may have afterwards.
    #[n(7)]
    pub labels_max: u32,
}

/// What becomes of one label.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct LabelChange {
    /// Its key.
    #[n(0)]
    pub key: String,
    /// Its new value; `None` takes it away.
    #[n(1)]
    pub value: Option<String>,
}
