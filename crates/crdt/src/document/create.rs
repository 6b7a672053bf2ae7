//! Making a new document: one change, encoded directly, without opening a document.

use super::change::{check_text, text_content};
use super::encode::{Encoder, Target};
use super::made::{Made, Stamp};
use super::text::CONTENT;
use crate::edit::EditError;
use crate::edit::ops;
use crate::json::{Content, render};
use base::{Heads, Limits, Shape};

/// A new document: its first change, under a new random actor, and its heads.
///
/// The change is encoded here, because opening a document in Automerge costs about ten times as much. It is the one
/// that Automerge makes of the same operations, byte for byte: compaction re-encodes changes and compares hashes.
pub fn create(
    shape: Shape,
    content: &serde_json::Value,
    stamp: Stamp,
    limits: &Limits,
) -> Result<(Made, Heads), EditError> {
    let actor = rand::random::<[u8; 16]>();
    let made = match shape {
        Shape::Text => text(text_content(content)?, &actor, stamp, limits)?,
        Shape::Json => json(&Content::read(content, limits.json_depth)?, &actor, stamp, limits)?,
    };
    if made.bytes.len() > limits.change_bytes {
        return Err(EditError::ChangeTooLarge { bytes: made.bytes.len(), limit: limits.change_bytes });
    }
    let heads = vec![made.hash];
    Ok((made, heads))
}

fn text(text: &str, actor: &[u8], stamp: Stamp, limits: &Limits) -> Result<Made, EditError> {
    check_text(text, limits)?;
    let mut encoder = Encoder::default();
    encoder.text(Target::Key(None, CONTENT), text);
    Ok(encoder.finish(actor, stamp))
}

fn json(content: &Content, actor: &[u8], stamp: Stamp, limits: &Limits) -> Result<Made, EditError> {
    let Content::Map(entries) = content else { return Err(ops::root_error(content)) };
    let mut out = Vec::new();
    render::content(content, &mut out);
    check_size(out.len(), limits)?;
    let mut encoder = Encoder::default();
    encoder.root(entries);
    Ok(encoder.finish(actor, stamp))
}

fn check_size(bytes: usize, limits: &Limits) -> Result<(), EditError> {
    if bytes > limits.document_bytes {
        return Err(EditError::DocumentTooLarge { bytes, limit: limits.document_bytes });
    }
    Ok(())
}
