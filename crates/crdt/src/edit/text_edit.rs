//! `TextEdit`: what one edit does to one text, and `Splice`: how it is carried out.
//!
//! An insertion has a *gap*: the place directly behind the character that ends at that byte of the base text, or the
//! very start. A character that the same edit deletes can still be the one that a gap stands behind.

use std::ops::Range;

/// Insertions and deletions against one base text, in bytes of it.
///
/// Invariants: insertions are in order of their gaps, and of their text for equal gaps; deleted ranges are in order
/// and disjoint; no range or insertion is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TextEdit {
    inserts: Vec<Insert>,
    deletes: Vec<Range<usize>>,
}

/// Text that comes into a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Insert {
    pub(crate) gap: usize,
    pub(crate) text: String,
}

/// One step of carrying out an edit: the insertion comes first, in front of what goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) at: usize,
    pub(crate) delete: usize,
    pub(crate) insert: String,
}

impl TextEdit {
    /// An edit of parts that keep the order of the invariants; parts that touch are joined, empty ones dropped.
    pub(crate) fn new(
        inserts: impl IntoIterator<Item = Insert>,
        deletes: impl IntoIterator<Item = Range<usize>>,
    ) -> TextEdit {
        let mut edit = TextEdit::default();
        for insert in inserts {
            edit.insert(insert.gap, &insert.text);
        }
        for range in deletes {
            edit.delete(range);
        }
        edit
    }

    /// Replaces a range behind all that is in the edit so far.
    pub(crate) fn push(&mut self, range: Range<usize>, text: &str) {
        self.insert(range.start, text);
        self.delete(range);
    }

    fn insert(&mut self, gap: usize, text: &str) {
        match self.inserts.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.gap == gap => last.text.push_str(text),
            last => {
                debug_assert!(last.is_none_or(|last| last.gap < gap), "insertions come in order");
                self.inserts.push(Insert { gap, text: text.to_owned() });
            }
        }
    }

    fn delete(&mut self, range: Range<usize>) {
        match self.deletes.last_mut() {
            _ if range.is_empty() => {}
            Some(last) if last.end == range.start => last.end = range.end,
            last => {
                debug_assert!(last.is_none_or(|last| last.end < range.start), "deletions come in order");
                self.deletes.push(range);
            }
        }
    }

    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.inserts.is_empty() && self.deletes.is_empty()
    }

    /// What comes in.
    pub(crate) fn inserts(&self) -> &[Insert] {
        &self.inserts
    }

    /// What goes.
    pub(crate) fn deletes(&self) -> &[Range<usize>] {
        &self.deletes
    }

    /// The length of the text that this edit leaves of one with `length` bytes.
    pub(crate) fn length_after(&self, length: usize) -> usize {
        let coming: usize = self.inserts.iter().map(|insert| insert.text.len()).sum();
        let going: usize = self.deletes.iter().map(|range| range.len()).sum();
        length + coming - going
    }

    /// The text after the edit.
    pub(crate) fn apply_to(&self, text: &str) -> String {
        let mut after = String::with_capacity(self.length_after(text.len()));
        let mut at = 0;
        for splice in self.splices().iter().rev() {
            after.push_str(&text[at..splice.at]);
            after.push_str(&splice.insert);
            at = splice.at + splice.delete;
        }
        after.push_str(&text[at..]);
        after
    }

    /// The steps, from the end of the text to its start, so that no step moves the position of a later one.
    pub(crate) fn splices(&self) -> Vec<Splice> {
        let mut splices = Vec::with_capacity(self.inserts.len() + self.deletes.len());
        let mut inserts = self.inserts.iter().peekable();
        for range in &self.deletes {
            while let Some(insert) = inserts.next_if(|insert| insert.gap < range.start) {
                splices.push(Splice { at: insert.gap, delete: 0, insert: insert.text.clone() });
            }
            // A gap inside of the range, or at its start, cuts it: the insertion goes in front of its part.
            let mut part = Splice { at: range.start, delete: 0, insert: String::new() };
            while let Some(insert) = inserts.next_if(|insert| insert.gap < range.end) {
                part.delete = insert.gap - part.at;
                let next = Splice { at: insert.gap, delete: 0, insert: insert.text.clone() };
                let done = std::mem::replace(&mut part, next);
                splices.extend((done.delete > 0).then_some(done));
            }
            part.delete = range.end - part.at;
            splices.push(part);
        }
        splices.extend(inserts.map(|insert| Splice {
            at: insert.gap,
            delete: 0,
            insert: insert.text.clone(),
        }));
        splices.reverse();
        splices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(gap: usize, text: &str) -> Insert {
        Insert { gap, text: text.to_owned() }
    }

    fn splice(at: usize, delete: usize, insert: &str) -> Splice {
        Splice { at, delete, insert: insert.to_owned() }
    }

    #[test]
    fn gaps_inside_of_a_deleted_range_cut_it() {
        let edit =
            TextEdit::new([insert(1, "a"), insert(3, "b"), insert(4, "c"), insert(6, "d")], [3..6, 8..9]);
        let expected =
            [splice(8, 1, ""), splice(6, 0, "d"), splice(4, 2, "c"), splice(3, 1, "b"), splice(1, 0, "a")];
        assert_eq!(edit.splices(), expected);
        assert_eq!(edit.apply_to("0123456789"), "0a12bcd679");
        assert_eq!(edit.length_after(10), 10);
    }

    #[test]
    fn parts_that_touch_are_one() {
        let edit = TextEdit::new([insert(2, "a"), insert(2, "b"), insert(5, "")], [1..2, 2..4, 6..6]);
        assert_eq!(edit.inserts(), [insert(2, "ab")]);
        assert_eq!(edit.deletes(), std::slice::from_ref(&(1..4)));
        assert!(TextEdit::default().is_empty());
    }
}
