//! How an edit becomes a change of an open document.
//!
//! A text is edited at a known version by carrying the edit forward to the current text, as `history` explains: the
//! change then builds on the current heads and costs what it changes. Everything else is edited in a transaction of
//! Automerge at the heads that were named, which walks the operations of what it touches.

use super::create::check_size;
use super::made::{Made, Stamp, hashes, heads};
use super::text::CONTENT;
use super::{Document, OpenText};
use crate::edit::pieces::{Pieces, Request};
use crate::edit::tree::{Existing, Tree};
use crate::edit::{EditError, TextEdit, ops, text, text_diff};
use crate::json::{Content, render, scalar};
use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, ChangeHash, ObjType, PatchLog, ROOT, ReadDoc, ScalarValue, Value};
use base::{Hash, Limits, Op, Shape, Unit};
use std::collections::HashSet;

/// See `Document::replace`.
pub(crate) fn replace(
    document: &mut Document,
    shape: Shape,
    at: &[Hash],
    content: &serde_json::Value,
    stamp: Stamp,
    limits: &Limits,
) -> Result<Option<Made>, EditError> {
    match shape {
        Shape::Text => {
            let new = text_content(content)?;
            let edit = |base: &str| Ok(text_diff::diff(base, new));
            Change { document, at, stamp, limits }.text(edit)
        }
        Shape::Json => {
            let entries = match Content::read(content, limits.json_depth)? {
                Content::Map(entries) => entries,
                other => return Err(EditError::json_root(&other)),
            };
            Change { document, at, stamp, limits }.json(|tx| {
                let mut tree = Tree { tx, written: 0 };
                tree.make_map(&ROOT, &entries)?;
                Ok(tree.written)
            })
        }
    }
}

/// See `Document::edit`.
pub(crate) fn edit(
    document: &mut Document,
    shape: Shape,
    at: &[Hash],
    operations: &[Op],
    unit: Unit,
    stamp: Stamp,
    limits: &Limits,
) -> Result<Option<Made>, EditError> {
    let change = Change { document, at, stamp, limits };
    match shape {
        Shape::Text => change.text(|base| spliced(base, operations, unit)),
        Shape::Json => change.json(|tx| ops::perform(tx, operations, unit, limits.json_depth)),
    }
}

/// The content of a text document.
pub(crate) fn text_content(content: &serde_json::Value) -> Result<&str, EditError> {
    let found = match content {
        serde_json::Value::String(text) => return Ok(text),
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "a boolean",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::Array(_) => "a list",
        serde_json::Value::Object(_) => "an object",
    };
    Err(EditError::Root { document: "Text", expected: "a string", found })
}

fn spliced(base: &str, operations: &[Op], unit: Unit) -> Result<TextEdit, EditError> {
    let mut pieces = Pieces::new(base, unit);
    for (op, operation) in operations.iter().enumerate() {
        match operation {
            Op::Splice { path, position, delete, insert } if path.is_empty() => {
                pieces.splice(&Request { op, path: "", position: *position, delete: *delete, insert })?;
            }
            _ => return Err(EditError::TextOnly { op }),
        }
    }
    Ok(pieces.finish())
}

/// One edit on its way into a document.
struct Change<'c> {
    document: &'c mut Document,
    at: &'c [Hash],
    stamp: Stamp,
    limits: &'c Limits,
}

