//! Writes numbers, byte strings and columns in the one form that every Automerge library writes them in.
//!
//! Invariant: equal values give equal bytes. Admission depends on it: a change is admitted only if writing
//! its decoded operations again gives the bytes that came, because that is what Automerge does when it loads
//! a saved document.

pub(crate) fn put_unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_signed(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        let done = (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0);
        if done {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_unsigned(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A value that can stand in a run-length column.
pub(crate) trait Cell: PartialEq + Copy {
    fn put(self, out: &mut Vec<u8>);
}

impl Cell for u64 {
    fn put(self, out: &mut Vec<u8>) {
        put_unsigned(out, self);
    }
}

impl Cell for i64 {
    fn put(self, out: &mut Vec<u8>) {
        put_signed(out, self);
    }
}

impl Cell for &str {
    fn put(self, out: &mut Vec<u8>) {
        put_bytes(out, self.as_bytes());
    }
}

/// Writes a run-length column: runs of equal values, runs of different values, runs of nothing. Nothing at all is no
/// bytes.
#[derive(Debug)]
pub(crate) struct RunLength<T> {
    out: Vec<u8>,
    /// Values that are each different from their neighbours, and how many they are.
    literal: Vec<u8>,
    literal_rows: u64,
    /// The last value, and how many rows in a row have it.
    last: Option<T>,
    rows: u64,
    is_nothing: bool,
}

impl<T: Cell> RunLength<T> {
    pub(crate) fn new() -> Self {
        RunLength {
            out: Vec::new(),
            literal: Vec::new(),
            literal_rows: 0,
            last: None,
            rows: 0,
            is_nothing: true,
        }
    }

    /// Adds rows of one value.
    pub(crate) fn push(&mut self, value: Option<T>, rows: u64) {
        if rows == 0 {
            return;
        }
        if value != self.last {
            self.end_run();
            self.last = value;
        }
        self.rows += rows;
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.end_run();
        self.end_literal();
        match self.is_nothing {
            true => Vec::new(),
            false => self.out,
        }
    }

    fn end_run(&mut self) {
        match (self.last, std::mem::take(&mut self.rows)) {
            (_, 0) => return,
            (Some(value), 1) => {
                value.put(&mut self.literal);
                self.literal_rows += 1;
            }
            (Some(value), rows) => {
                self.end_literal();
                put_signed(&mut self.out, rows as i64);
                value.put(&mut self.out);
            }
            (None, rows) => {
                self.end_literal();
                put_signed(&mut self.out, 0);
                put_unsigned(&mut self.out, rows);
            }
        }
        self.is_nothing &= self.last.is_none();
    }

    fn end_literal(&mut self) {
        if self.literal_rows > 0 {
            put_signed(&mut self.out, -(self.literal_rows as i64));
            self.out.append(&mut self.literal);
            self.literal_rows = 0;
        }
    }
}

/// Writes a column of differences: each number is written as its distance from the number before it.
#[derive(Debug)]
pub(crate) struct Delta {
    steps: RunLength<i64>,
    previous: i64,
}

impl Delta {
    pub(crate) fn new() -> Self {
        Delta { steps: RunLength::new(), previous: 0 }
    }

    pub(crate) fn push(&mut self, value: Option<i64>) {
        let step = value.map(|value| value.wrapping_sub(self.previous));
        self.previous = value.unwrap_or(self.previous);
        self.steps.push(step, 1);
    }

    /// Adds rows each of which is one higher than the row before.
    pub(crate) fn push_rising(&mut self, first: i64, rows: u64) {
        if rows > 0 {
            self.push(Some(first));
            self.steps.push(Some(1), rows - 1);
            self.previous = first.wrapping_add_unsigned(rows - 1);
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.steps.finish()
    }
}

/// Writes a boolean column: the lengths of alternating runs, the first of which is false.
#[derive(Debug, Default)]
pub(crate) struct Boolean {
    out: Vec<u8>,
    last: bool,
    rows: u64,
    is_ever_true: bool,
}

impl Boolean {
    pub(crate) fn push(&mut self, value: bool, rows: u64) {
        if rows == 0 {
            return;
        }
        if value != self.last {
            put_unsigned(&mut self.out, self.rows);
            (self.last, self.rows) = (value, 0);
        }
        self.rows += rows;
        self.is_ever_true |= value;
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.rows > 0 {
            put_unsigned(&mut self.out, self.rows);
        }
        self.out
    }

    /// The bytes of a column that is left out when it is false throughout.
    pub(crate) fn finish_if_ever_true(self) -> Vec<u8> {
        match self.is_ever_true {
            true => self.finish(),
            false => Vec::new(),
        }
    }
}
