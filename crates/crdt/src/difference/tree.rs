//! Walking two JSON texts side by side, into what differs and nowhere else.

use super::DifferenceError;
use super::text::{self, Splice};
use crate::edit::align::{self, Item, Kind};
use crate::edit::myers::{self, Hunk};
use crate::json::{self, Tag, tag};
use base::{Op, PathStep};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::ops::Range;

/// How deep to look. A client's own edits nest less; only documents from outside come here.
const MAX_DEPTH: usize = 128;

/// What the operations may take in memory. The largest documents fit several times.
const MAX_BYTES: usize = 16 << 20;

/// Operations gathered on the way, and the way.
#[derive(Default)]
pub(super) struct Walk {
    path: Vec<PathStep>,
    /// What the path takes.
    path_bytes: usize,
    ops: Vec<Op>,
    /// What the operations take.
    bytes: usize,
}

/// What a value is, as far as the difference goes into it.
enum Shown<'v> {
    /// An object that a path leads into.
    Map(BTreeMap<String, &'v RawValue>),
    List(Vec<&'v RawValue>),
    Text(String),
    Counter(i64),
    /// Anything else is replaced whole.
    Whole,
}

impl Walk {
    pub(super) fn into_ops(self) -> Vec<Op> {
        self.ops
    }

    /// Makes the value at the path, which is `old`, equal to `new`.
    pub(super) fn value(&mut self, old: &[u8], new: &[u8]) -> Result<(), DifferenceError> {
        if old == new {
            return Ok(());
        }
        if self.path.len() > MAX_DEPTH {
            return Err(DifferenceError::TooDeep { limit: MAX_DEPTH });
        }
        match (shown(old)?, shown(new)?) {
            (Shown::Map(old), Shown::Map(new)) => self.map(&old, &new),
            (Shown::List(old), Shown::List(new)) => self.list(&old, &new),
            (Shown::Text(old), Shown::Text(new)) => {
                for Splice { position, delete, insert } in text::splices(&old, &new) {
                    self.spend(insert.len())?;
                    self.ops.push(Op::Splice { path: self.path.clone(), position, delete, insert });
                }
                Ok(())
            }
            (Shown::Counter(old), Shown::Counter(now)) => self.counter(old, now, new),
            _ => self.set(new),
        }
    }

    fn map(
        &mut self,
        old: &BTreeMap<String, &RawValue>,
        new: &BTreeMap<String, &RawValue>,
    ) -> Result<(), DifferenceError> {
        for key in old.keys().filter(|key| !new.contains_key(*key)) {
            self.spend(key.len())?;
            let path = self.to(PathStep::Key(key.clone()));
            self.ops.push(Op::Delete { path });
        }
        for (key, value) in new {
            self.inside(PathStep::Key(key.clone()), |walk| match old.get(key) {
                Some(old) => walk.value(bytes(old), bytes(value)),
                None => walk.set(bytes(value)),
            })?;
        }
        Ok(())
    }

    fn list(&mut self, old: &[&RawValue], new: &[&RawValue]) -> Result<(), DifferenceError> {
        let (old, new) = (items(old), items(new));
        for Hunk { old: gone, new: come } in myers::diff(&old, &new).into_iter().rev() {
            self.stretch(&old, gone, &new, come)?;
        }
        Ok(())
    }

    /// A stretch of a list that changed: items that are alike are changed, others go and come.
    fn stretch(
        &mut self,
        old: &[&[u8]],
        gone: Range<usize>,
        new: &[&[u8]],
        come: Range<usize>,
    ) -> Result<(), DifferenceError> {
        let (old_items, new_items) = (aligned(&old[gone.clone()]), aligned(&new[come.clone()]));
        let (mut old_end, mut new_end) = (gone.end, come.end);
        for (i, j) in align::align(&old_items, &new_items).into_iter().rev() {
            let (i, j) = (gone.start + i, come.start + j);
            self.replace(i + 1..old_end, &new[j + 1..new_end])?;
            self.inside(PathStep::Index(i), |walk| walk.value(old[i], new[j]))?;
            (old_end, new_end) = (i, j);
        }
        self.replace(gone.start..old_end, &new[come.start..new_end])
    }

    /// Items that have nothing in common with those that come in their place.
    fn replace(&mut self, gone: Range<usize>, come: &[&[u8]]) -> Result<(), DifferenceError> {
        let at = gone.start;
        for index in gone.rev() {
            self.spend(0)?;
            let path = self.to(PathStep::Index(index));
            self.ops.push(Op::Delete { path });
        }
        for value in come.iter().rev() {
            self.spend(value.len())?;
            let (path, value) = (self.to(PathStep::Index(at)), parsed(value)?);
            self.ops.push(Op::Insert { path, value });
        }
        Ok(())
    }

    fn counter(&mut self, old: i64, now: i64, new: &[u8]) -> Result<(), DifferenceError> {
        match now.checked_sub(old) {
            Some(by) => {
                self.spend(0)?;
                self.ops.push(Op::Increment { path: self.path.clone(), by });
                Ok(())
            }
            None => self.set(new),
        }
    }

    fn set(&mut self, value: &[u8]) -> Result<(), DifferenceError> {
        self.spend(value.len())?;
        self.ops.push(Op::Set { path: self.path.clone(), value: parsed(value)? });
        Ok(())
    }

    /// Counts an operation at the path before it is made, with `more` bytes of its own.
    fn spend(&mut self, more: usize) -> Result<(), DifferenceError> {
        self.bytes += size_of::<Op>() + self.path_bytes + more;
        if self.bytes > MAX_BYTES { Err(DifferenceError::TooMuch { limit: MAX_BYTES }) } else { Ok(()) }
    }

    fn inside<T>(&mut self, step: PathStep, work: impl FnOnce(&mut Walk) -> T) -> T {
        let bytes = size_of::<PathStep>() + if let PathStep::Key(key) = &step { key.len() } else { 0 };
        self.path.push(step);
        self.path_bytes += bytes;
        let done = work(self);
        self.path_bytes -= bytes;
        self.path.pop();
        done
    }

    fn to(&self, step: PathStep) -> Vec<PathStep> {
        let mut path = Vec::with_capacity(self.path.len() + 1);
        path.extend_from_slice(&self.path);
        path.push(step);
        path
    }
}

/// Looks one level into a value.
fn shown(value: &[u8]) -> Result<Shown<'_>, DifferenceError> {
    Ok(match value.first() {
        Some(b'{') => object(serde_json::from_slice(value).map_err(DifferenceError::Form)?),
        Some(b'[') => Shown::List(serde_json::from_slice(value).map_err(DifferenceError::Form)?),
        Some(b'"') => Shown::Text(serde_json::from_slice(value).map_err(DifferenceError::Form)?),
        _ => Shown::Whole,
    })
}

