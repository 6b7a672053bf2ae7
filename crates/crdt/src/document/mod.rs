//! `Document`: one document, open in memory.
//!
//! A text document is the root map `{content: Text}`; a JSON document is the root map itself. An edit names the heads
//! it was made against, is made into a change there, and merges with all that came since; see `change` for how. After
//! a panic of Automerge a document is *poisoned*: it answers nothing any more and is to be loaded again.

mod actors;
mod change;
mod create;
mod encode;
mod error;
mod frozen;
mod guard;
mod history;
mod import;
mod made;
#[cfg(test)]
mod tests;
mod text;

pub use create::{New, create};
pub use error::{ApplyError, HeadsError, LoadError, Poisoned, SaveError};
pub use frozen::Frozen;
pub use import::{ImportError, Imported, import};
pub use made::{Made, Stamp};

use crate::edit::EditError;
use crate::json::{render, scalar};
use actors::ActorPool;
use automerge::{Automerge, Change, LoadOptions, ROOT, ReadDoc, TextEncoding, Value};
use base::{Hash, Heads, Limits, Op, Shape, Unit};
use guard::guarded;
use made::{hashes, heads};
use std::collections::HashSet;
use text::{CONTENT, OpenText};

/// One document, open in memory.
#[derive(Debug)]
pub struct Document {
    doc: Automerge,
    actors: ActorPool,
    /// The text under `content`, if there is one: kept beside Automerge so that edits need not walk its operations.
    text: Option<OpenText>,
    /// At least the bytes of the content as JSON. Measured anew when it reaches the limit.
    json_bytes: usize,
    poisoned: bool,
}

impl Document {
    /// Opens a document from its stored chunks: the compacted one, if there is one, and the changes behind it.
    ///
    /// All are applied in one call, because each call walks every object that it touches.
    pub fn load<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<Document, LoadError> {
        let bytes = chunks.into_iter().collect::<Vec<_>>().concat();
        let loaded = guarded(|| {
            let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
            let doc = Automerge::load_with_options(&bytes, options).map_err(LoadError::Invalid)?;
            let missing = heads(doc.get_missing_deps(&[]));
            if missing.is_empty() { Ok(Document::of(doc)) } else { Err(LoadError::Incomplete { missing }) }
        });
        loaded.unwrap_or(Err(LoadError::Poisoned))
    }

    fn of(doc: Automerge) -> Document {
        let mut document =
            Document { doc, actors: ActorPool::default(), text: None, json_bytes: 0, poisoned: false };
        document.refresh();
        document
    }

    /// The exact version.
    pub fn heads(&self) -> Heads {
        heads(self.doc.get_heads())
    }

    /// How many changes it has.
    pub fn changes(&self) -> usize {
        usize::try_from(self.doc.stats().num_changes).unwrap_or(usize::MAX)
    }

    /// The type that the document's content shows: what a document born by sync is taken for.
    pub fn shape(&self) -> Shape {
        let text_alone = self.text.is_some() && self.doc.length(ROOT) == 1;
        if text_alone { Shape::Text } else { Shape::Json }
    }

    /// The content as JSON bytes.
    pub fn content_json(&self, shape: Shape) -> Result<Vec<u8>, Poisoned> {
        self.whole()?;
        let mut out = Vec::with_capacity(self.json_bytes);
        match (shape, &self.text) {
            (Shape::Text, Some(text)) => scalar::write_string(text.as_str(), &mut out),
            (Shape::Text, None) => scalar::write_string(&self.scalar_text(), &mut out),
            (Shape::Json, _) => guarded(|| render::root(&self.doc, None, &mut out))?,
        }
        Ok(out)
    }

    /// The content as JSON bytes, as it was at these heads.
    pub fn content_json_at(&self, shape: Shape, at: &[Hash]) -> Result<Vec<u8>, HeadsError> {
        self.whole()?;
        if at == self.heads() {
            return Ok(self.content_json(shape)?);
        }
        if let (Shape::Text, Some(text)) = (shape, &self.text)
            && let Some(past) = text.at(at)
        {
            return Ok(scalar::string(&past));
        }
        self.known(at)?;
        Ok(guarded(|| self.read_at(shape, at))?)
    }

