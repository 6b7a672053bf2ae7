//! Operations as columns. Changes and whole documents keep them alike, but for what a row refers to: a change
//! lists what each operation replaces, a document what each operation is replaced by.

use super::chunk::{ColumnName, column_list, inflate};
use super::column::{Boolean, Delta, RunLength};
use super::limits::{Budget, REFERENCE_COST, ROW_COST};
use super::op::{Key, Op, OpId, Value};
use super::reader::{Malformed, Reader};
use super::refused::Refused;
use super::typing::{Typed, unrolled};
use super::writer;

const OBJECT_ACTOR: ColumnName = ColumnName::new(0x01);
const OBJECT_COUNTER: ColumnName = ColumnName::new(0x02);
const KEY_ACTOR: ColumnName = ColumnName::new(0x11);
const KEY_COUNTER: ColumnName = ColumnName::new(0x13);
const KEY_TEXT: ColumnName = ColumnName::new(0x15);
const INSERT: ColumnName = ColumnName::new(0x34);
const ACTION: ColumnName = ColumnName::new(0x42);
const VALUE_KIND: ColumnName = ColumnName::new(0x56);
const VALUE: ColumnName = ColumnName::new(0x57);
const EXPAND: ColumnName = ColumnName::new(0x94);
const MARK: ColumnName = ColumnName::new(0xa5);

/// Three columns that hold a list of operation ids for each row: how many, their actors, their counters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct References {
    count: ColumnName,
    actor: ColumnName,
    counter: ColumnName,
}

/// What an operation of a change replaces.
pub(crate) const REPLACES: References =
    References { count: ColumnName::new(0x70), actor: ColumnName::new(0x71), counter: ColumnName::new(0x73) };

/// What an operation of a document is replaced by.
pub(crate) const REPLACED_BY: References =
    References { count: ColumnName::new(0x80), actor: ColumnName::new(0x81), counter: ColumnName::new(0x83) };

/// The columns of one table, inflated.
#[derive(Debug)]
pub(crate) struct Columns<'a>(Vec<(ColumnName, Bytes<'a>)>);

#[derive(Debug)]
enum Bytes<'a> {
    Plain(&'a [u8]),
    Inflated(Vec<u8>),
}

impl<'a> Columns<'a> {
    /// Takes the bytes of the listed columns off `from`.
    pub(crate) fn read(
        list: &[(ColumnName, u64)],
        from: &mut Reader<'a>,
        budget: &mut Budget,
    ) -> Result<Columns<'a>, Refused> {
        let read = |&(name, len): &(ColumnName, u64)| {
            let bytes = from.take(len)?;
            let bytes = match name.is_compressed() {
                true => Bytes::Inflated(inflate(bytes, budget)?),
                false => Bytes::Plain(bytes),
            };
            Ok((name.plain(), bytes))
        };
        Ok(Columns(list.iter().map(read).collect::<Result<_, Refused>>()?))
    }

    /// The bytes of a column; one that was left out is empty.
    pub(crate) fn get(&self, name: ColumnName) -> &[u8] {
        match self.0.iter().find(|(listed, _)| *listed == name) {
            Some((_, Bytes::Plain(bytes))) => bytes,
            Some((_, Bytes::Inflated(bytes))) => bytes,
            None => &[],
        }
    }
}

/// How many kinds of columns a table can have: a list that is longer is not worth reading.
pub(crate) const KNOWN_COLUMNS: usize = 32;

/// The list of columns in front of their bytes.
pub(crate) fn list_of_columns(from: &mut Reader<'_>) -> Result<Vec<(ColumnName, u64)>, Malformed> {
    column_list(from, KNOWN_COLUMNS)
}

