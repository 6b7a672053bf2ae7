//! How a document got from one version to a later one, in words that need no CRDT library.

use base::{Heads, Op, Timestamp, UserId};
use bytes::Bytes;
use std::sync::OnceLock;

/// A step from one version to a later one, the same for everyone who takes it.
#[derive(Debug)]
pub struct Update {
    /// The version that the operations apply to.
    pub from: u64,
    /// The version that they lead to.
    pub version: u64,
    /// Its heads.
    pub heads: Heads,
    /// Who made the edits in between, each once, in order.
    pub authors: Vec<UserId>,
    /// When the version came to be.
    pub at: Timestamp,
    /// What to do to a plain copy, in order. Text positions are UTF-16 code units.
    pub ops: Vec<Op>,
    /// The raw changes, if somebody at the document asked for them.
    pub changes: Option<Bytes>,
    /// What the edge made of it without the changes, and with them.
    faces: [OnceLock<Bytes>; 2],
}

/// What an [`Update`] is made of.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of Update")]
pub struct UpdateParts {
    pub from: u64,
    pub version: u64,
    pub heads: Heads,
    pub authors: Vec<UserId>,
    pub at: Timestamp,
    pub ops: Vec<Op>,
    pub changes: Option<Bytes>,
}

impl Update {
    /// An update.
    pub fn new(parts: UpdateParts) -> Update {
        let UpdateParts { from, version, heads, authors, at, ops, changes } = parts;
        Update { from, version, heads, authors, at, ops, changes, faces: Default::default() }
    }

    /// The wire form of this update, made at most once for those who want the changes and once for the others.
    pub fn face(&self, with_changes: bool, make: impl FnOnce() -> Bytes) -> &Bytes {
        self.faces[usize::from(with_changes)].get_or_init(make)
    }

    /// Bytes that it holds, about; a wire form takes about as many.
    pub fn weight(&self) -> usize {
        let ops: usize = self.ops.iter().map(Op::weight).sum();
        let changes = self.changes.as_ref().map_or(0, Bytes::len);
        size_of::<Update>() + self.heads.len() * 32 + self.authors.len() * 16 + ops + changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(insert: &str) -> Update {
        let ops = vec![Op::Splice { path: vec![], position: 0, delete: 0, insert: insert.to_owned() }];
        Update::new(UpdateParts {
            from: 1,
            version: 2,
            heads: vec![],
            authors: vec![],
            at: Timestamp(0),
            ops,
            changes: None,
        })
    }

    #[test]
    fn a_wire_form_is_made_once_for_each_kind_of_reader() {
        let update = update("x");
        assert_eq!(update.face(false, || "without".into()), "without");
        assert_eq!(update.face(true, || "with".into()), "with");
        assert_eq!(update.face(false, || unreachable!("it is there")), "without");
    }

    #[test]
    fn it_weighs_what_it_brings() {
        assert_eq!(update(&"x".repeat(1_000)).weight() - update("").weight(), 1_000);
    }
}
