//! Carrying out a client's operations on a JSON document, one behind the other.

use super::error::EditError;
use super::pieces::{Pieces, Request};
use super::place::pointer;
use super::text;
use super::tree::{Existing, Place, Tree};
use crate::json::Content;
use automerge::transaction::{Transactable, Transaction};
use automerge::{ObjId, ObjType, Prop, ROOT, ReadDoc, ScalarValue, Value};
use base::{Op, PathStep, Unit};

/// Carries out all operations, or says why one cannot be; the caller then rolls the transaction back. Gives the bytes
/// of content that were written.
pub(crate) fn perform(
    tx: &mut Transaction<'_>,
    ops: &[Op],
    unit: Unit,
    json_depth: usize,
) -> Result<usize, EditError> {
    let mut written = 0;
    for (op, operation) in ops.iter().enumerate() {
        let mut one = One { tree: Tree { tx, written }, op };
        match operation {
            Op::Set { path, value } => one.set(path, &one.value(value, left(json_depth, path))?)?,
            Op::Insert { path, value } => one.insert(path, &one.value(value, left(json_depth, path))?)?,
            Op::Delete { path } => one.delete(path)?,
            Op::Splice { path, position, delete, insert } => {
                let path_text = pointer(path);
                let request = Request { op, path: &path_text, position: *position, delete: *delete, insert };
                one.splice(path, unit, &request)?;
            }
            Op::Increment { path, by } => one.increment(path, *by)?,
        }
        written = one.tree.written;
    }
    Ok(written)
}

/// How deeply a value at a path may nest.
fn left(json_depth: usize, path: &[PathStep]) -> usize {
    json_depth.saturating_sub(path.len())
}

/// One operation.
struct One<'t, 'd> {
    tree: Tree<'t, 'd>,
    op: usize,
}

impl One<'_, '_> {
    /// The value that the operation brings.
    fn value(&self, value: &serde_json::Value, depth: usize) -> Result<Content, EditError> {
        Content::read(value, depth).map_err(|source| EditError::BadValue { op: self.op, source })
    }

    fn set(&mut self, path: &[PathStep], content: &Content) -> Result<(), EditError> {
        if path.is_empty() {
            let Content::Map(entries) = content else {
                return Err(EditError::RootReplaced { op: self.op, found: content.kind() });
            };
            return Ok(self.tree.make_map(&ROOT, entries)?);
        }
        let (parent, prop) = self.parent(path)?;
        match (self.get(&parent, &prop)?, &prop) {
            (Some(existing), _) => self.tree.make(&parent, prop, &existing, content)?,
            (None, Prop::Map(_)) => self.tree.write(&parent, prop, Place::Put, content)?,
            (None, Prop::Seq(_)) => return Err(self.beyond(&parent, path)),
        }
        Ok(())
    }

    fn insert(&mut self, path: &[PathStep], content: &Content) -> Result<(), EditError> {
        match self.parent(path)? {
            (list, Prop::Seq(index)) if index <= self.tree.tx.length(&list) => {
                Ok(self.tree.write(&list, index.into(), Place::Insert, content)?)
            }
            (list, Prop::Seq(_)) => Err(self.beyond(&list, path)),
            (_, Prop::Map(_)) => {
                Err(self.wrong_type(&path[..path.len() - 1], "a list; use set for a key", "an object"))
            }
        }
    }

    fn delete(&mut self, path: &[PathStep]) -> Result<(), EditError> {
        let (parent, prop) = self.parent(path)?;
        if self.get(&parent, &prop)?.is_none() {
            return Err(self.nothing(path));
        }
        Ok(self.tree.tx.delete(&parent, prop)?)
    }