/// Reads a table of operations, row by row.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    actors: u64,
    object_actor: RunLength<'a, u64>,
    object_counter: RunLength<'a, u64>,
    key_actor: RunLength<'a, u64>,
    key_counter: Delta<'a>,
    key_text: RunLength<'a, &'a str>,
    insert: Boolean<'a>,
    action: RunLength<'a, u64>,
    value_kind: RunLength<'a, u64>,
    value: Reader<'a>,
    values: &'a [u8],
    expand: Boolean<'a>,
    mark: RunLength<'a, &'a str>,
    references: RunLength<'a, u64>,
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

    /// Makes the operation that was read last part of the one before it, the last of which has the id `last`, if it goes
    /// on typing there.
    pub(crate) fn merge(
        &self,
        before: &mut Op<'a>,
        last: OpId,
        op: &Op<'a>,
        budget: &mut Budget,
    ) -> Result<bool, Refused> {
        if !before.goes_on_with(last, op) {
            return Ok(false);
        }
        budget.charge(op.value.raw.len() as u64)?;
        // The values of rows that follow each other stand behind each other.
        let end = self.values.len() - self.value.rest().len();
        let start = end - op.value.raw.len() - before.then.bytes.len();
        before.then = Typed { bytes: &self.values[start..end], count: before.then.count + 1 };
        Ok(true)
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

/// What an operation takes while it is kept.
pub(crate) fn cost(op: &Op<'_>) -> u64 {
    let key = match op.key {
        Key::Map(text) => text.len(),
        _ => 0,
    };
    ROW_COST + (key + op.mark.map_or(0, str::len) + op.value.raw.len()) as u64
}

/// Writes the operations of a change: the list of columns, then their bytes. Columns that say nothing are
/// left out.
pub(crate) fn put_rows(out: &mut Vec<u8>, ops: &[Op<'_>], start_op: u64) {
    let rows = || unrolled(ops, start_op);
    let columns = [
        (OBJECT_ACTOR, writer::run_length(rows().map(|op| op.object.map(|id| u64::from(id.actor))))),
        (OBJECT_COUNTER, writer::run_length(rows().map(|op| op.object.map(|id| id.counter)))),
        (KEY_ACTOR, writer::run_length(rows().map(|op| key_actor(&op)))),
        (KEY_COUNTER, writer::delta(rows().map(|op| key_counter(&op)))),
        (KEY_TEXT, writer::run_length(rows().map(|op| key_text(&op)))),
        (INSERT, writer::boolean(rows().map(|op| op.insert))),
        (ACTION, writer::run_length(rows().map(|op| Some(op.action)))),
        (VALUE_KIND, writer::run_length(rows().map(|op| Some(value_kind(&op))))),
        (VALUE, ops.iter().flat_map(|op| [op.value.raw, op.then.bytes]).flatten().copied().collect()),
        (REPLACES.count, writer::run_length(rows().map(|op| Some(op.replaces.len() as u64)))),
        (REPLACES.actor, writer::run_length(references(ops).map(|id| Some(u64::from(id.actor))))),
        (REPLACES.counter, writer::delta(references(ops).map(|id| Some(id.counter as i64)))),
        (EXPAND, expand(ops, start_op)),
        (MARK, writer::run_length(rows().map(|op| op.mark))),
    ];
    let present = || columns.iter().filter(|(_, bytes)| !bytes.is_empty());
    writer::put_unsigned(out, present().count() as u64);
    for (name, bytes) in present() {
        writer::put_unsigned(out, name.number());
        writer::put_unsigned(out, bytes.len() as u64);
    }
    present().for_each(|(_, bytes)| out.extend_from_slice(bytes));
}

fn key_actor(op: &Op<'_>) -> Option<u64> {
    match op.key {
        Key::Element(id) => Some(u64::from(id.actor)),
        _ => None,
    }
}

fn key_counter(op: &Op<'_>) -> Option<i64> {
    match op.key {
        Key::Map(_) => None,
        Key::Head => Some(0),
        Key::Element(id) => Some(id.counter as i64),
    }
}

fn key_text<'a>(op: &Op<'a>) -> Option<&'a str> {
    match op.key {
        Key::Map(text) => Some(text),
        _ => None,
    }
}

fn value_kind(op: &Op<'_>) -> u64 {
    (op.value.raw.len() as u64) << 4 | u64::from(op.value.code)
}

fn references<'o>(ops: &'o [Op<'_>]) -> impl Iterator<Item = &'o OpId> {
    ops.iter().flat_map(|op| &op.replaces)
}

/// Unlike `insert`, a column that is false throughout is left out.
fn expand(ops: &[Op<'_>], start_op: u64) -> Vec<u8> {
    match ops.iter().any(|op| op.expand) {
        true => writer::boolean(unrolled(ops, start_op).map(|op| op.expand)),
        false => Vec::new(),
    }
}
