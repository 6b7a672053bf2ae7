//! Operations as columns. Changes and whole documents keep them alike, but for what a row refers to: a change
//! lists what each operation replaces, a document what each operation is replaced by.

mod read;
mod skim;
mod write;

pub(crate) use read::Rows;
pub(crate) use write::put_rows;

use super::chunk::{ColumnName, column_list, inflate};
use super::limits::{Budget, ROW_COST};
use super::op::{Key, Op};
use super::reader::{Malformed, Reader};
use super::refused::Refused;

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

/// What an operation takes while it is kept.
pub(crate) fn cost(op: &Op<'_>) -> u64 {
    let key = match op.key {
        Key::Map(text) => text.len(),
        _ => 0,
    };
    ROW_COST + (key + op.mark.map_or(0, str::len) + op.value.raw.len()) as u64
}
