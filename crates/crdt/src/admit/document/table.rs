//! The operations of a document, on their way from its table to the changes that they belong to.
//!
//! Invariant: what is kept under a number has that number and those behind it, and reaches no other that is kept.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::admit::chunk::ColumnName;
use crate::admit::column::{Delta, RunLength};
use crate::admit::limits::Budget;
use crate::admit::op::{Action, Key, Op, OpId, Value};
use crate::admit::reader::Malformed;
use crate::admit::refused::Refused;
use crate::admit::rows::{Columns, REPLACED_BY, Rows, cost};
use crate::admit::typing::Typed;

const ACTOR: ColumnName = ColumnName::new(0x21);
const COUNTER: ColumnName = ColumnName::new(0x23);

/// The operations of each actor that no change has taken yet, by their number.
#[derive(Debug)]
pub(super) struct Table<'a>(Vec<BTreeMap<u64, Op<'a>>>);

impl<'a> Table<'a> {
    /// All operations, each with what it replaces.
    pub(super) fn read(
        columns: &'a Columns<'_>,
        actors: usize,
        budget: &mut Budget,
    ) -> Result<Self, Refused> {
        let mut reading = Reading::new(columns, actors);
        while reading.read_row(budget)? {}
        reading.finish(budget)
    }

    /// Takes the operations of an actor up to a number. Typing that goes on beyond it is another change's from there.
    pub(super) fn take(&mut self, actor: u32, last_op: u64) -> Result<BTreeMap<u64, Op<'a>>, Malformed> {
        let own = &mut self.0[actor as usize];
        let mut later = own.split_off(&last_op.saturating_add(1));
        if let Some(mut last) = own.last_entry() {
            let count = last_op - last.key() + 1;
            if last.get().count() > count {
                let rest = last.get_mut().split_off(count, OpId { counter: last_op, actor });
                if later.insert(last_op.saturating_add(1), rest).is_some() {
                    return Err(Malformed("two operations have one id"));
                }
            }
        }
        Ok(std::mem::replace(own, later))
    }

    /// Whether changes have taken all.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(BTreeMap::is_empty)
    }

    fn keep(&mut self, first: OpId, op: Op<'a>) -> Result<(), Malformed> {
        match self.0[first.actor as usize].insert(first.counter, op) {
            None => Ok(()),
            Some(_) => Err(Malformed("two operations have one id")),
        }
    }

    /// Gives an operation what it replaces, in order. One that has no row removes it.
    fn replace(&mut self, replaced: &[Replaced<'a>], budget: &mut Budget) -> Result<(), Refused> {
        let first = replaced[0];
        let by = first.by;
        let own = &mut self.0[by.actor as usize];
        let at_or_before = own.range(..=by.counter).next_back();
        if at_or_before.is_some_and(|(start, op)| *start < by.counter && by.counter - start < op.count()) {
            return Err(Malformed("an operation that inserts a character replaces another").into());
        }
        let op = match own.entry(by.counter) {
            Entry::Occupied(row) => row.into_mut(),
            Entry::Vacant(none) => {
                let deletion = deletion(first);
                budget.charge(cost(&deletion))?;
                none.insert(deletion)
            }
        };
        op.replaces = replaced.iter().map(|replaced| replaced.id).collect();
        Ok(())
    }
}

/// An operation that another replaces.
#[derive(Debug, Clone, Copy)]
struct Replaced<'a> {
    by: OpId,
    id: OpId,
    object: Option<OpId>,
    key: Key<'a>,
}

/// The operation of the rows before, which the next row may go on with.
struct Open<'a> {
    first: OpId,
    last: OpId,
    op: Op<'a>,
}

/// A table that is being read.
struct Reading<'a> {
    rows: Rows<'a>,
    actor: RunLength<'a, u64>,
    counter: Delta<'a>,
    table: Table<'a>,
    open: Option<Open<'a>>,
    /// In the order of the rows. Each is paid for: a few bytes of a document can name many.
    replaced: Vec<Replaced<'a>>,
}

