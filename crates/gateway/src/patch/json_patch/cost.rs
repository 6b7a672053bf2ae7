//! What an operation costs, found out before it is done.

use super::at;
use crate::gate::Pass;
use crate::patch::work::Work;
use crate::problem::{Kind, Problem};
use crate::request::json::{PARSER_DEPTH, take_room};
use ::json_patch::PatchOperation;
use ::json_patch::jsonptr::Pointer;
use base::Limits;
use serde_json::Value;

/// What is left for the operations of one patch. What `copy` makes counts like what stands in a body.
pub(super) struct Cost {
    work: Work,
    depth_max: usize,
    copied_values: usize,
    copied_bytes: usize,
    values_max: usize,
    bytes_max: usize,
}

/// The size of a value.
#[derive(Default)]
struct Size {
    depth: usize,
    values: usize,
    /// Of strings and keys.
    bytes: usize,
}

impl Cost {
    pub fn new(limits: &Limits, work: Work) -> Cost {
        Cost {
            work,
            depth_max: limits.json_depth.min(PARSER_DEPTH),
            copied_values: 0,
            copied_bytes: 0,
            values_max: limits.json_values,
            bytes_max: limits.body_bytes,
        }
    }

    /// Whether an operation may be carried out on this content. Whether it can be is not asked here.
    pub fn admit(
        &mut self,
        content: &Value,
        operation: &PatchOperation,
        room: &mut Pass,
    ) -> Result<(), Problem> {
        match operation {
            PatchOperation::Add(add) => {
                self.shift(content, &add.path)?;
                self.bury(&add.path, &size(&add.value))
            }
            PatchOperation::Replace(replace) => self.bury(&replace.path, &size(&replace.value)),
            PatchOperation::Remove(remove) => self.shift(content, &remove.path),
            PatchOperation::Move(mv) => {
                self.shift(content, &mv.from)?;
                self.shift(content, &mv.path)?;
                let Some(source) = at(content, &mv.from) else { return Ok(()) };
                let size = size(source);
                self.work.take(size.values)?;
                self.bury(&mv.path, &size)
            }
            PatchOperation::Copy(copy) => {
                self.shift(content, &copy.path)?;
                let Some(source) = at(content, &copy.from) else { return Ok(()) };
                let size = size(source);
                self.work.take(size.values)?;
                self.bury(&copy.path, &size)?;
                self.copied(&size, room)
            }
            // What it compares with stands in the body.
            PatchOperation::Test(_) => Ok(()),
        }
    }

    /// The items of a list that move when one comes or goes.
    fn shift(&mut self, content: &Value, path: &Pointer) -> Result<(), Problem> {
        match path.parent().and_then(|parent| at(content, parent)) {
            Some(Value::Array(items)) => self.work.take(items.len()),
            _ => Ok(()),
        }
    }

    /// Nothing may come to lie too deep: whoever walks a value recurses.
    fn bury(&self, path: &Pointer, size: &Size) -> Result<(), Problem> {
        if path.count().saturating_add(size.depth) <= self.depth_max {
            return Ok(());
        }
        Err(Problem::limit(Kind::JsonTooDeep, "the depth of nested JSON", self.depth_max, None))
    }

    fn copied(&mut self, size: &Size, room: &mut Pass) -> Result<(), Problem> {
        self.copied_values += size.values;
        self.copied_bytes += size.bytes;
        if self.copied_values > self.values_max {
            let what = "the number of JSON values that one patch may copy";
            return Err(Problem::limit(Kind::TooManyValues, what, self.values_max, None));
        }
        if self.copied_bytes > self.bytes_max {
            let what = "the number of bytes that one patch may copy";
            return Err(Problem::limit(Kind::DocumentTooLarge, what, self.bytes_max, None));
        }
        take_room(room, size.values, size.bytes)
    }
}

fn size(value: &Value) -> Size {
    let (mut depth, mut values, mut bytes) = (0, 1, 0);
    let mut inside = |inner: &Value| {
        let size = size(inner);
        (depth, values, bytes) = (depth.max(size.depth), values + size.values, bytes + size.bytes);
    };
    match value {
        Value::Array(items) => items.iter().for_each(&mut inside),
        Value::Object(entries) => {
            entries.values().for_each(&mut inside);
            bytes += entries.keys().map(String::len).sum::<usize>();
        }
        Value::String(text) => bytes += text.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Size { depth: depth + usize::from(value.is_array() || value.is_object()), values, bytes }
}
