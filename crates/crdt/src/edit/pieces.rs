//! A sequence of splices, each on what the ones before it left, as one edit against the base text.
//!
//! The base text is cut into pieces; a deleted piece stays in its place, so that an insertion keeps the gap at which
//! it was made even when the same edit deletes the characters around it.

use super::error::EditError;
use super::place;
use super::text_edit::{Insert, TextEdit};
use base::Unit;
use std::ops::Range;

/// The text in the middle of an edit.
pub(crate) struct Pieces<'t> {
    base: &'t str,
    unit: Unit,
    pieces: Vec<Piece>,
}

/// A stretch of text. `length` is that of its visible part, counted in the unit of the edit.
struct Piece {
    length: usize,
    source: Source,
}

enum Source {
    Kept(Range<usize>),
    Deleted(Range<usize>),
    Inserted(String),
}

/// One splice as it was asked for.
pub(crate) struct Request<'r> {
    pub(crate) op: usize,
    pub(crate) path: &'r str,
    pub(crate) position: usize,
    pub(crate) delete: usize,
    pub(crate) insert: &'r str,
}

impl<'t> Pieces<'t> {
    /// The base text, unedited. Positions count this unit.
    pub(crate) fn new(base: &'t str, unit: Unit) -> Pieces<'t> {
        let whole = Piece { length: place::length(unit, base), source: Source::Kept(0..base.len()) };
        Pieces { base, unit, pieces: vec![whole] }
    }

    /// Carries out one splice, or says why it cannot be.
    pub(crate) fn splice(&mut self, request: &Request<'_>) -> Result<(), EditError> {
        let end = request.position.checked_add(request.delete);
        let end = end.ok_or_else(|| self.out_of_range(request, usize::MAX))?;
        let from = self.cut(request, request.position)?;
        if request.delete > 0 {
            let to = self.cut(request, end)?;
            self.pieces[from..to].iter_mut().for_each(Piece::delete);
        }
        if !request.insert.is_empty() {
            self.pieces.insert(from, Piece::inserted(request.insert, self.unit));
        }
        Ok(())
    }

    /// The whole as an edit of the base text.
    pub(crate) fn finish(self) -> TextEdit {
        let mut gap = 0;
        let (mut inserts, mut deletes) = (Vec::new(), Vec::new());
        for piece in self.pieces {
            match piece.source {
                Source::Kept(range) => gap = range.end,
                Source::Deleted(range) => {
                    gap = range.end;
                    deletes.push(range);
                }
                Source::Inserted(text) => inserts.push(Insert { gap, text }),
            }
        }
        TextEdit::new(inserts, deletes)
    }

    /// Makes a piece end at a position and gives the index of the next one: directly behind the last visible
    /// character in front of the position, that is in front of deleted pieces there.
    fn cut(&mut self, request: &Request<'_>, position: usize) -> Result<usize, EditError> {
        let mut left = position;
        let mut index = 0;
        while left > 0 {
            let Some(piece) = self.pieces.get(index) else {
                return Err(self.out_of_range(request, position));
            };
            index += 1;
            if piece.length > left {
                let text = piece.visible(self.base);
                let at =
                    if text.len() == piece.length { Some(left) } else { place::byte(self.unit, text, left) };
                let at = at.ok_or_else(|| self.splits(request, position))?;
                let tail = self.pieces[index - 1].split_off(at, left);
                self.pieces.insert(index, tail);
                break;
            }
            left -= piece.length;
        }
        Ok(index)
    }

    fn out_of_range(&self, request: &Request<'_>, end: usize) -> EditError {
        let length = self.pieces.iter().map(|piece| piece.length).sum();
        let (op, path, unit) = (request.op, request.path.to_owned(), self.unit.to_string());
        EditError::OutOfRange { op, path, end, length, unit }
    }

    fn splits(&self, request: &Request<'_>, position: usize) -> EditError {
        let (op, path, unit) = (request.op, request.path.to_owned(), self.unit);
        EditError::SplitsCharacter { op, path, position, unit }
    }
}

impl Piece {
    fn inserted(text: &str, unit: Unit) -> Piece {
        Piece { length: place::length(unit, text), source: Source::Inserted(text.to_owned()) }
    }

