//! The difference of two strings as splices that count UTF-16 code units.

use crate::edit::{place, text_diff};
use base::Unit;

/// A stretch that goes, and what comes in its place.
pub(super) struct Splice {
    /// Where, in UTF-16 code units.
    pub position: usize,
    /// How many of them go.
    pub delete: usize,
    /// What comes.
    pub insert: String,
}

/// The splices that turn `old` into `new`, from the back to the front.
pub(super) fn splices(old: &str, new: &str) -> Vec<Splice> {
    let length = |text: &str| place::length(Unit::Utf16, text);
    let mut splices = text_diff::diff(old, new).splices();
    // From the front, so that the units in front of each are counted once.
    splices.reverse();
    let (mut byte, mut units) = (0, 0);
    let mut counted = Vec::with_capacity(splices.len());
    for splice in splices {
        units += length(&old[byte..splice.at]);
        byte = splice.at;
        let delete = length(&old[splice.at..splice.at + splice.delete]);
        counted.push(Splice { position: units, delete, insert: splice.insert });
    }
    counted.reverse();
    counted
}
