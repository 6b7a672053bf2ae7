//! Reads a table of operations, row by row.

use super::{
    ACTION, Columns, EXPAND, INSERT, KEY_ACTOR, KEY_COUNTER, KEY_TEXT, MARK, OBJECT_ACTOR, OBJECT_COUNTER,
    References, VALUE, VALUE_KIND,
};
use crate::admit::column::{Boolean, Delta, RunLength};
use crate::admit::limits::{Budget, REFERENCE_COST};
use crate::admit::op::{Key, Op, OpId, Value};
use crate::admit::reader::{Malformed, Reader};
use crate::admit::refused::Refused;
use crate::admit::typing::Typed;

/// Reads a table of operations, row by row.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    actors: u64,
    pub(super) object_actor: RunLength<'a, u64>,
    pub(super) object_counter: RunLength<'a, u64>,
    pub(super) key_actor: RunLength<'a, u64>,
    pub(super) key_counter: Delta<'a>,
    pub(super) key_text: RunLength<'a, &'a str>,
    pub(super) insert: Boolean<'a>,
    pub(super) action: RunLength<'a, u64>,
    pub(super) value_kind: RunLength<'a, u64>,
    pub(super) value: Reader<'a>,
    pub(super) values: &'a [u8],
    pub(super) expand: Boolean<'a>,
    pub(super) mark: RunLength<'a, &'a str>,
    pub(super) references: RunLength<'a, u64>,
    reference_actor: RunLength<'a, u64>,
    reference_counter: Delta<'a>,
}

impl<'a> Rows<'a> {
    /// A table whose actors are indices below `actors`.
    pub(crate) fn new(columns: &'a Columns<'_>, references: References, actors: usize) -> Rows<'a> {
        Rows {
            actors: actors as u64,
            object_actor: RunLength::new(columns.get(OBJECT_ACTOR)),
            object_counter: RunLength::new(columns.get(OBJECT_COUNTER)),
            key_actor: RunLength::new(columns.get(KEY_ACTOR)),
            key_counter: Delta::new(columns.get(KEY_COUNTER)),
            key_text: RunLength::new(columns.get(KEY_TEXT)),
            insert: Boolean::new(columns.get(INSERT)),
            action: RunLength::new(columns.get(ACTION)),
            value_kind: RunLength::new(columns.get(VALUE_KIND)),
            value: Reader::new(columns.get(VALUE)),
            values: columns.get(VALUE),
            expand: Boolean::new(columns.get(EXPAND)),
            mark: RunLength::new(columns.get(MARK)),
            references: RunLength::new(columns.get(references.count)),
            reference_actor: RunLength::new(columns.get(references.actor)),
            reference_counter: Delta::new(columns.get(references.counter)),
        }
    }

    /// The next operation. Its `replaces` are the references of the row, whatever they mean in this table. To keep it
    /// costs what `cost` says.
    pub(crate) fn next(&mut self, budget: &mut Budget) -> Result<Option<Op<'a>>, Refused> {
        if self.action.is_done() {
            return Ok(None);
        }
        let op = Op {
            object: self.object()?,
            key: self.key()?,
            insert: self.insert.next()?,
            action: self.action.required("an operation has no action")?,
            value: self.value()?,
            then: Typed::default(),
            replaces: self.references(budget)?,
            expand: self.expand.next()?,
            mark: self.mark.next()?,
        };
        Ok(Some(op))
    }

    fn object(&mut self) -> Result<Option<OpId>, Malformed> {
        match (self.object_actor.next()?, self.object_counter.next()?) {
            (None, None) => Ok(None),
            (Some(actor), Some(counter)) => self.id(actor, counter).map(Some),
            _ => Err(Malformed("half of an object id is missing")),
        }
    }

    fn key(&mut self) -> Result<Key<'a>, Malformed> {
        match (self.key_actor.next()?, self.key_counter.next()?, self.key_text.next()?) {
            (None, None, Some(text)) => Ok(Key::Map(text)),
            (None, Some(0), None) => Ok(Key::Head),
            (Some(actor), Some(counter), None) => {
                let counter = u64::try_from(counter).map_err(|_| Malformed("an operation id is negative"))?;
                self.id(actor, counter).map(Key::Element)
            }
            _ => Err(Malformed("a key is neither of a map nor of a list")),
        }
    }

    fn value(&mut self) -> Result<Value<'a>, Malformed> {
        let kind = self.value_kind.required("an operation has no type of value")?;
        let raw = self.value.take(kind >> 4)?;
        Ok(Value { code: kind as u8 & 0xf, raw })
    }

    fn references(&mut self, budget: &mut Budget) -> Result<Vec<OpId>, Refused> {
        let count = self.references.required("an operation does not say how many others it names")?;
        budget.charge(count.saturating_mul(REFERENCE_COST))?;
        let mut ids = Vec::new();
        for _ in 0..count {
            let actor = self.reference_actor.required("a reference has no actor")?;
            let counter = self.reference_counter.required("a reference has no number")?;
            let counter = u64::try_from(counter).map_err(|_| Malformed("an operation id is negative"))?;
            ids.push(self.id(actor, counter)?);
        }
        Ok(ids)
    }

    fn id(&self, actor: u64, counter: u64) -> Result<OpId, Malformed> {
        match counter > 0 && actor < self.actors {
            true => Ok(OpId { counter, actor: actor as u32 }),
            false => Err(Malformed("an operation id names an actor that is not listed, or the number 0")),
        }
    }
}
