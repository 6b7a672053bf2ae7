//! The three encodings of columns in a change: runs, differences in runs, and alternating booleans.
//!
//! They are canonical: one sequence of values has one encoding. A change that is encoded otherwise loads, but its hash
//! is not found again after compaction.

/// Appends an unsigned number, seven bits a byte, low ones first.
pub(super) fn write_unsigned(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number in the same way, ending when the rest is all sign.
pub(super) fn write_signed(mut value: i64, out: &mut Vec<u8>) {
    loop {
        let low = value as u8 & 0x7f;
        value >>= 7;
        let sign = low & 0x40 != 0;
        if (value == 0 && !sign) || (value == -1 && sign) {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// A value that a run-length column can hold.
pub(super) trait Value: Copy + PartialEq {
    /// Appends the value.
    fn write(self, out: &mut Vec<u8>);
}

impl Value for u64 {
    fn write(self, out: &mut Vec<u8>) {
        write_unsigned(self, out);
    }
}

impl Value for i64 {
    fn write(self, out: &mut Vec<u8>) {
        write_signed(self, out);
    }
}

impl Value for &str {
    fn write(self, out: &mut Vec<u8>) {
        write_unsigned(self.len() as u64, out);
        out.extend_from_slice(self.as_bytes());
    }
}

/// A run-length column: `(count, value)` for equal values, `(-count, values…)` for different ones, `(0, count)` for
/// nulls.
#[derive(Debug)]
pub(super) struct Runs<T> {
    out: Vec<u8>,
    /// Different values that are not written yet. Empty unless `run` is of one value.
    literal: Vec<T>,
    /// The last value, and how often it came.
    run: Option<(Option<T>, u64)>,
    only_nulls: bool,
}

impl<T> Default for Runs<T> {
    fn default() -> Runs<T> {
        Runs { out: Vec::new(), literal: Vec::new(), run: None, only_nulls: true }
    }
}

impl<T: Value> Runs<T> {
    /// Appends a value.
    pub(super) fn push(&mut self, value: Option<T>) {
        self.push_many(value, 1);
    }

    /// Appends a value several times.
    pub(super) fn push_many(&mut self, value: Option<T>, count: u64) {
        if count == 0 {
            return;
        }
        self.only_nulls &= value.is_none();
        self.run = match self.run.take() {
            Some((last, times)) if last == value => Some((last, times + count)),
            Some((last, times)) => {
                self.end_run(last, times);
                Some((value, count))
            }
            None => Some((value, count)),
        };
    }

    /// The column's bytes; none at all if every value is null.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.only_nulls {
            return Vec::new();
        }
        if let Some((last, times)) = self.run.take() {
            self.end_run(last, times);
        }
        self.end_literal();
        self.out
    }

    fn end_run(&mut self, value: Option<T>, times: u64) {
        match value {
            Some(value) if times == 1 => self.literal.push(value),
            Some(value) => {
                self.end_literal();
                write_signed(times as i64, &mut self.out);
                value.write(&mut self.out);
            }
            None => {
                self.end_literal();
                write_signed(0, &mut self.out);
                write_unsigned(times, &mut self.out);
            }
        }
    }

    fn end_literal(&mut self) {
        if self.literal.is_empty() {
            return;
        }
        write_signed(-(self.literal.len() as i64), &mut self.out);
        for value in self.literal.drain(..) {
            value.write(&mut self.out);
        }
    }
}

/// A column of the differences between numbers.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    runs: Runs<i64>,
    last: i64,
}

impl Deltas {
    /// Appends a number.
    pub(super) fn push(&mut self, value: Option<u64>) {
        let delta = value.map(|value| {
            let value = value as i64;
            value - std::mem::replace(&mut self.last, value)
        });
        self.runs.push(delta);
    }

    /// Appends numbers that rise by one, from `first` on.
    pub(super) fn push_rising(&mut self, first: u64, count: u64) {
        if count > 0 {
            self.push(Some(first));
            self.runs.push_many(Some(1), count - 1);
            self.last = (first + count - 1) as i64;
        }
    }

    /// Appends nulls.
    pub(super) fn push_nulls(&mut self, count: u64) {
        self.runs.push_many(None, count);
    }

    /// The column's bytes; none at all if every value is null.
    pub(super) fn finish(self) -> Vec<u8> {
        self.runs.finish()
    }
}

/// A column of booleans: how often false, how often true, and so on.
#[derive(Debug, Default)]
pub(super) struct Booleans {
    out: Vec<u8>,
    last: bool,
    times: u64,
}

impl Booleans {
    /// Appends a boolean several times.
    pub(super) fn push_many(&mut self, value: bool, count: u64) {
        if value != self.last {
            write_unsigned(self.times, &mut self.out);
            (self.last, self.times) = (value, 0);
        }
        self.times += count;
    }

    /// The column's bytes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.times > 0 {
            write_unsigned(self.times, &mut self.out);
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_literals_and_nulls() {
        let mut runs = Runs::default();
        for value in [Some(7u64), Some(7), Some(1), Some(2), None, None, Some(3)] {
            runs.push(value);
        }
        assert_eq!(runs.finish(), [2, 7, 0x7e, 1, 2, 0, 2, 0x7f, 3]);
        let mut nulls = Runs::<u64>::default();
        nulls.push_many(None, 9);
        assert!(nulls.finish().is_empty());
    }

    #[test]
    fn rising_numbers_are_one_run() {
        let mut deltas = Deltas::default();
        deltas.push(Some(5));
        deltas.push_rising(6, 3);
        assert_eq!(deltas.finish(), [0x7f, 5, 3, 1]);
    }

    #[test]
    fn numbers_end_where_they_must() {
        let signed = |value| {
            let mut out = Vec::new();
            write_signed(value, &mut out);
            out
        };
        assert_eq!(signed(-64), [0x40]);
        assert_eq!(signed(64), [0xc0, 0]);
        assert_eq!(signed(i64::MIN).len(), 10);
    }

    #[test]
    fn booleans_start_with_false() {
        let mut column = Booleans::default();
        column.push_many(true, 2);
        column.push_many(false, 1);
        assert_eq!(column.finish(), [0, 2, 1]);
    }
}