    /// Makes the content `content`, as seen from the heads `at`: the difference between the content there and the new
    /// one becomes a change that merges with what came since. None if there is no difference.
    pub fn replace(
        &mut self,
        shape: Shape,
        at: &[Hash],
        content: &serde_json::Value,
        stamp: Stamp,
        limits: &Limits,
    ) -> Result<Option<Made>, EditError> {
        self.edit_with(at, |document| change::replace(document, shape, at, content, stamp, limits))
    }

    /// Carries out operations on the content at the heads `at`, all or none. None if they change nothing.
    pub fn edit(
        &mut self,
        shape: Shape,
        at: &[Hash],
        ops: &[Op],
        unit: Unit,
        stamp: Stamp,
        limits: &Limits,
    ) -> Result<Option<Made>, EditError> {
        if ops.len() > limits.operations {
            return Err(EditError::TooManyOps { count: ops.len(), limit: limits.operations });
        }
        self.edit_with(at, |document| change::edit(document, shape, at, ops, unit, stamp, limits))
    }

    /// Takes in changes that were made elsewhere and admitted. Those that are here already are left out.
    pub fn apply(&mut self, chunks: &[&[u8]]) -> Result<(), ApplyError> {
        self.whole()?;
        let changes = self.new_changes(chunks)?;
        if changes.is_empty() {
            return Ok(());
        }
        let applied = guarded(|| {
            self.doc.apply_changes(changes)?;
            self.refresh();
            Ok(())
        });
        self.poisoned = !matches!(applied, Ok(Ok(())));
        applied?.map_err(ApplyError::Refused)
    }

    /// The changes that `to` has and `from` has not, one chunk behind the other, each behind those that it builds on.
    pub fn changes_between(&self, from: &[Hash], to: &[Hash]) -> Result<Vec<u8>, HeadsError> {
        self.whole()?;
        self.known(from)?;
        self.known(to)?;
        let between = guarded(|| {
            let later: HashSet<_> =
                self.doc.get_changes_meta(&hashes(to)).iter().map(|change| change.hash).collect();
            let mut bytes = Vec::new();
            let since = self.doc.get_changes(&hashes(from));
            since.iter().filter(|change| !later.contains(&change.hash())).for_each(|change| {
                bytes.extend_from_slice(change.raw_bytes());
            });
            bytes
        });
        Ok(between?)
    }

    /// A copy at this version, to be saved while the document goes on: copying is quick, saving is not.
    pub fn freeze(&self) -> Result<Frozen, Poisoned> {
        self.whole()?;
        Ok(Frozen::of(self.doc.clone()))
    }

    /// A copy, to be saved as the document was at these heads, with nothing that came later.
    pub fn freeze_at(&self, at: &[Hash]) -> Result<Frozen, HeadsError> {
        if at == self.heads() {
            return Ok(self.freeze()?);
        }
        self.whole()?;
        self.known(at)?;
        Ok(Frozen::of_past(self.doc.clone(), hashes(at)))
    }

    /// About how many bytes of memory the open document takes.
    pub fn weight(&self) -> usize {
        // Measured: an open document takes 10 to 16 KB, and a change and an operation some bytes more, in columns.
        const EMPTY: usize = 14 << 10;
        const CHANGE: usize = 160;
        const OPERATION: usize = 6;
        let stats = self.doc.stats();
        let changes = usize::try_from(stats.num_changes).unwrap_or(usize::MAX);
        let operations = usize::try_from(stats.num_ops).unwrap_or(usize::MAX);
        let automerge = changes.saturating_mul(CHANGE).saturating_add(operations.saturating_mul(OPERATION));
        let text = self.text.as_ref().map_or(0, OpenText::weight);
        automerge.saturating_add(EMPTY + text + self.json_bytes)
    }

