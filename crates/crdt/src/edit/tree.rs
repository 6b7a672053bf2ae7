//! Making what is in a document equal to a content, and changing as little as that takes.
//!
//! Maps are compared by key, lists by their longest common subsequence, texts as `text_diff` does; an object whose
//! content stays the same is not touched, and one that changes keeps its identity.

use super::align::{self, Item, Kind};
use super::myers;
use super::text;
use super::text_diff;
use crate::json::{Content, render, scalar};
use automerge::transaction::{Transactable, Transaction};
use automerge::{AutomergeError, ObjId, ObjType, Prop, ReadDoc, ScalarValue, ScalarValueRef, ValueRef};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// A writer of contents inside of one transaction.
pub(crate) struct Tree<'t, 'd> {
    pub(crate) tx: &'t mut Transaction<'d>,
    /// Bytes of content written so far.
    pub(crate) written: usize,
}

/// What stands at a place of the document.
#[derive(Debug, Clone)]
pub(crate) enum Existing {
    Object(ObjId, ObjType),
    Scalar(ScalarValue),
}

/// Whether a value takes the place of another or comes in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Put,
    Insert,
}

impl Existing {
    pub(crate) fn of(value: &ValueRef<'_>, id: impl FnOnce() -> ObjId) -> Existing {
        match value {
            ValueRef::Object(kind) => Existing::Object(id(), *kind),
            ValueRef::Scalar(value) => Existing::Scalar(value.to_owned().into()),
        }
    }

    /// The word for it in messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Existing::Object(_, ObjType::Map | ObjType::Table) => "an object",
            Existing::Object(_, ObjType::List) => "a list",
            Existing::Object(_, ObjType::Text) => "a text",
            Existing::Scalar(ScalarValue::Counter(_)) => "a counter",
            Existing::Scalar(ScalarValue::Str(_)) => "an immutable string",
            Existing::Scalar(ScalarValue::Null) => "null",
            Existing::Scalar(ScalarValue::Boolean(_)) => "a boolean",
            Existing::Scalar(ScalarValue::Bytes(_)) => "bytes",
            Existing::Scalar(ScalarValue::Timestamp(_)) => "a timestamp",
            Existing::Scalar(ScalarValue::Unknown { .. }) => "a value of an unknown type",
            Existing::Scalar(ScalarValue::Int(_) | ScalarValue::Uint(_) | ScalarValue::F64(_)) => "a number",
        }
    }

    fn alignment(&self) -> Kind {
        match self {
            Existing::Object(_, ObjType::Map | ObjType::Table) => Kind::Map,
            Existing::Object(_, ObjType::List) => Kind::List,
            Existing::Object(_, ObjType::Text) => Kind::Text,
            Existing::Scalar(ScalarValue::Counter(_)) => Kind::Counter,
            Existing::Scalar(_) => Kind::Scalar,
        }
    }
}

fn alignment(content: &Content) -> Kind {
    match content {
        Content::Map(_) => Kind::Map,
        Content::List(_) => Kind::List,
        Content::Text(_) => Kind::Text,
        Content::Counter(_) => Kind::Counter,
        _ => Kind::Scalar,
    }
}

impl Tree<'_, '_> {
    /// Makes a map hold exactly these entries.
    pub(crate) fn make_map(
        &mut self,
        map: &ObjId,
        entries: &BTreeMap<String, Content>,
    ) -> Result<(), AutomergeError> {
        let existing: BTreeMap<String, Existing> = self
            .tx
            .map_range(map, ..)
            .map(|entry| (entry.key.to_string(), Existing::of(&entry.value, || entry.id())))
            .collect();
        for key in existing.keys().filter(|key| !entries.contains_key(*key)) {
            self.tx.delete(map, key.as_str())?;
        }
        for (key, content) in entries {
            match existing.get(key) {
                Some(existing) => self.make(map, key.as_str().into(), existing, content)?,
                None => self.write(map, key.as_str().into(), Place::Put, content)?,
            }
        }
        Ok(())
    }

    /// Makes the value `existing` at a place equal to a content.
    pub(crate) fn make(
        &mut self,
        parent: &ObjId,
        prop: Prop,
        existing: &Existing,
        content: &Content,
    ) -> Result<(), AutomergeError> {
        match (existing, content) {
            (Existing::Object(id, ObjType::Map | ObjType::Table), Content::Map(entries)) => {
                self.make_map(id, entries)
            }
            (Existing::Object(id, ObjType::List), Content::List(items)) => self.make_list(id, items),
            (Existing::Object(id, ObjType::Text), Content::Text(text)) => self.make_text(id, text),
            (Existing::Scalar(scalar), content) if same(scalar, content) => Ok(()),
            (Existing::Scalar(ScalarValue::Counter(counter)), Content::Counter(value)) => {
                match value.checked_sub(i64::from(counter)) {
                    Some(by) => self.tx.increment(parent, prop, by),
                    None => self.write(parent, prop, Place::Put, content),
                }
            }
            _ => self.write(parent, prop, Place::Put, content),
        }
    }

    /// Writes a new value.
    pub(crate) fn write(
        &mut self,
        parent: &ObjId,
        prop: Prop,
        place: Place,
        content: &Content,
    ) -> Result<(), AutomergeError> {
        match content {
            Content::Map(entries) => {
                let map = self.write_object(parent, prop, place, ObjType::Map)?;
                for (key, item) in entries {
                    self.write(&map, key.as_str().into(), Place::Put, item)?;
                }
            }
            Content::List(items) => {
                let list = self.write_object(parent, prop, place, ObjType::List)?;
                for (index, item) in items.iter().enumerate() {
                    self.write(&list, index.into(), Place::Insert, item)?;
                }
            }
            Content::Text(text) => {
                let id = self.write_object(parent, prop, place, ObjType::Text)?;
                self.written += text.len();
                self.tx.splice_text(&id, 0, 0, text)?;
            }
            scalar => {
                self.written += scalar.bytes();
                let value = scalar_value(scalar);
                match (place, prop) {
                    (Place::Insert, Prop::Seq(index)) => self.tx.insert(parent, index, value)?,
                    (_, prop) => self.tx.put(parent, prop, value)?,
                }
            }
        }
        Ok(())
    }

