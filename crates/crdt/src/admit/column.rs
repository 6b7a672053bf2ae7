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
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::admit::writer;

    fn cells() -> impl Strategy<Value = Vec<Option<i64>>> {
        proptest::collection::vec(proptest::option::of(-3i64..4), 0..40)
    }

    proptest! {
        #[test]
        fn columns_read_what_was_written(cells in cells(), flags: Vec<bool>) {
            let bytes = writer::run_length(cells.clone());
            let mut column = RunLength::<i64>::new(&bytes);
            for cell in &cells {
                prop_assert_eq!(column.next(), Ok(*cell));
            }
            prop_assert!(column.is_done());

            let bytes = writer::delta(cells.clone());
            let mut column = Delta::new(&bytes);
            for cell in &cells {
                prop_assert_eq!(column.next(), Ok(*cell));
            }
            prop_assert!(column.is_done());

            let bytes = writer::boolean(flags.clone());
            let mut column = Boolean::new(&bytes);
            for flag in &flags {
                prop_assert_eq!(column.next(), Ok(*flag));
            }
            prop_assert!(column.is_done());
        }
    }
}
