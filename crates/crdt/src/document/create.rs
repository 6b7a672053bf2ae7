//! Making a new document: one change, encoded directly, without opening a document.

use super::change::text_content;
use super::encode::{Encoder, Target};
use super::made::{Made, Stamp};
use super::text::CONTENT;
use crate::edit::EditError;
use crate::json::{Content, render, scalar};
use base::{Heads, Limits, Shape};

/// A new document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Its first change, under a new random actor.
    pub change: Made,
    /// Its heads: that change.
    pub heads: Heads,
    /// Its content as JSON bytes, as [`super::Document::content_json`] gives it.
    pub content: Vec<u8>,
}

/// Makes a new document.
///
/// The change is encoded here, because opening a document in Automerge costs about ten times as much. It is the one
/// that Automerge makes of the same operations, byte for byte: compaction re-encodes changes and compares hashes.
pub fn create(
    shape: Shape,
    content: &serde_json::Value,
    stamp: Stamp,
    limits: &Limits,
) -> Result<New, EditError> {
    let (change, content) = match shape {
        Shape::Text => text(text_content(content)?, stamp, limits)?,
        Shape::Json => json(&Content::read(content, limits.json_depth)?, stamp, limits)?,
    };
    if change.bytes.len() > limits.change_bytes {
        return Err(EditError::ChangeTooLarge { bytes: change.bytes.len(), limit: limits.change_bytes });
    }
    Ok(New { heads: vec![change.hash], change, content })
}

fn text(text: &str, stamp: Stamp, limits: &Limits) -> Result<(Made, Vec<u8>), EditError> {
    let content = scalar::string(text);
    check_size(content.len(), limits)?;
    let mut encoder = Encoder::default();
    encoder.text(Target::Key(None, CONTENT), text);
    Ok((encoder.finish(&rand::random::<[u8; 16]>(), stamp), content))
}

fn json(content: &Content, stamp: Stamp, limits: &Limits) -> Result<(Made, Vec<u8>), EditError> {
    let Content::Map(entries) = content else { return Err(EditError::json_root(content)) };
    let mut json = Vec::new();
    render::content(content, &mut json);
    check_size(json.len(), limits)?;
    let mut encoder = Encoder::default();
    encoder.root(entries);
    Ok((encoder.finish(&rand::random::<[u8; 16]>(), stamp), json))
}

/// Whether content of this many bytes as JSON fits a document.
pub(crate) fn check_size(bytes: usize, limits: &Limits) -> Result<(), EditError> {
    if bytes > limits.document_bytes {
        return Err(EditError::DocumentTooLarge { bytes, limit: limits.document_bytes });
    }
    Ok(())
}
