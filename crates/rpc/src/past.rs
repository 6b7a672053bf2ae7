//! The past of a document: which versions it has had, how one state differs from another, and the file that holds all of
//! it, which can make another document.

use crate::{At, EditKey, Revision, View};
use base::{DocId, Heads, Op, Timestamp, UserId};
use bytes::Bytes;
use std::sync::Arc;

/// A request for a page of the versions of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The document.
    pub id: DocId,
    /// Only versions before this one: [`Versions::next`] of the page before. None begins with the newest.
    pub before: Option<u64>,
    /// At most this many, and at least one.
    pub limit: usize,
}

/// A page of versions, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// The versions, without a gap. Fewer than asked for where they are long.
    pub versions: Vec<Version>,
    /// [`History::before`] of the next page, if there is one.
    pub next: Option<u64>,
    /// Where this was so already.
    pub revision: Revision,
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number; creation is 1.
    pub version: u64,
    /// The exact state.
    pub heads: Heads,
    /// When it came to be.
    pub at: Timestamp,
    /// Who made the edits that led to it, each once, in order.
    pub authors: Vec<UserId>,
    /// What the edits were. None where an earlier release has compacted them and kept no count.
    pub size: Option<Size>,
}

/// How much was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How many changes.
    pub changes: u64,
    /// Their bytes, as they were stored at first, without what sealing adds.
    pub bytes: u64,
}

/// A request to compare two states of a document, in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compare {
    /// The document.
    pub id: DocId,
    /// The state to begin with.
    pub from: At,
    /// The state to come to.
    pub to: At,
}

/// How one state of a document becomes another.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The state to begin with.
    pub from: Arc<View>,
    /// The state to come to.
    pub to: Arc<View>,
    /// What to do to a plain copy, in order; an edit at the first state may ask for the same, but for a `Splice` of a string
    /// that is no text object. Text positions are UTF-16 code units.
    pub ops: Vec<Op>,
    /// Where this was so already.
    pub revision: Revision,
}

/// A request for the Automerge file of a document: everything up to a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The document.
    pub id: DocId,
    /// The last state in it.
    pub at: At,
}

/// A document as a file that Automerge loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The number of its state; 0 where no version ended with it.
    pub version: u64,
    /// The exact state.
    pub heads: Heads,
    /// The file.
    pub file: Bytes,
    /// Where this was so already.
    pub revision: Revision,
}

/// A new document from an Automerge file, with the history that is in it.
#[derive(Debug, Clone)]
pub struct Import {
    /// Shown to people; need not be unique. At most `Limits::name_bytes`.
    pub name: String,
    /// What Automerge has saved: from outside, not looked into yet.
    pub file: Bytes,
    /// Makes a retry the same creation.
    pub key: EditKey,
}
