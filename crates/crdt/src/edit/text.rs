//! Carrying out splices in a text object.
//!
//! Documents are opened with positions in UTF-16 code units; this module is the only place that converts.

use super::place;
use super::text_edit::Splice;
use automerge::transaction::{Transactable, Transaction};
use automerge::{AutomergeError, ObjId};
use base::Unit;

/// Carries out splices of a text that reads `base` in this transaction. They come from its end to its start.
pub(crate) fn perform(
    tx: &mut Transaction<'_>,
    text: &ObjId,
    base: &str,
    splices: &[Splice],
) -> Result<(), AutomergeError> {
    if base.is_ascii() {
        return splices.iter().try_for_each(|splice| one(tx, text, splice.at, splice.delete, &splice.insert));
    }
    // One walk over the text counts all positions; the steps themselves run backwards.
    let mut counted = Counted { text: base, byte: 0, units: 0 };
    let mut places: Vec<(usize, usize)> = Vec::with_capacity(splices.len());
    for splice in splices.iter().rev() {
        let at = counted.units_at(splice.at);
        places.push((at, counted.units_at(splice.at + splice.delete) - at));
    }
    for (splice, (at, delete)) in splices.iter().zip(places.into_iter().rev()) {
        one(tx, text, at, delete, &splice.insert)?;
    }
    Ok(())
}

fn one(
    tx: &mut Transaction<'_>,
    text: &ObjId,
    at: usize,
    delete: usize,
    insert: &str,
) -> Result<(), AutomergeError> {
    let delete = isize::try_from(delete).expect("no text is longer than isize::MAX");
    tx.splice_text(text, at, delete, insert)
}

/// A count of UTF-16 code units that only moves forward.
struct Counted<'t> {
    text: &'t str,
    byte: usize,
    units: usize,
}

impl Counted<'_> {
    fn units_at(&mut self, byte: usize) -> usize {
        self.units += place::length(Unit::Utf16, &self.text[self.byte..byte]);
        self.byte = byte;
        self.units
    }
}
