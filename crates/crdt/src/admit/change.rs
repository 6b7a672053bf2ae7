//! The body of one change: who made it, when, on what, and its operations. Reading and writing are each
//! other's inverse for every change in canonical form, and only for those.

use base::Hash;

use super::limits::{ACTOR_BYTES, Budget};
use super::op::{Op, OpId};
use super::reader::{Malformed, Reader};
use super::refused::Refused;
use super::rows::{Columns, REPLACES, Rows, cost, list_of_columns, put_rows};
use super::writer::{put_bytes, put_signed, put_unsigned};

/// A decoded change. The ids in its operations index its actors: 0 is `actor`, 1 is the first of `others`,
/// and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change<'a> {
    pub(crate) deps: Vec<Hash>,
    pub(crate) actor: &'a [u8],
    pub(crate) seq: u64,
    pub(crate) start_op: u64,
    pub(crate) time: i64,
    pub(crate) message: &'a str,
    pub(crate) others: Vec<&'a [u8]>,
    pub(crate) ops: Vec<Op<'a>>,
    /// Bytes behind the operations; libraries put the author there.
    pub(crate) footer: &'a [u8],
}

/// What stands before the operations and behind them.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    change: Change<'a>,
    columns: Columns<'a>,
}

impl<'a> Frame<'a> {
    pub(crate) fn read(body: &'a [u8], budget: &mut Budget) -> Result<Frame<'a>, Refused> {
        let mut from = Reader::new(body);
        let deps = hashes(&mut from)?;
        let actor = actor(&mut from)?;
        let seq = from.unsigned()?;
        let start_op = from.unsigned()?;
        let time = from.signed()?;
        let message = from.text()?;
        let others = actors(&mut from)?;
        let list = list_of_columns(&mut from)?;
        if list.iter().any(|(name, _)| name.is_compressed()) {
            return Err(Malformed("a change has a compressed column").into());
        }
        let columns = Columns::read(&list, &mut from, budget)?;
        let footer = from.rest();
        let change = Change { deps, actor, seq, start_op, time, message, others, ops: Vec::new(), footer };
        Ok(Frame { change, columns })
    }

    pub(crate) fn deps(&self) -> &[Hash] {
        &self.change.deps
    }

    /// The change with its operations.
    pub(crate) fn decode(&'a self, budget: &mut Budget) -> Result<Change<'a>, Refused> {
        let mut change = self.change.clone();
        let mut rows = Rows::new(&self.columns, REPLACES, 1 + change.others.len());
        let mut last = OpId { counter: change.start_op.wrapping_sub(1), actor: 0 };
        while let Some(op) = rows.next(budget)? {
            let merged = match change.ops.last_mut() {
                Some(before) => rows.merge(before, last, &op, budget)?,
                None => false,
            };
            if !merged {
                budget.charge(cost(&op))?;
                change.ops.push(op);
            }
            last.counter = last.counter.wrapping_add(1);
            if let Some(op) = change.ops.last_mut() {
                last.counter += rows.skim(op, last, u64::MAX, budget)?;
            }
        }
        Ok(change)
    }
}

impl Change<'_> {
    /// The body in the one form in which Automerge writes it, with the actors in the order they are given in.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_unsigned(&mut out, self.deps.len() as u64);
        self.deps.iter().for_each(|dep| out.extend_from_slice(&dep.0));
        put_bytes(&mut out, self.actor);
        put_unsigned(&mut out, self.seq);
        put_unsigned(&mut out, self.start_op);
        put_signed(&mut out, self.time);
        put_bytes(&mut out, self.message.as_bytes());
        put_unsigned(&mut out, self.others.len() as u64);
        self.others.iter().for_each(|actor| put_bytes(&mut out, actor));
        put_rows(&mut out, &self.ops, self.start_op);
        out.extend_from_slice(self.footer);
        out
    }

    /// The number of the last operation; one below the first if there is none.
    pub(crate) fn max_op(&self) -> u64 {
        let count: u64 = self.ops.iter().map(Op::count).sum();
        self.start_op.saturating_add(count).saturating_sub(1)
    }

    /// Whether the table of actors is the one that a writer makes: each other actor that an operation names,
    /// in order.
    pub(crate) fn names_its_actors(&self) -> bool {
        let mut named = vec![false; 1 + self.others.len()];
        let ids = self.ops.iter().flat_map(Op::ids);
        ids.for_each(|id| named[id.actor as usize] = true);
        named.iter().skip(1).all(|named| *named)
            && self.others.is_sorted_by(|a, b| a < b)
            && !self.others.contains(&self.actor)
    }
}

pub(crate) fn hashes(from: &mut Reader<'_>) -> Result<Vec<Hash>, Malformed> {
    let count = from.unsigned()?;
    // Each hash takes its bytes from the input, so that the list is never longer than the input is.
    (0..count).map(|_| from.hash()).collect()
}

pub(crate) fn actors<'a>(from: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, Refused> {
    let count = from.unsigned()?;
    (0..count).map(|_| actor(from)).collect()
}

fn actor<'a>(from: &mut Reader<'a>) -> Result<&'a [u8], Refused> {
    let actor = from.bytes()?;
    match actor.len() {
        1..=ACTOR_BYTES => Ok(actor),
        len => Err(Refused::BadActor { len }),
    }
}