    /// Whether Automerge has panicked on it: it answers nothing any more and is to be loaded again.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Drops the actors that edits are made under: after an outcome that is unknown, or a lost leadership.
    pub fn forget_actors(&mut self) {
        self.actors.forget();
    }

    /// Reads anew what is kept beside Automerge: after a change that did not come through the fast path.
    fn refresh(&mut self) {
        self.text = OpenText::of(&self.doc, self.heads());
        self.json_bytes = self.measure(&self.doc);
    }

    /// The bytes of the content as JSON, of this document inside or outside of a transaction.
    fn measure<D: ReadDoc>(&self, doc: &D) -> usize {
        let mut out = Vec::with_capacity(self.json_bytes);
        render::root(doc, None, &mut out);
        out.len()
    }

    fn edit_with(
        &mut self,
        at: &[Hash],
        edit: impl FnOnce(&mut Document) -> Result<Option<Made>, EditError>,
    ) -> Result<Option<Made>, EditError> {
        self.whole()?;
        self.known(at)?;
        let made = guarded(|| edit(self));
        self.poisoned = made.is_err();
        made?
    }

    fn whole(&self) -> Result<(), Poisoned> {
        if self.poisoned { Err(Poisoned) } else { Ok(()) }
    }

    fn known(&self, at: &[Hash]) -> Result<(), HeadsError> {
        if at.is_empty() {
            return Err(HeadsError::Empty);
        }
        if self.text.as_ref().is_some_and(|text| text.knows(at)) {
            return Ok(());
        }
        match at.iter().find(|hash| self.doc.get_change_meta_by_hash(&hashes(&[**hash])[0]).is_none()) {
            Some(unknown) => Err(HeadsError::Unknown { unknown: *unknown }),
            None => Ok(()),
        }
    }

    fn new_changes(&self, chunks: &[&[u8]]) -> Result<Vec<Change>, ApplyError> {
        let mut changes = Vec::with_capacity(chunks.len());
        for (index, chunk) in chunks.iter().enumerate() {
            let change = guarded(|| Change::from_bytes(chunk.to_vec()))?;
            let change = change.map_err(|source| ApplyError::Chunk { index, source })?;
            if self.doc.get_change_meta_by_hash(&change.hash()).is_none() {
                changes.push(change);
            }
        }
        self.complete(&changes)?;
        Ok(changes)
    }

    /// Automerge would queue a change whose dependencies are missing, and say nothing.
    fn complete(&self, changes: &[Change]) -> Result<(), ApplyError> {
        let coming: HashSet<_> = changes.iter().map(Change::hash).collect();
        for change in changes {
            let missing = change
                .deps()
                .iter()
                .find(|dep| !coming.contains(dep) && self.doc.get_change_meta_by_hash(dep).is_none());
            if let Some(missing) = missing {
                return Err(ApplyError::Incomplete {
                    change: Hash(change.hash().0),
                    missing: Hash(missing.0),
                });
            }
        }
        Ok(())
    }

    fn read_at(&self, shape: Shape, at: &[Hash]) -> Vec<u8> {
        let at = hashes(at);
        let mut out = Vec::new();
        match shape {
            Shape::Json => render::root(&self.doc, Some(&at), &mut out),
            Shape::Text => {
                let found = self.doc.get_at(ROOT, CONTENT, &at).ok().flatten();
                let text = match found {
                    Some((Value::Object(_), id)) => self.doc.text_at(&id, &at).unwrap_or_default(),
                    Some((Value::Scalar(value), _)) => value.as_str().unwrap_or_default().to_owned(),
                    None => String::new(),
                };
                scalar::write_string(&text, &mut out);
            }
        }
        out
    }

    /// What a text document without a text object shows: an immutable string as it stands, anything else as nothing.
    fn scalar_text(&self) -> String {
        let found = self.doc.get(ROOT, CONTENT).ok().flatten();
        found.and_then(|(value, _)| value.as_str().map(str::to_owned)).unwrap_or_default()
    }
}
