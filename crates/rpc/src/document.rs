//! Documents as they are asked for and answered.

use crate::{EditKey, Revision};
use base::{DocId, Heads, Labels, Level, Shape, Timestamp, UserId, heads_tag, labels};
use bytes::Bytes;
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// A new document.
#[derive(Debug, Clone)]
pub struct Create {
    /// Shown to people; need not be unique. At most `Limits::name_bytes`.
    pub name: String,
    /// Text or JSON.
    pub shape: Shape,
    /// A string for a text, an object for JSON.
    pub content: Value,
    /// Makes a retry the same creation.
    pub key: EditKey,
    /// What is said of it from the beginning. At most `Limits::labels`.
    pub labels: Labels,
}

/// Which state of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// The newest committed one.
    Now,
    /// The one after the n-th change of the heads; creation is 1.
    Version(u64),
    /// The one with exactly these heads as the newest changes.
    Heads(Heads),
}

/// A request to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The document.
    pub id: DocId,
    /// The state of it.
    pub at: At,
    /// An index in the log of the document's shard: what is shown is not older, and any replica that has come so far may
    /// show it, as long as it hears from its leader. Without it the leader answers, and shows the newest.
    pub at_least: Option<u64>,
}

/// A request to delete.
#[derive(Debug, Clone)]
pub struct Delete {
    /// The document.
    pub id: DocId,
    /// What must hold of the newest state.
    pub precondition: Precondition,
    /// Makes a retry the same deletion.
    pub key: EditKey,
}

/// What must hold of the newest state for a write to be taken (`If-Match`, `If-None-Match`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Precondition {
    /// If given: the heads' tag ([`heads_tag`]) must be one of these.
    pub match_any: Option<Vec<String>>,
    /// The heads' tag must be none of these.
    pub match_none: Vec<String>,
    /// `If-None-Match: *`: the document must not exist, which for a document that does always fails.
    pub must_not_exist: bool,
}

impl Precondition {
    /// Whether a document with this tag meets it.
    pub fn holds(&self, tag: &str) -> bool {
        let matched = self.match_any.as_ref().is_none_or(|tags| tags.iter().any(|wanted| wanted == tag));
        matched && !self.must_not_exist && !self.match_none.iter().any(|unwanted| unwanted == tag)
    }
}

/// A state of a document, the same for everyone who may read it.
#[derive(Debug)]
pub struct View {
    /// The document.
    pub id: DocId,
    /// Its name.
    pub name: Arc<str>,
    /// Text or JSON.
    pub shape: Shape,
    /// Whose it is.
    pub owner: UserId,
    /// How many commands have changed the heads so far; creation is 1.
    pub version: u64,
    /// The exact version.
    pub heads: Heads,
    /// A short name of the heads, the `ETag`.
    pub tag: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When this state came to be.
    pub updated_at: Timestamp,
    /// The content as JSON text: a string for a text, an object for JSON.
    pub content: Bytes,
    /// Its labels as they are now, whichever state this is; so is the name.
    pub labels: Labels,
    /// What the edge made of this view for each level, kept here so that it goes when the view goes.
    faces: [OnceLock<Bytes>; Level::ALL.len()],
    /// What goes to other processes, kept for the same reason.
    form: OnceLock<Bytes>,
}

/// What a [`View`] is made of.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of View")]
pub struct ViewParts {
    pub id: DocId,
    pub name: Arc<str>,
    pub shape: Shape,
    pub owner: UserId,
    pub version: u64,
    pub heads: Heads,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub content: Bytes,
    pub labels: Labels,
}

impl View {
    /// A view; its tag is derived here and nowhere else.
    pub fn new(parts: ViewParts) -> View {
        let ViewParts { id, name, shape, owner, version, heads, created_at, updated_at, content, labels } =
            parts;
        let tag = heads_tag(&heads);
        let (faces, form) = Default::default();
        View {
            id,
            name,
            shape,
            owner,
            version,
            heads,
            tag,
            created_at,
            updated_at,
            content,
            labels,
            faces,
            form,
        }
    }

    /// What goes to other processes, made at most once.
    pub(crate) fn form(&self, make: impl FnOnce() -> Bytes) -> &Bytes {
        self.form.get_or_init(make)
    }

    /// The wire form of this view for a reader with `level`, made at most once.
    pub fn face(&self, level: Level, make: impl FnOnce() -> Bytes) -> &Bytes {
        self.faces[level as usize - 1].get_or_init(make)
    }

    /// Bytes that it holds, about.
    pub fn weight(&self) -> usize {
        let faces: usize =
            self.faces.iter().chain([&self.form]).filter_map(OnceLock::get).map(Bytes::len).sum();
        let words = self.name.len() + labels::bytes_of(&self.labels);
        size_of::<View>() + words + self.heads.len() * 32 + self.content.len() + faces
    }
}

/// A view, and what its reader may do with the document.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The state.
    pub view: Arc<View>,
    /// The caller's own level.
    pub level: Level,
    /// Where this was there already.
    pub revision: Revision,
}