    fn splice(&mut self, path: &[PathStep], unit: Unit, request: &Request<'_>) -> Result<(), EditError> {
        let id = match self.at(path)? {
            Existing::Object(id, ObjType::Text) => id,
            other => {
                return Err(self.wrong_type(path, "a text; set it to a new string instead", other.kind()));
            }
        };
        let base = self.tree.tx.text(&id)?;
        let mut pieces = Pieces::new(&base, unit);
        pieces.splice(request)?;
        self.tree.written += request.insert.len();
        Ok(text::perform(self.tree.tx, &id, &base, &pieces.finish().splices())?)
    }

    fn increment(&mut self, path: &[PathStep], by: i64) -> Result<(), EditError> {
        let value = match self.at(path)? {
            Existing::Scalar(ScalarValue::Counter(counter)) => i64::from(&counter),
            other => {
                return Err(self.wrong_type(
                    path,
                    "a counter; set {\"$counter\": 0} to make one",
                    other.kind(),
                ));
            }
        };
        if value.checked_add(by).is_none() {
            return Err(EditError::CounterOverflow { op: self.op, path: pointer(path), value, by });
        }
        let (parent, prop) = self.parent(path)?;
        Ok(self.tree.tx.increment(&parent, prop, by)?)
    }

    /// The object that holds the last step of a path, and that step.
    fn parent(&self, path: &[PathStep]) -> Result<(ObjId, Prop), EditError> {
        let Some((last, way)) = path.split_last() else {
            return Err(self.wrong_type(
                path,
                "a key or an item inside of the document",
                "the whole document",
            ));
        };
        let at = self.at(way)?;
        let Existing::Object(id, kind) = at else {
            return Err(self.wrong_type(way, "an object or a list", at.kind()));
        };
        let prop = self.step(last, kind, way)?;
        Ok((id, prop))
    }

    /// What a path leads to.
    fn at(&self, path: &[PathStep]) -> Result<Existing, EditError> {
        let mut at = Existing::Object(ROOT, ObjType::Map);
        for (depth, step) in path.iter().enumerate() {
            let Existing::Object(id, kind) = &at else {
                return Err(self.wrong_type(&path[..depth], "an object or a list", at.kind()));
            };
            let prop = self.step(step, *kind, &path[..depth])?;
            at = self.get(id, &prop)?.ok_or_else(|| self.nothing(&path[..=depth]))?;
        }
        Ok(at)
    }

    fn step(&self, step: &PathStep, kind: ObjType, way: &[PathStep]) -> Result<Prop, EditError> {
        match (step, kind) {
            (PathStep::Key(key), ObjType::Map | ObjType::Table) => Ok(key.as_str().into()),
            (PathStep::Index(index), ObjType::List) => Ok((*index).into()),
            (PathStep::Index(_), ObjType::Map | ObjType::Table) => {
                Err(self.wrong_type(way, "a list", "an object"))
            }
            (PathStep::Key(_), ObjType::List) => Err(self.wrong_type(way, "an object", "a list")),
            (_, ObjType::Text) => Err(self.wrong_type(way, "an object or a list", "a text")),
        }
    }

    fn get(&self, parent: &ObjId, prop: &Prop) -> Result<Option<Existing>, EditError> {
        let found = self.tree.tx.get(parent, prop.clone())?;
        Ok(found.map(|(value, id)| match value {
            Value::Object(kind) => Existing::Object(id, kind),
            Value::Scalar(scalar) => Existing::Scalar(scalar.into_owned()),
        }))
    }

    fn beyond(&self, list: &ObjId, path: &[PathStep]) -> EditError {
        let (list_path, end) = match path.split_last() {
            Some((PathStep::Index(index), way)) => (way, *index),
            _ => (path, 0),
        };
        let (path, length) = (pointer(list_path), self.tree.tx.length(list));
        EditError::OutOfRange { op: self.op, path, end, length, unit: "items".to_owned() }
    }

    fn nothing(&self, path: &[PathStep]) -> EditError {
        EditError::NothingThere { op: self.op, path: pointer(path) }
    }

    fn wrong_type(&self, path: &[PathStep], expected: &'static str, found: &'static str) -> EditError {
        EditError::WrongType { op: self.op, path: pointer(path), expected, found }
    }
}