impl<'a> Reading<'a> {
    fn new(columns: &'a Columns<'_>, actors: usize) -> Self {
        Reading {
            rows: Rows::new(columns, REPLACED_BY, actors),
            actor: RunLength::new(columns.get(ACTOR)),
            counter: Delta::new(columns.get(COUNTER)),
            table: Table(vec![BTreeMap::new(); actors]),
            open: None,
            replaced: Vec::new(),
        }
    }

    /// Reads a row, and those behind it that go on typing. Whether there was one.
    fn read_row(&mut self, budget: &mut Budget) -> Result<bool, Refused> {
        let Some(mut op) = self.rows.next(budget)? else { return Ok(false) };
        let id = self.id()?;
        let key = if op.insert { Key::Element(id) } else { op.key };
        for by in std::mem::take(&mut op.replaces) {
            budget.charge(size_of::<Replaced<'_>>() as u64)?;
            self.replaced.push(Replaced { by, id, object: op.object, key });
        }
        self.take_in(id, op, budget)?;
        self.skim(budget)?;
        Ok(true)
    }

    fn id(&mut self) -> Result<OpId, Malformed> {
        let actor = self.actor.required("an operation has no actor")?;
        let counter = super::positive(self.counter.required("an operation has no number")?)?;
        match usize::try_from(actor).is_ok_and(|actor| actor < self.table.0.len()) {
            true => Ok(OpId { counter, actor: actor as u32 }),
            false => Err(Malformed("an actor is not listed")),
        }
    }

    /// Makes an operation part of the open one, or opens it.
    fn take_in(&mut self, id: OpId, op: Op<'a>, budget: &mut Budget) -> Result<(), Refused> {
        if let Some(open) = &mut self.open
            && (open.last.actor, open.last.counter.checked_add(1)) == (id.actor, Some(id.counter))
            && self.rows.merge(&mut open.op, open.last, &op, budget)?
        {
            open.last = id;
            return Ok(());
        }
        budget.charge(cost(&op))?;
        self.close()?;
        self.open = Some(Open { first: id, last: id, op });
        Ok(())
    }

    /// Makes the rows that go on typing part of the open operation.
    fn skim(&mut self, budget: &mut Budget) -> Result<(), Refused> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let same_actor = self.actor.rows_of(Some(open.last.actor.into()));
        let most = same_actor.min(self.counter.rows_rising(open.last.counter + 1));
        let skimmed = self.rows.skim(&mut open.op, open.last, most, budget)?;
        self.actor.skip(skimmed);
        self.counter.skip_rising(skimmed);
        open.last.counter += skimmed;
        Ok(())
    }

    fn close(&mut self) -> Result<(), Malformed> {
        match self.open.take() {
            Some(Open { first, op, .. }) => self.table.keep(first, op),
            None => Ok(()),
        }
    }

    fn finish(mut self, budget: &mut Budget) -> Result<Table<'a>, Refused> {
        self.close()?;
        // The actors of a document are in order, so that their indices are.
        let in_order = |id: OpId| (id.counter, id.actor);
        self.replaced.sort_unstable_by_key(|replaced| (in_order(replaced.by), in_order(replaced.id)));
        for replaced in self.replaced.chunk_by(|one, next| one.by == next.by) {
            self.table.replace(replaced, budget)?;
        }
        Ok(self.table)
    }
}

/// An operation without a row: all that is known of it is what it removes.
fn deletion(of: Replaced<'_>) -> Op<'_> {
    Op {
        object: of.object,
        key: of.key,
        insert: false,
        action: Action::Delete as u64,
        value: Value { code: Value::NULL, raw: &[] },
        then: Typed::default(),
        replaces: Vec::new(),
        expand: false,
        mark: None,
    }
}
