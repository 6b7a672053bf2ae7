//! Splits a saved document into the changes that it was made of.
//!
//! A document keeps the operations of all its changes in one table, sorted by place; an operation that only
//! removes others has no row, but is named by those that it removes. The changes are put together again in
//! the form in which they were written, which the hashes of the heads prove: a document of which one bit of
//! one change is different has other heads.

mod table;

use std::collections::HashSet;

use base::Hash;

use crate::admit::change::{Change, actors, hashes};
use crate::admit::chunk::{ChangeChunk, ColumnName};
use crate::admit::column::{Delta, RunLength};
use crate::admit::limits::{Budget, REFERENCE_COST, ROW_COST};
use crate::admit::op::{Key, Op, OpId};
use crate::admit::reader::{Malformed, Reader};
use crate::admit::refused::Refused;
use crate::admit::rows::{Columns, list_of_columns};
use table::Table;

const ACTOR: ColumnName = ColumnName::new(0x01);
const SEQ: ColumnName = ColumnName::new(0x03);
const LAST_OP: ColumnName = ColumnName::new(0x13);
const TIME: ColumnName = ColumnName::new(0x23);
const MESSAGE: ColumnName = ColumnName::new(0x35);
const DEPS_COUNT: ColumnName = ColumnName::new(0x40);
const DEPS: ColumnName = ColumnName::new(0x43);
const FOOTER_LENGTH: ColumnName = ColumnName::new(0x56);
const FOOTER: ColumnName = ColumnName::new(0x57);

/// A document whose columns are inflated, and nothing else done.
#[derive(Debug)]
pub(super) struct Document<'a> {
    actors: Vec<&'a [u8]>,
    heads: Vec<Hash>,
    changes: Columns<'a>,
    ops: Columns<'a>,
}

/// What a document says about one change beside its operations.
struct Entry<'a> {
    actor: u32,
    seq: u64,
    last_op: u64,
    time: i64,
    message: &'a str,
    deps: Vec<u64>,
    footer: &'a [u8],
}

impl<'a> Document<'a> {
    pub(super) fn read(body: &'a [u8], budget: &mut Budget) -> Result<Self, Refused> {
        let mut from = Reader::new(body);
        let actors = actors(&mut from)?;
        let heads = hashes(&mut from)?;
        let change_columns = list_of_columns(&mut from)?;
        let op_columns = list_of_columns(&mut from)?;
        let changes = Columns::read(&change_columns, &mut from, budget)?;
        let ops = Columns::read(&op_columns, &mut from, budget)?;
        // What follows says where the heads stand among the changes, which their hashes say better.
        match actors.is_sorted_by(|a, b| a < b) {
            true => Ok(Document { actors, heads, changes, ops }),
            false => Err(Malformed("the actors of a document are not in order").into()),
        }
    }

    pub(super) fn heads(&self) -> &[Hash] {
        &self.heads
    }

    /// The changes, each behind those that it depends on.
    pub(super) fn changes(&self, budget: &mut Budget) -> Result<Vec<ChangeChunk>, Refused> {
        let mut table = Table::read(&self.ops, self.actors.len(), budget)?;
        let mut hashes = Vec::new();
        let mut changes = Vec::new();
        for entry in self.entries(budget)? {
            let change = self.assemble(&entry, &mut table, &hashes)?;
            let chunk = ChangeChunk::wrap(&change.encode());
            budget.charge(chunk.chunk.len() as u64)?;
            hashes.push(chunk.hash);
            changes.push((chunk, entry.deps));
        }
        self.check_heads(&changes)?;
        match table.is_empty() {
            true => Ok(changes.into_iter().map(|(chunk, _)| chunk).collect()),
            false => Err(Malformed("a document has operations that no change has").into()),
        }
    }

