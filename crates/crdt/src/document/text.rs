//! `OpenText`: the text of an open document, kept beside Automerge.

use super::history::History;
use crate::edit::{Splice, TextEdit, place};
use automerge::{Automerge, ObjId, ObjType, ROOT, ReadDoc, Value};
use base::{Hash, Heads, Unit};
use std::borrow::Cow;

/// The key of the root map under which a text document has its text.
pub(crate) const CONTENT: &str = "content";

/// The current text, what it is in Automerge, and its recent versions.
///
/// Invariant: `text` is what Automerge has under `id` at the history's current heads, which are the document's.
#[derive(Debug)]
pub(crate) struct OpenText {
    id: ObjId,
    text: String,
    history: History,
}

impl OpenText {
    /// The text of a document, if it has one.
    pub(crate) fn of(doc: &Automerge, heads: Heads) -> Option<OpenText> {
        let (value, id) = doc.get(ROOT, CONTENT).ok()??;
        let Value::Object(ObjType::Text) = value else { return None };
        let text = doc.text(&id).ok()?;
        Some(OpenText { id, text, history: History::new(heads) })
    }

    pub(crate) fn id(&self) -> &ObjId {
        &self.id
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this version can be edited and read without walking Automerge's operations.
    pub(crate) fn knows(&self, heads: &[Hash]) -> bool {
        self.history.knows(heads)
    }

    /// The text at these heads, if the version is known.
    pub(crate) fn at(&self, heads: &[Hash]) -> Option<Cow<'_, str>> {
        if heads == self.history.current() {
            return Some(Cow::Borrowed(&self.text));
        }
        self.history.text_at(heads, &self.text).map(Cow::Owned)
    }

    /// An edit of the text at known heads as one of the current text, unless that is too much work.
    pub(crate) fn carry(&self, edit: TextEdit, heads: &[Hash]) -> Option<TextEdit> {
        if heads == self.history.current() { Some(edit) } else { self.history.carry(&edit, heads) }
    }

    /// Notes that these splices were carried out in Automerge and made these heads. Says whether Automerge's text has
    /// the length that this one has now: a text from outside can hold elements that do not split where text does.
    pub(crate) fn advance(
        &mut self,
        doc: &Automerge,
        after: String,
        splices: &[Splice],
        heads: Heads,
    ) -> bool {
        self.history.push(heads, &self.text, splices);
        self.text = after;
        doc.length(&self.id) == place::length(Unit::Utf16, &self.text)
    }

    /// Bytes that this keeps in memory.
    pub(crate) fn weight(&self) -> usize {
        self.text.capacity() + self.history.weight()
    }
}
