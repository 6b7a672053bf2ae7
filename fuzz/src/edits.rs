//! Content and operations of thin clients, steered by the bytes of a fuzzer.
//!
//! Keys and indexes come from few, so that paths lead somewhere and concurrent edits meet; values are of every kind, with
//! tags that are malformed among them.

use base::{Op, PathStep, Shape, Unit};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use serde_json::{Map, Number, Value, json};

const KEYS: [&str; 7] = ["a", "b", "content", "", "é", "$counter", "$map"];

/// What texts are made of: one and two UTF-16 code units, marks that join with what is before them, controls.
const PIECES: [&str; 10] = ["a", "b", " ", "\n", "é", "e\u{301}", "😀", "👩\u{200d}👧", "\0", "\u{301}"];

const DEPTH_MAX: usize = 4;

/// The content of a document of this type, or now and then of no type.
pub fn content(bytes: &mut Unstructured<'_>, shape: Shape) -> Result<Value> {
    if bytes.ratio(1, 16)? {
        return value(bytes, DEPTH_MAX);
    }
    match shape {
        Shape::Text => Ok(Value::String(text(bytes)?)),
        Shape::Json => Ok(Value::Object(object(bytes, DEPTH_MAX)?)),
    }
}

/// Operations of one edit.
pub fn ops(bytes: &mut Unstructured<'_>, shape: Shape) -> Result<Vec<Op>> {
    (0..bytes.int_in_range(1..=4)?).map(|_| op(bytes, shape)).collect()
}

/// What the positions in texts count.
pub fn unit(bytes: &mut Unstructured<'_>) -> Result<Unit> {
    Ok(if bytes.arbitrary()? { Unit::Utf16 } else { Unit::Scalar })
}

fn op(bytes: &mut Unstructured<'_>, shape: Shape) -> Result<Op> {
    let kind = if shape == Shape::Text && !bytes.ratio(1, 16)? { 0 } else { bytes.int_in_range(0..=4)? };
    let path = if shape == Shape::Text && !bytes.ratio(1, 16)? { vec![] } else { path(bytes)? };
    Ok(match kind {
        0 => Op::Splice { path, position: small(bytes)?, delete: small(bytes)?, insert: text(bytes)? },
        1 => Op::Set { path, value: value(bytes, DEPTH_MAX)? },
        2 => Op::Delete { path },
        3 => Op::Insert { path, value: value(bytes, DEPTH_MAX)? },
        _ => Op::Increment { path, by: bytes.arbitrary()? },
    })
}

fn path(bytes: &mut Unstructured<'_>) -> Result<Vec<PathStep>> {
    let step = |bytes: &mut Unstructured<'_>| {
        Ok(if bytes.arbitrary()? { PathStep::Index(small(bytes)?) } else { PathStep::Key(key(bytes)?) })
    };
    (0..bytes.int_in_range(0..=3)?).map(|_| step(bytes)).collect()
}

/// Mostly a number that something has; now and then the largest there is.
fn small(bytes: &mut Unstructured<'_>) -> Result<usize> {
    Ok(if bytes.ratio(1, 32)? { usize::MAX } else { bytes.int_in_range(0..=5)? })
}

fn key(bytes: &mut Unstructured<'_>) -> Result<String> {
    Ok((*bytes.choose(&KEYS)?).to_owned())
}

fn text(bytes: &mut Unstructured<'_>) -> Result<String> {
    (0..bytes.int_in_range(0..=6)?).map(|_| bytes.choose(&PIECES).copied()).collect()
}

fn object(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Map<String, Value>> {
    let entry = |bytes: &mut Unstructured<'_>| Ok((key(bytes)?, value(bytes, depth - 1)?));
    (0..bytes.int_in_range(0..=4)?).map(|_| entry(bytes)).collect()
}

fn value(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let deepest = if depth == 0 { 8 } else { 10 };
    Ok(match bytes.int_in_range(0..=deepest)? {
        0 => Value::Null,
        1 => Value::Bool(bytes.arbitrary()?),
        2 => Value::from(bytes.arbitrary::<i64>()?),
        3 => Value::from(bytes.arbitrary::<u64>()?),
        4 => Number::from_f64(bytes.arbitrary()?).map_or(Value::Null, Value::Number),
        5 => json!({"$counter": bytes.arbitrary::<i64>()?}),
        6 => json!({"$timestamp": bytes.arbitrary::<i64>()?}),
        7 => json!({"$bytes": text(bytes)?}),
        8 => Value::String(text(bytes)?),
        9 => (0..bytes.int_in_range(0..=4)?).map(|_| value(bytes, depth - 1)).collect::<Result<_>>()?,
        _ => Value::Object(object(bytes, depth)?),
    })
}
