//! The difference of two strings as splices that count UTF-16 code units.

use crate::edit::{place, text_diff};
use base::{Op, PathStep, Unit};

/// Appends the splices that turn `old` into `new`, from the back to the front.
pub(super) fn splices(path: &[PathStep], old: &str, new: &str, ops: &mut Vec<Op>) {
    let length = |text: &str| place::length(Unit::Utf16, text);
    let mut splices = text_diff::diff(old, new).splices();
    // From the front, so that the units in front of each are counted once.
    splices.reverse();
    let first = ops.len();
    let (mut byte, mut units) = (0, 0);
    for splice in splices {
        units += length(&old[byte..splice.at]);
        byte = splice.at;
        let delete = length(&old[splice.at..splice.at + splice.delete]);
        ops.push(Op::Splice { path: path.to_vec(), position: units, delete, insert: splice.insert });
    }
    ops[first..].reverse();
}
