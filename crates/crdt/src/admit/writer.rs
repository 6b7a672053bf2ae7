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

/// A run-length column: runs of equal values, runs of different values, runs of nothing. Nothing at all is no
/// bytes.
pub(crate) fn run_length<T: Cell>(cells: impl IntoIterator<Item = Option<T>>) -> Vec<u8> {
    let cells: Vec<Option<T>> = cells.into_iter().collect();
    let mut out = Vec::new();
    if cells.iter().all(Option::is_none) {
        return out;
    }
    let mut literal: Vec<T> = Vec::new();
    for run in cells.chunk_by(|a, b| a == b) {
        match (run[0], run.len()) {
            (Some(value), 1) => literal.push(value),
            (Some(value), len) => {
                put_literal(&mut out, &mut literal);
                put_signed(&mut out, len as i64);
                value.put(&mut out);
            }
            (None, len) => {
                put_literal(&mut out, &mut literal);
                put_signed(&mut out, 0);
                put_unsigned(&mut out, len as u64);
            }
        }
    }
    put_literal(&mut out, &mut literal);
    out
}

fn put_literal<T: Cell>(out: &mut Vec<u8>, literal: &mut Vec<T>) {
    if !literal.is_empty() {
        put_signed(out, -(literal.len() as i64));
        literal.drain(..).for_each(|value| value.put(out));
    }
}

/// A column of differences: each number is written as its distance from the number before it.
pub(crate) fn delta(cells: impl IntoIterator<Item = Option<i64>>) -> Vec<u8> {
    let mut previous = 0i64;
    run_length(cells.into_iter().map(|cell| {
        cell.map(|value| {
            let step = value.wrapping_sub(previous);
            previous = value;
            step
        })
    }))
}

/// A boolean column: the lengths of alternating runs, the first of which is false.
pub(crate) fn boolean(cells: impl IntoIterator<Item = bool>) -> Vec<u8> {
    let (mut out, mut current, mut len) = (Vec::new(), false, 0);
    for cell in cells {
        if cell != current {
            put_unsigned(&mut out, len);
            (current, len) = (cell, 0);
        }
        len += 1;
    }
    if len > 0 {
        put_unsigned(&mut out, len);
    }
    out
}