    fn write_object(
        &mut self,
        parent: &ObjId,
        prop: Prop,
        place: Place,
        kind: ObjType,
    ) -> Result<ObjId, AutomergeError> {
        self.written += 8;
        match (place, prop) {
            (Place::Insert, Prop::Seq(index)) => self.tx.insert_object(parent, index, kind),
            (_, prop) => {
                if let Prop::Map(key) = &prop {
                    self.written += key.len();
                }
                self.tx.put_object(parent, prop, kind)
            }
        }
    }

    fn make_text(&mut self, id: &ObjId, new: &str) -> Result<(), AutomergeError> {
        let old = self.tx.text(id)?;
        let edit = text_diff::diff(&old, new);
        self.written += new.len().saturating_sub(old.len());
        text::perform(self.tx, id, &old, &edit.splices())
    }

    fn make_list(&mut self, list: &ObjId, items: &[Content]) -> Result<(), AutomergeError> {
        let old = self.items(list);
        let new: Vec<Vec<u8>> = items.iter().map(|item| rendered(|out| render::content(item, out))).collect();
        let mut numbers = HashMap::new();
        let mut number = |json: &[u8]| {
            let next = numbers.len();
            *numbers.entry(json.to_vec()).or_insert(next)
        };
        let old_numbers: Vec<usize> = old.iter().map(|(_, json)| number(json)).collect();
        let new_numbers: Vec<usize> = new.iter().map(|json| number(json)).collect();
        // From the end, so that an index in front stays what it was.
        for hunk in myers::diff(&old_numbers, &new_numbers).into_iter().rev() {
            self.make_stretch(list, &old, hunk.old, items, &new, hunk.new)?;
        }
        Ok(())
    }

    fn make_stretch(
        &mut self,
        list: &ObjId,
        old: &[(Existing, Vec<u8>)],
        old_range: Range<usize>,
        new: &[Content],
        new_json: &[Vec<u8>],
        new_range: Range<usize>,
    ) -> Result<(), AutomergeError> {
        let old_items: Vec<Item<'_>> =
            old[old_range.clone()].iter().map(|(item, json)| Item { kind: item.alignment(), json }).collect();
        let new_items: Vec<Item<'_>> =
            new_range.clone().map(|i| Item { kind: alignment(&new[i]), json: &new_json[i] }).collect();
        let (mut old_end, mut new_end) = (old_range.end, new_range.end);
        for (i, j) in align::align(&old_items, &new_items).into_iter().rev() {
            let (i, j) = (old_range.start + i, new_range.start + j);
            self.replace_items(list, i + 1..old_end, &new[j + 1..new_end])?;
            self.make(list, i.into(), &old[i].0, &new[j])?;
            (old_end, new_end) = (i, j);
        }
        self.replace_items(list, old_range.start..old_end, &new[new_range.start..new_end])
    }

    fn replace_items(
        &mut self,
        list: &ObjId,
        old: Range<usize>,
        new: &[Content],
    ) -> Result<(), AutomergeError> {
        // What comes stands in front of what goes, as in a text.
        for (offset, item) in new.iter().enumerate() {
            self.write(list, (old.start + offset).into(), Place::Insert, item)?;
        }
        old.clone().try_for_each(|_| self.tx.delete(list, old.start + new.len()))
    }

    fn items(&self, list: &ObjId) -> Vec<(Existing, Vec<u8>)> {
        self.tx
            .list_range(list, ..)
            .map(|item| {
                let existing = Existing::of(&item.value, || item.id());
                let json = rendered(|out| match (&existing, &item.value) {
                    (Existing::Object(id, kind), _) => render::object(&*self.tx, None, id, *kind, out),
                    (_, ValueRef::Scalar(value)) => scalar::write(value, out),
                    (_, ValueRef::Object(_)) => {}
                });
                (existing, json)
            })
            .collect()
    }
}

fn rendered(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut json = Vec::new();
    write(&mut json);
    json
}

/// Whether a scalar of a document and a content look the same from outside.
fn same(scalar: &ScalarValue, content: &Content) -> bool {
    let seen = rendered(|out| scalar::write(&ScalarValueRef::from(scalar.clone()), out));
    seen == rendered(|out| {
        scalar::write_content(content, out);
    })
}

fn scalar_value(content: &Content) -> ScalarValue {
    match content {
        Content::Null | Content::List(_) | Content::Map(_) => ScalarValue::Null,
        Content::Bool(value) => ScalarValue::Boolean(*value),
        Content::Int(value) => ScalarValue::Int(*value),
        Content::Uint(value) => ScalarValue::Uint(*value),
        Content::Float(value) => ScalarValue::F64(*value),
        Content::Text(text) => ScalarValue::Str(text.as_str().into()),
        Content::Counter(value) => ScalarValue::counter(*value),
        Content::Timestamp(value) => ScalarValue::Timestamp(*value),
        Content::Bytes(bytes) => ScalarValue::Bytes(bytes.clone()),
        Content::Unknown { code, bytes } => ScalarValue::Unknown { type_code: *code, bytes: bytes.clone() },
    }
}
