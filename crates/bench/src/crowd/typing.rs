//! A text as one person typed it, a character a change: recorded once by Automerge, sent by many.
//!
//! Every change depends on the one before, so a client that has the change at a position has all before it, and knows
//! where it stands from one hash.

use super::{Hash, TEXT};
use anyhow::{Context, Result};
use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ObjType, ROOT};
use bytes::Bytes;
use rand::Rng;
use std::collections::HashMap;

/// One recorded change.
#[derive(Debug, Clone)]
pub struct Stroke {
    /// Its hash.
    pub hash: Hash,
    /// Its chunk.
    pub bytes: Bytes,
}

/// The recording. The first change makes the empty text, each later one appends a character.
pub struct Typing {
    strokes: Vec<Stroke>,
    index: HashMap<Hash, usize>,
    text: String,
    /// The document as it was with that many changes, for whoever brings it to a server.
    saved: Vec<(usize, Box<AutoCommit>)>,
}

impl Typing {
    /// Types `text`, and keeps the document as it was at each of `histories` (a number of changes, ascending).
    pub fn record(text: String, histories: &[usize]) -> Result<Typing> {
        let mut document = AutoCommit::new().with_actor(ActorId::from(rand::rng().random::<[u8; 16]>()));
        let content = document.put_object(ROOT, TEXT, ObjType::Text)?;
        let mut typing = Typing {
            strokes: Vec::with_capacity(text.len() + 1),
            index: HashMap::new(),
            text,
            saved: Vec::new(),
        };
        typing.keep(&mut document, histories)?;
        for (position, character) in typing.text.clone().char_indices() {
            document.splice_text(&content, position, 0, character.encode_utf8(&mut [0; 4]))?;
            typing.keep(&mut document, histories)?;
        }
        Ok(typing)
    }

    fn keep(&mut self, document: &mut AutoCommit, histories: &[usize]) -> Result<()> {
        let change = document.get_last_local_change().context("a change was just made")?;
        let stroke = Stroke { hash: change.hash().0, bytes: Bytes::copy_from_slice(change.raw_bytes()) };
        self.index.insert(stroke.hash, self.strokes.len());
        self.strokes.push(stroke);
        if histories.contains(&self.strokes.len()) {
            self.saved.push((self.strokes.len(), Box::new(document.clone())));
        }
        Ok(())
    }

    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.strokes.len()
    }

    /// Whether nothing was typed; never so, since there is always the change that makes the text.
    pub fn is_empty(&self) -> bool {
        self.strokes.is_empty()
    }

    /// The change after the first `position`.
    pub fn stroke(&self, position: usize) -> Result<&Stroke> {
        self.strokes.get(position).with_context(|| {
            format!(
                "all {} recorded changes were typed: record more or measure for a shorter time",
                self.len()
            )
        })
    }

    /// How many changes a document has whose head is `hash`.
    pub fn length_at(&self, hash: &Hash) -> Option<usize> {
        self.index.get(hash).map(|position| position + 1)
    }

    /// The text after that many changes.
    pub fn text_at(&self, changes: usize) -> &str {
        &self.text[..changes.saturating_sub(1)]
    }

    /// The document with that many changes, if it was asked for when recording.
    pub fn document_at(&self, changes: usize) -> Result<Box<AutoCommit>> {
        let saved = self.saved.iter().find(|(length, _)| *length == changes);
        saved
            .map(|(_, document)| document.clone())
            .with_context(|| format!("no document of {changes} changes was kept"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automerge::ReadDoc;

    #[test]
    fn each_change_leads_to_the_text_so_far() {
        let typing = Typing::record("hello".to_owned(), &[4]).unwrap();
        assert_eq!((typing.len(), typing.text_at(4)), (6, "hel"));
        let mut document = typing.document_at(4).unwrap();
        assert_eq!(typing.length_at(&document.get_heads()[0].0), Some(4));
        for position in 4..6 {
            document.load_incremental(&typing.stroke(position).unwrap().bytes).unwrap();
        }
        let (_, content) = document.get(ROOT, TEXT).unwrap().unwrap();
        assert_eq!(document.text(content).unwrap(), "hello");
        assert!(typing.stroke(6).is_err());
    }
}
