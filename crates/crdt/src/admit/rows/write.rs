//! Writes a table of operations. What it costs depends on how many runs of typing there are, not on how long they are,
//! but for the lengths of their characters.

use super::{
    ACTION, EXPAND, INSERT, KEY_ACTOR, KEY_COUNTER, KEY_TEXT, MARK, OBJECT_ACTOR, OBJECT_COUNTER, REPLACES,
    VALUE, VALUE_KIND,
};
use crate::admit::op::{Action, Key, Op, Value};
use crate::admit::writer::{Boolean, Delta, RunLength, put_unsigned};

/// Writes the operations of a change: the list of columns, then their bytes. Columns that say nothing are
/// left out.
pub(crate) fn put_rows(out: &mut Vec<u8>, ops: &[Op<'_>], start_op: u64) {
    let mut table = Table::new();
    let mut next = start_op;
    for op in ops {
        table.push(op, next);
        next = next.wrapping_add(op.count());
    }
    table.finish(out);
}

/// The columns of a table, half written.
struct Table<'a> {
    object_actor: RunLength<u64>,
    object_counter: RunLength<u64>,
    key_actor: RunLength<u64>,
    key_counter: Delta,
    key_text: RunLength<&'a str>,
    insert: Boolean,
    action: RunLength<u64>,
    value_kind: RunLength<u64>,
    /// Parts of the column: it is as long as all texts are, and copied once.
    value: Vec<&'a [u8]>,
    references: RunLength<u64>,
    reference_actor: RunLength<u64>,
    reference_counter: Delta,
    expand: Boolean,
    mark: RunLength<&'a str>,
}

impl<'a> Table<'a> {
    fn new() -> Self {
        Table {
            object_actor: RunLength::new(),
            object_counter: RunLength::new(),
            key_actor: RunLength::new(),
            key_counter: Delta::new(),
            key_text: RunLength::new(),
            insert: Boolean::default(),
            action: RunLength::new(),
            value_kind: RunLength::new(),
            value: Vec::new(),
            references: RunLength::new(),
            reference_actor: RunLength::new(),
            reference_counter: Delta::new(),
            expand: Boolean::default(),
            mark: RunLength::new(),
        }
    }

    /// Adds an operation, the first of which has the number `counter`.
    fn push(&mut self, op: &Op<'a>, counter: u64) {
        let rows = op.count();
        self.object_actor.push(op.object.map(|id| u64::from(id.actor)), rows);
        self.object_counter.push(op.object.map(|id| id.counter), rows);
        self.push_key(op.key);
        self.insert.push(op.insert, 1);
        self.action.push(Some(op.action), 1);
        self.push_value(op.value);
        self.references.push(Some(op.replaces.len() as u64), 1);
        for id in &op.replaces {
            self.reference_actor.push(Some(id.actor.into()), 1);
            self.reference_counter.push(Some(id.counter as i64));
        }
        self.expand.push(op.expand, 1);
        self.mark.push(op.mark, 1);
        self.push_typed(op, counter);
    }

    fn push_key(&mut self, key: Key<'a>) {
        let (actor, counter, text) = match key {
            Key::Map(text) => (None, None, Some(text)),
            Key::Head => (None, Some(0), None),
            Key::Element(id) => (Some(u64::from(id.actor)), Some(id.counter as i64), None),
        };
        self.key_actor.push(actor, 1);
        self.key_counter.push(counter);
        self.key_text.push(text, 1);
    }

    fn push_value(&mut self, value: Value<'a>) {
        self.value_kind.push(Some(kind(value.raw.len(), value.code)), 1);
        self.value.push(value.raw);
    }

    /// Adds what an operation says of the characters behind its first, but for their object.
    fn push_typed(&mut self, op: &Op<'a>, counter: u64) {
        let rows = op.then.count;
        if rows == 0 {
            return;
        }
        self.key_actor.push(Some(0), rows);
        self.key_counter.push_rising(counter as i64, rows);
        self.key_text.push(None, rows);
        self.insert.push(true, rows);
        self.action.push(Some(Action::Set as u64), rows);
        for (length, rows) in op.then.lengths() {
            self.value_kind.push(Some(kind(length, Value::TEXT)), rows);
        }
        self.value.push(op.then.bytes);
        self.references.push(Some(0), rows);
        self.expand.push(false, rows);
        self.mark.push(None, rows);
    }

    fn finish(self, out: &mut Vec<u8>) {
        let written = [
            (OBJECT_ACTOR, self.object_actor.finish()),
            (OBJECT_COUNTER, self.object_counter.finish()),
            (KEY_ACTOR, self.key_actor.finish()),
            (KEY_COUNTER, self.key_counter.finish()),
            (KEY_TEXT, self.key_text.finish()),
            (INSERT, self.insert.finish()),
            (ACTION, self.action.finish()),
            (VALUE_KIND, self.value_kind.finish()),
            (REPLACES.count, self.references.finish()),
            (REPLACES.actor, self.reference_actor.finish()),
            (REPLACES.counter, self.reference_counter.finish()),
            // Unlike `INSERT`, a column that is false throughout is left out.
            (EXPAND, self.expand.finish_if_ever_true()),
            (MARK, self.mark.finish()),
        ];
        let whole = written.iter().map(|(name, bytes)| (*name, vec![&bytes[..]]));
        let mut columns: Vec<_> = whole.chain([(VALUE, self.value)]).collect();
        columns.retain(|(_, parts)| length(parts) > 0);
        columns.sort_unstable_by_key(|(name, _)| name.number());

        put_unsigned(out, columns.len() as u64);
        for (name, parts) in &columns {
            put_unsigned(out, name.number());
            put_unsigned(out, length(parts) as u64);
        }
        out.reserve_exact(columns.iter().map(|(_, parts)| length(parts)).sum());
        columns.iter().flat_map(|(_, parts)| parts).for_each(|part| out.extend_from_slice(part));
    }
}

fn length(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// How a value's length and type stand in their column.
fn kind(length: usize, code: u8) -> u64 {
    (length as u64) << 4 | u64::from(code)
}