impl Change<'_> {
    fn text(self, edit: impl Fn(&str) -> Result<TextEdit, EditError>) -> Result<Option<Made>, EditError> {
        if let Some(open) = &self.document.text
            && let Some(base) = open.at(self.at)
            && let Some(carried) = open.carry(edit(&base)?, self.at)
        {
            return self.text_at_current(carried);
        }
        self.text_at_past(edit)
    }

    /// Edits the current text in place.
    fn text_at_current(self, edit: TextEdit) -> Result<Option<Made>, EditError> {
        let open = self.document.text.as_mut().expect("the edit was made against the open text");
        if edit.is_empty() {
            return Ok(None);
        }
        let after = edit.apply_to(open.as_str());
        check_text(&after, self.limits)?;
        let splices = edit.splices();
        let (doc, actor) = (&mut self.document.doc, self.document.actors.for_current());
        let before = doc.get_heads();
        doc.set_actor(actor.clone());
        let mut tx = doc.transaction();
        text::perform(&mut tx, open.id(), open.as_str(), &splices)?;
        let Some(hash) = commit(tx, self.stamp) else { return Ok(None) };
        let made = made(self.document, hash);
        if made.bytes.len() > self.limits.change_bytes {
            return Err(undo(self.document, &before, made, self.limits));
        }
        self.document.actors.used(actor, hash);
        let heads = heads(self.document.doc.get_heads());
        let open = self.document.text.as_mut().expect("it was there above");
        if open.advance(&self.document.doc, after, &splices, heads) {
            self.document.json_bytes = self.document.json_bytes.max(open.as_str().len() + 2);
        } else {
            self.document.refresh();
        }
        Ok(Some(made))
    }

    /// Edits the text at heads that are not kept, or a document that has no text where one belongs.
    fn text_at_past(
        self,
        edit: impl Fn(&str) -> Result<TextEdit, EditError>,
    ) -> Result<Option<Made>, EditError> {
        let limits = self.limits;
        self.json(|tx| {
            let existing = tx.get(ROOT, CONTENT)?.map(|(value, id)| match value {
                Value::Object(kind) => Existing::Object(id, kind),
                Value::Scalar(scalar) => Existing::Scalar(scalar.into_owned()),
            });
            let (id, base) = match existing {
                Some(Existing::Object(id, ObjType::Text)) => {
                    let text = tx.text(&id)?;
                    (Some(id), text)
                }
                Some(Existing::Scalar(ScalarValue::Str(text))) => (None, text.to_string()),
                _ => (None, String::new()),
            };
            let edit = edit(&base)?;
            let after = edit.apply_to(&base);
            check_text(&after, limits)?;
            match id {
                Some(id) => text::perform(tx, &id, &base, &edit.splices())?,
                None if edit.is_empty() => {}
                None => {
                    let id = tx.put_object(ROOT, CONTENT, ObjType::Text)?;
                    tx.splice_text(&id, 0, 0, &after)?;
                }
            }
            Ok(after.len().saturating_sub(base.len()))
        })
    }

    /// Edits in a transaction of Automerge. `work` gives the bytes of content that it wrote.
    fn json(
        self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<usize, EditError>,
    ) -> Result<Option<Made>, EditError> {
        let document = self.document;
        let before = document.doc.get_heads();
        let actor = actor(document, self.at);
        document.doc.set_actor(actor.clone());
        let known_bytes = document.json_bytes;
        let mut tx = if self.at == heads(before.iter().copied()) {
            document.doc.transaction()
        } else {
            let opened = document.doc.transaction_at(PatchLog::inactive(), &hashes(self.at));
            opened.expect("an inactive patch log belongs to every document")
        };
        let written = work(&mut tx)?;
        let json_bytes = bytes_after(&tx, known_bytes + written, self.limits)?;
        let Some(hash) = commit(tx, self.stamp) else { return Ok(None) };
        let made = made(document, hash);
        if made.bytes.len() > self.limits.change_bytes {
            return Err(undo(document, &before, made, self.limits));
        }
        document.actors.used(actor, hash);
        document.text = OpenText::of(&document.doc, heads(document.doc.get_heads()));
        document.json_bytes = json_bytes;
        Ok(Some(made))
    }
}

fn actor(document: &Document, at: &[Hash]) -> ActorId {
    if at == document.heads() {
        return document.actors.for_current();
    }
    let later = document.doc.get_changes_meta(&hashes(at)).iter().map(|change| change.hash).collect();
    document.actors.for_past(&HashSet::<ChangeHash>::from_iter::<Vec<_>>(later))
}

fn commit(tx: Transaction<'_>, stamp: Stamp) -> Option<ChangeHash> {
    tx.commit_with(CommitOptions::default().with_time(stamp.seconds())).0
}

fn made(document: &Document, hash: ChangeHash) -> Made {
    let change = document.doc.get_change_by_hash(&hash);
    Made::of(&change.expect("Automerge has just committed it"))
}

/// Takes back a change that turned out too large: the document is built anew from all others.
fn undo(document: &mut Document, before: &[ChangeHash], made: Made, limits: &Limits) -> EditError {
    match document.doc.fork_at(before) {
        Ok(doc) => document.doc = doc,
        Err(error) => return EditError::Refused(error),
    }
    document.refresh();
    EditError::ChangeTooLarge { bytes: made.bytes.len(), limit: limits.change_bytes }
}

/// A bound for the bytes of the content after an edit; measured when the bound reaches the limit.
fn bytes_after(tx: &Transaction<'_>, bound: usize, limits: &Limits) -> Result<usize, EditError> {
    if bound <= limits.document_bytes {
        return Ok(bound);
    }
    let mut out = Vec::new();
    render::root(tx, None, &mut out);
    check_size(out.len(), limits)?;
    Ok(out.len())
}

/// Whether a text fits a document, as JSON.
fn check_text(text: &str, limits: &Limits) -> Result<(), EditError> {
    // No character takes more than six bytes of JSON for one of its own.
    if text.len() + 2 <= limits.document_bytes / 6 {
        return Ok(());
    }
    check_size(scalar::string(text).len(), limits)
}