    fn visible<'p>(&'p self, base: &'p str) -> &'p str {
        match &self.source {
            Source::Kept(range) => &base[range.clone()],
            Source::Inserted(text) => text,
            Source::Deleted(_) => "",
        }
    }

    fn delete(&mut self) {
        self.length = 0;
        match &mut self.source {
            Source::Kept(range) => self.source = Source::Deleted(range.clone()),
            Source::Inserted(text) => text.clear(),
            Source::Deleted(_) => {}
        }
    }

    /// Keeps the part in front of byte `at`, which has `length` units, and gives the rest.
    fn split_off(&mut self, at: usize, length: usize) -> Piece {
        let source = match &mut self.source {
            Source::Kept(range) | Source::Deleted(range) => {
                let rest = range.start + at..range.end;
                range.end = rest.start;
                Source::Kept(rest)
            }
            Source::Inserted(text) => Source::Inserted(text.split_off(at)),
        };
        let rest = Piece { length: self.length - length, source };
        self.length = length;
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(base: &str, unit: Unit, splices: &[(usize, usize, &str)]) -> Result<TextEdit, EditError> {
        let mut pieces = Pieces::new(base, unit);
        for (op, (position, delete, insert)) in splices.iter().enumerate() {
            pieces.splice(&Request { op, path: "", position: *position, delete: *delete, insert })?;
        }
        Ok(pieces.finish())
    }

    #[test]
    fn positions_are_counted_in_the_unit() {
        let edit = run("a😀b", Unit::Utf16, &[(3, 1, "c")]).unwrap();
        assert_eq!(edit.apply_to("a😀b"), "a😀c");
        let edit = run("a😀b", Unit::Scalar, &[(2, 1, "c")]).unwrap();
        assert_eq!(edit.apply_to("a😀b"), "a😀c");
    }

    #[test]
    fn a_bad_position_is_named() {
        let error = run("a😀b", Unit::Utf16, &[(2, 0, "x")]).unwrap_err();
        assert!(matches!(error, EditError::SplitsCharacter { op: 0, position: 2, .. }), "{error}");
        let error = run("a😀b", Unit::Utf16, &[(0, 1, ""), (2, 3, "x")]).unwrap_err();
        assert!(matches!(error, EditError::OutOfRange { op: 1, end: 5, length: 3, .. }), "{error}");
        assert!(run("ab", Unit::Utf16, &[(1, usize::MAX, "")]).is_err());
    }

    #[test]
    fn an_insertion_keeps_the_gap_at_which_it_was_made() {
        let edit = run("abcd", Unit::Utf16, &[(2, 0, "x"), (1, 1, ""), (2, 1, "")]).unwrap();
        assert_eq!(edit.inserts(), [Insert { gap: 2, text: "x".into() }]);
        assert_eq!(edit.deletes(), std::slice::from_ref(&(1..3)));
    }

    proptest! {
        #[test]
        fn the_edit_does_what_the_splices_do(
            base in "[a-c😀é]{0,8}",
            splices in proptest::collection::vec((0usize..12, 0usize..4, "[x😀]{0,3}"), 0..6),
        ) {
            let mut text: Vec<char> = base.chars().collect();
            let mut done = Vec::new();
            for (at, delete, insert) in &splices {
                let at = at % (text.len() + 1);
                let delete = (*delete).min(text.len() - at);
                text.splice(at..at + delete, insert.chars());
                done.push((at, delete, insert.as_str()));
            }
            let edit = run(&base, Unit::Scalar, &done).unwrap();
            prop_assert_eq!(edit.apply_to(&base), text.into_iter().collect::<String>());
        }
    }
}
