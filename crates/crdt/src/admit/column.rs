//! Reads the columns in which Automerge keeps operations, row by row. Total and lazy: a column of six bytes
//! that says it has a billion rows costs nothing until its rows are read, so whoever reads them keeps the
//! count.

use super::reader::{Malformed, Reader};

/// How one value of a column is read.
pub(crate) trait Column<'a>: Copy {
    fn read(from: &mut Reader<'a>) -> Result<Self, Malformed>;
}

impl Column<'_> for u64 {
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.unsigned()
    }
}

impl Column<'_> for i64 {
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.signed()
    }
}

impl<'a> Column<'a> for &'a str {
    fn read(from: &mut Reader<'a>) -> Result<Self, Malformed> {
        from.text()
    }
}

#[derive(Debug, Clone, Copy)]
enum Run<T> {
    Same(Option<T>),
    Literal,
}

/// A run-length column. A column that has ended goes on with nothing, as a column that was left out does.
#[derive(Debug, Clone)]
pub(crate) struct RunLength<'a, T> {
    bytes: Reader<'a>,
    run: Run<T>,
    left: u64,
}

impl<'a, T: Column<'a>> RunLength<'a, T> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        RunLength { bytes: Reader::new(bytes), run: Run::Same(None), left: 0 }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.left == 0 && self.bytes.is_empty()
    }

    pub(crate) fn next(&mut self) -> Result<Option<T>, Malformed> {
        if self.is_done() {
            return Ok(None);
        }
        if self.left == 0 {
            self.start_run()?;
        }
        self.left -= 1;
        match self.run {
            Run::Same(value) => Ok(value),
            Run::Literal => T::read(&mut self.bytes).map(Some),
        }
    }

    /// The next value of a column in which every row has one.
    pub(crate) fn required(&mut self, missing: &'static str) -> Result<T, Malformed> {
        self.next()?.ok_or(Malformed(missing))
    }

    /// The next value, and how many rows from there on are known to have it: no more than `most`, and one at least.
    pub(crate) fn next_run(&mut self, most: u64) -> Result<(Option<T>, u64), Malformed>
    where
        T: PartialEq,
    {
        let value = self.next()?;
        let more = self.rows_of(value).min(most.saturating_sub(1));
        self.skip(more);
        Ok((value, 1 + more))
    }

    /// How many of the next rows are known to have this value without reading further.
    pub(crate) fn rows_of(&self, value: Option<T>) -> u64
    where
        T: PartialEq,
    {
        match self.run {
            _ if self.is_done() && value.is_none() => u64::MAX,
            Run::Same(same) if same == value => self.left,
            _ => 0,
        }
    }

    /// Passes over rows of which `rows_of` said what they are.
    pub(crate) fn skip(&mut self, rows: u64) {
        if !self.is_done() {
            debug_assert!(rows <= self.left, "only known rows are passed over");
            self.left -= rows;
        }
    }

    fn start_run(&mut self) -> Result<(), Malformed> {
        let len = self.bytes.signed()?;
        (self.run, self.left) = match len {
            0 => (Run::Same(None), self.bytes.unsigned()?),
            1.. => (Run::Same(Some(T::read(&mut self.bytes)?)), len as u64),
            _ => (Run::Literal, len.unsigned_abs()),
        };
        match self.left {
            0 => Err(Malformed("a column has a run of no rows")),
            _ => Ok(()),
        }
    }
}

/// A column of differences.
#[derive(Debug, Clone)]
pub(crate) struct Delta<'a> {
    steps: RunLength<'a, i64>,
    value: i64,
}

impl<'a> Delta<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Delta { steps: RunLength::new(bytes), value: 0 }
    }

    #[cfg(test)]
    fn is_done(&self) -> bool {
        self.steps.is_done()
    }

    pub(crate) fn next(&mut self) -> Result<Option<i64>, Malformed> {
        let Some(step) = self.steps.next()? else { return Ok(None) };
        self.value =
            self.value.checked_add(step).ok_or(Malformed("a column of differences leaves 64 bits"))?;
        Ok(Some(self.value))
    }

    pub(crate) fn required(&mut self, missing: &'static str) -> Result<i64, Malformed> {
        self.next()?.ok_or(Malformed(missing))
    }

    /// How many of the next rows are known to be each one higher than the row before, the first of them `from`.
    pub(crate) fn rows_rising(&self, from: u64) -> u64 {
        match self.value.checked_add(1).map(u64::try_from) {
            Some(Ok(next)) if next == from => self.steps.rows_of(Some(1)).min(self.value.abs_diff(i64::MAX)),
            _ => 0,
        }
    }

    /// Passes over rows of which `rows_rising` said what they are.
    pub(crate) fn skip_rising(&mut self, rows: u64) {
        self.steps.skip(rows);
        self.value = self.value.wrapping_add_unsigned(rows);
    }
}

/// A boolean column; what it does not say is false.
#[derive(Debug, Clone)]
pub(crate) struct Boolean<'a> {
    bytes: Reader<'a>,
    value: bool,
    left: u64,
    fresh: bool,
}