    fn entries(&self, budget: &mut Budget) -> Result<Vec<Entry<'_>>, Refused> {
        let mut actor = RunLength::<u64>::new(self.changes.get(ACTOR));
        let mut seq = Delta::new(self.changes.get(SEQ));
        let mut last_op = Delta::new(self.changes.get(LAST_OP));
        let mut time = Delta::new(self.changes.get(TIME));
        let mut message = RunLength::<&str>::new(self.changes.get(MESSAGE));
        let mut deps_count = RunLength::<u64>::new(self.changes.get(DEPS_COUNT));
        let mut deps = Delta::new(self.changes.get(DEPS));
        let mut footer_length = RunLength::<u64>::new(self.changes.get(FOOTER_LENGTH));
        let mut footer = Reader::new(self.changes.get(FOOTER));
        let mut entries = Vec::new();
        while !actor.is_done() {
            let count = deps_count.next()?.unwrap_or(0);
            let message = message.next()?.unwrap_or_default();
            budget.charge(ROW_COST + message.len() as u64)?;
            budget.charge(count.saturating_mul(REFERENCE_COST))?;
            entries.push(Entry {
                actor: self.actor_index(actor.required("a change has no actor")?)?,
                seq: positive(seq.required("a change has no number")?)?,
                last_op: positive(last_op.required("a change has no last operation")?)?,
                time: time.next()?.unwrap_or(0),
                message,
                deps: (0..count)
                    .map(|_| positive(deps.required("a dependency is missing")?))
                    .collect::<Result<_, Malformed>>()?,
                footer: footer.take(footer_length.next()?.unwrap_or(0) >> 4)?,
            });
        }
        Ok(entries)
    }

    fn assemble<'s>(
        &'s self,
        entry: &Entry<'s>,
        table: &mut Table<'s>,
        hashes: &[Hash],
    ) -> Result<Change<'s>, Refused> {
        let taken = table.take(entry.actor, entry.last_op)?;
        let start_op = taken.keys().next().copied().unwrap_or(entry.last_op.saturating_add(1));
        let mut next = start_op;
        for (start, op) in &taken {
            if *start != next {
                return Err(Malformed("a change of a document lacks operations").into());
            }
            next = next.saturating_add(op.count());
        }
        if next != entry.last_op.saturating_add(1) {
            return Err(Malformed("a change of a document lacks operations").into());
        }
        let dep = |index: &u64| {
            let hash = usize::try_from(*index).ok().and_then(|index| hashes.get(index));
            hash.copied().ok_or(Malformed("a change of a document stands before one that it depends on"))
        };
        let mut ops: Vec<Op<'s>> = taken.into_values().collect();
        let others = localize(&mut ops, entry.actor);
        Ok(Change {
            deps: entry.deps.iter().map(dep).collect::<Result<_, _>>()?,
            actor: self.actors[entry.actor as usize],
            seq: entry.seq,
            start_op,
            time: entry.time,
            message: entry.message,
            others: others.into_iter().map(|actor| self.actors[actor as usize]).collect(),
            ops,
            footer: entry.footer,
        })
    }

    fn check_heads(&self, changes: &[(ChangeChunk, Vec<u64>)]) -> Result<(), Refused> {
        let depended_on: HashSet<u64> = changes.iter().flat_map(|(_, deps)| deps.iter().copied()).collect();
        let is_head = |index: &usize| !depended_on.contains(&(*index as u64));
        let heads: HashSet<Hash> =
            (0..changes.len()).filter(is_head).map(|index| changes[index].0.hash).collect();
        match heads == self.heads.iter().copied().collect() {
            true => Ok(()),
            false => Err(Refused::WrongHeads),
        }
    }

    fn actor_index(&self, index: u64) -> Result<u32, Malformed> {
        match index < self.actors.len() as u64 {
            true => Ok(index as u32),
            false => Err(Malformed("an actor is not listed")),
        }
    }
}

/// Makes the ids of operations index the actors of their change: its own is 0, the others, which are
/// returned, go on in order.
fn localize(ops: &mut [Op<'_>], own: u32) -> Vec<u32> {
    let mut others: Vec<u32> =
        ops.iter().flat_map(Op::ids).map(|id| id.actor).filter(|actor| *actor != own).collect();
    others.sort_unstable();
    others.dedup();
    let local = |id: &mut OpId| match others.binary_search(&id.actor) {
        Ok(index) => id.actor = index as u32 + 1,
        Err(_) => id.actor = 0,
    };
    for op in ops {
        op.object.iter_mut().for_each(local);
        op.replaces.iter_mut().for_each(local);
        if let Key::Element(id) = &mut op.key {
            local(id);
        }
    }
    others
}

fn positive(number: i64) -> Result<u64, Malformed> {
    u64::try_from(number).map_err(|_| Malformed("a number of a document is negative"))
}
