//! Reads typing: rows that insert one character behind the other become one operation, and where all columns say that
//! nothing changes for many rows, the rows are not read one by one.
//!
//! What is left to do for each character is to see that it is one.

use super::Rows;
use crate::admit::limits::Budget;
use crate::admit::op::{Action, Op, OpId, Value};
use crate::admit::reader::Malformed;
use crate::admit::refused::Refused;
use crate::admit::typing::{CHARACTER_BYTES, Typed, is_one_character};

impl<'a> Rows<'a> {
    /// Makes the operation that was read last part of the one before it, the last of which has the id `last`, if it goes
    /// on typing there.
    pub(crate) fn merge(
        &self,
        before: &mut Op<'a>,
        last: OpId,
        op: &Op<'a>,
        budget: &mut Budget,
    ) -> Result<bool, Refused> {
        let goes_on = before.goes_on_with(last, op);
        if goes_on {
            self.lengthen(before, op.value.raw.len(), 1, budget)?;
        }
        Ok(goes_on)
    }

    /// Makes rows that go on typing part of the operation that was read last, the last of which has the id `last`. How
    /// many: no more than `most`, and maybe fewer than there are.
    pub(crate) fn skim(
        &mut self,
        op: &mut Op<'a>,
        last: OpId,
        most: u64,
        budget: &mut Budget,
    ) -> Result<u64, Refused> {
        if !op.is_character() {
            return Ok(0);
        }
        let most = most.min(self.steady_rows(op, last));
        let mut skimmed = 0;
        while skimmed < most {
            let (bytes, count) = self.characters(most - skimmed)?;
            if count == 0 {
                break;
            }
            self.lengthen(op, bytes, count, budget)?;
            skimmed += count;
        }
        self.pass_over(skimmed);
        Ok(skimmed)
    }

    /// How many of the next rows are known to insert behind one another into the object of an operation, the first of
    /// them behind `last`. What they insert is not looked at.
    fn steady_rows(&self, op: &Op<'_>, last: OpId) -> u64 {
        let Rows { object_actor, object_counter, key_actor, key_counter, key_text, .. } = self;
        let Rows { insert, action, expand, mark, references, .. } = self;
        let steady = [
            object_actor.rows_of(op.object.map(|id| id.actor.into())),
            object_counter.rows_of(op.object.map(|id| id.counter)),
            key_actor.rows_of(Some(last.actor.into())),
            key_counter.rows_rising(last.counter),
            key_text.rows_of(None),
            insert.rows_of(true),
            action.rows_of(Some(Action::Set as u64)),
            expand.rows_of(false),
            mark.rows_of(None),
            references.rows_of(Some(0)),
        ];
        steady.into_iter().min().unwrap_or(0)
    }

    /// Passes over steady rows, whose values were read.
    fn pass_over(&mut self, rows: u64) {
        let Rows { object_actor, object_counter, key_actor, key_counter, key_text, .. } = self;
        let Rows { insert, action, expand, mark, references, .. } = self;
        for column in [object_actor, object_counter, key_actor, action, references] {
            column.skip(rows);
        }
        for column in [key_text, mark] {
            column.skip(rows);
        }
        for column in [insert, expand] {
            column.skip(rows);
        }
        key_counter.skip_rising(rows);
    }

    /// Reads values that are characters of one length, `most` at most: their bytes, and how many they are.
    fn characters(&mut self, most: u64) -> Result<(usize, u64), Malformed> {
        let mut kinds = self.value_kind.clone();
        let (Some(kind), rows) = kinds.next_run(most)? else { return Ok((0, 0)) };
        let bytes = kind >> 4;
        let has_length = (1..=CHARACTER_BYTES as u64).contains(&bytes);
        if kind & 0xf != u64::from(Value::TEXT) || !has_length {
            return Ok((0, 0));
        }
        let values = self.value.clone().take(rows.saturating_mul(bytes))?;
        let count = leading_characters(values, bytes as usize);
        if count > 0 {
            self.value_kind.next_run(count)?;
            self.value.take(count * bytes)?;
        }
        Ok(((count * bytes) as usize, count))
    }

    /// Adds the characters whose values were read last to the operation whose values stand before them.
    fn lengthen(
        &self,
        op: &mut Op<'a>,
        bytes: usize,
        count: u64,
        budget: &mut Budget,
    ) -> Result<(), Refused> {
        budget.charge(bytes as u64)?;
        // The values of rows that follow each other stand behind each other.
        let end = self.values.len() - self.value.rest().len();
        let start = end - bytes - op.then.bytes.len();
        op.then = Typed { bytes: &self.values[start..end], count: op.then.count + count };
        Ok(())
    }
}

/// How many characters of this length the bytes begin with.
fn leading_characters(bytes: &[u8], length: usize) -> u64 {
    let is_ascii = length == 1 && bytes.is_ascii();
    match is_ascii {
        true => bytes.len() as u64,
        false => bytes.chunks_exact(length).take_while(|bytes| is_one_character(bytes)).count() as u64,
    }
}