impl<'a> Boolean<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Boolean { bytes: Reader::new(bytes), value: true, left: 0, fresh: true }
    }

    #[cfg(test)]
    fn is_done(&self) -> bool {
        self.left == 0 && self.bytes.is_empty()
    }

    pub(crate) fn next(&mut self) -> Result<bool, Malformed> {
        while self.left == 0 {
            if self.bytes.is_empty() {
                return Ok(false);
            }
            self.left = self.bytes.unsigned()?;
            self.value = !self.value;
            if self.left == 0 && !self.fresh {
                return Err(Malformed("a column has a run of no rows"));
            }
            self.fresh = false;
        }
        self.left -= 1;
        Ok(self.value)
    }

    /// How many of the next rows are known to have this value without reading further.
    pub(crate) fn rows_of(&self, value: bool) -> u64 {
        match self.left {
            0 if self.bytes.is_empty() && !value => u64::MAX,
            left if self.value == value => left,
            _ => 0,
        }
    }

    /// Passes over rows of which `rows_of` said what they are.
    pub(crate) fn skip(&mut self, rows: u64) {
        if self.left > 0 {
            debug_assert!(rows <= self.left, "only known rows are passed over");
            self.left -= rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::admit::writer;

    /// Values, each with how many rows have it.
    fn runs<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<(T, u64)>> {
        proptest::collection::vec((value, prop_oneof![Just(1u64), 0u64..5]), 0..20)
    }

    fn unrolled<T: Copy>(runs: &[(T, u64)]) -> Vec<T> {
        runs.iter().flat_map(|(value, rows)| std::iter::repeat_n(*value, *rows as usize)).collect()
    }

    proptest! {
        #[test]
        fn run_lengths_read_what_was_written(runs in runs(proptest::option::of(-2i64..3)), most in 1u64..4) {
            let (mut one_by_one, mut by_runs) = (writer::RunLength::new(), writer::RunLength::new());
            let rows = unrolled(&runs);
            rows.iter().for_each(|value| one_by_one.push(*value, 1));
            runs.iter().for_each(|(value, rows)| by_runs.push(*value, *rows));
            let bytes = one_by_one.finish();
            prop_assert_eq!(by_runs.finish(), &bytes[..]);

            let mut column = RunLength::<i64>::new(&bytes);
            for value in &rows {
                prop_assert_eq!(column.next(), Ok(*value));
            }
            prop_assert!(column.is_done());

            let mut column = RunLength::<i64>::new(&bytes);
            let mut read = Vec::new();
            while read.len() < rows.len() {
                let (value, count) = column.next_run(most).unwrap();
                prop_assert!((1..=most).contains(&count));
                read.extend(std::iter::repeat_n(value, count as usize));
            }
            // A column that has ended goes on with nothing.
            prop_assert!(read[rows.len()..].iter().all(Option::is_none));
            prop_assert_eq!(&read[..rows.len()], &rows[..]);
        }

        #[test]
        fn differences_read_what_was_written(runs in runs(proptest::option::of(-3i64..100)), most in 1u64..4) {
            let (mut one_by_one, mut by_runs) = (writer::Delta::new(), writer::Delta::new());
            let mut values = Vec::new();
            for (first, rows) in runs {
                match first {
                    Some(first) => by_runs.push_rising(first, rows),
                    None => (0..rows).for_each(|_| by_runs.push(None)),
                }
                values.extend((0..rows as i64).map(|row| first.map(|first| first + row)));
            }
            values.iter().for_each(|value| one_by_one.push(*value));
            let bytes = one_by_one.finish();
            prop_assert_eq!(by_runs.finish(), &bytes[..]);

            let mut column = Delta::new(&bytes);
            let mut rest = &values[..];
            while let [value, more @ ..] = rest {
                prop_assert_eq!(column.next(), Ok(*value));
                rest = more;
                let Some(next) = value.and_then(|value| u64::try_from(value + 1).ok()) else { continue };
                prop_assert_eq!(column.rows_rising(next + 1), 0);
                let rising = column.rows_rising(next).min(most);
                column.skip_rising(rising);
                let expected = (next..next + rising).map(|value| Some(value as i64));
                prop_assert!(rest.iter().copied().take(rising as usize).eq(expected));
                rest = &rest[rising as usize..];
            }
            prop_assert!(column.is_done());
        }

        #[test]
        fn flags_read_what_was_written(runs in runs(any::<bool>()), most in 1u64..4) {
            let (mut one_by_one, mut by_runs) = (writer::Boolean::default(), writer::Boolean::default());
            let flags = unrolled(&runs);
            flags.iter().for_each(|flag| one_by_one.push(*flag, 1));
            runs.iter().for_each(|(flag, rows)| by_runs.push(*flag, *rows));
            let bytes = one_by_one.finish();
            prop_assert_eq!(by_runs.finish(), &bytes[..]);

            let mut column = Boolean::new(&bytes);
            let mut rest = &flags[..];
            while let [flag, more @ ..] = rest {
                prop_assert_eq!(column.next(), Ok(*flag));
                prop_assert!(column.is_done() || column.rows_of(!flag) == 0);
                let same = column.rows_of(*flag).min(most).min(more.len() as u64);
                column.skip(same);
                prop_assert!(more.iter().take(same as usize).all(|next| next == flag));
                rest = &more[same as usize..];
            }
            prop_assert!(column.is_done());
        }
    }
}