/// An object with one reserved key is a tagged value, or wrapped: no path leads into it.
fn object(entries: BTreeMap<String, &RawValue>) -> Shown<'_> {
    let only = (entries.len() == 1).then(|| entries.first_key_value()).flatten();
    match only.and_then(|(key, body)| Some((tag::named(key)?, body))) {
        Some((Tag::Counter, body)) => body.get().parse().map_or(Shown::Whole, Shown::Counter),
        Some(_) => Shown::Whole,
        None => Shown::Map(entries),
    }
}

fn items<'v>(list: &[&'v RawValue]) -> Vec<&'v [u8]> {
    list.iter().map(bytes).collect()
}

fn bytes<'v>(value: &&'v RawValue) -> &'v [u8] {
    value.get().as_bytes()
}

fn aligned<'v>(items: &[&'v [u8]]) -> Vec<Item<'v>> {
    items.iter().map(|json| Item { kind: kind(json), json }).collect()
}

/// What kind a value is for pairing. A tagged one that is no counter pairs as what it is replaced by: a scalar.
fn kind(json: &[u8]) -> Kind {
    match json.first() {
        Some(b'{') if json.starts_with(br#"{"$counter":"#) => Kind::Counter,
        Some(b'{') => Kind::Map,
        Some(b'[') => Kind::List,
        Some(b'"') => Kind::Text,
        _ => Kind::Scalar,
    }
}

fn parsed(value: &[u8]) -> Result<serde_json::Value, DifferenceError> {
    json::parse(value).map_err(DifferenceError::Value)
}
