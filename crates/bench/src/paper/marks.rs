//! Marks in a text, and how one who does not see them edits around them.
//!
//! A mark is `⟦🖋n⟧`: brackets that no paper uses, and a character outside the basic plane, so that counting UTF-16 units
//! where scalars are meant would show. Positions that leave the marks out are called plain.

use super::Edit;
use serde::Serialize;
use thiserror::Error;

const OPEN: char = '⟦';
const PEN: char = '🖋';
const CLOSE: char = '⟧';

/// The text of a mark.
pub fn mark(number: usize) -> String {
    format!("{OPEN}{PEN}{number}{CLOSE}")
}

/// A change of the marked text, as the hub takes it; positions and counts are Unicode scalar values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename = "splice")]
pub struct Splice {
    /// Where.
    pub position: usize,
    /// How many characters go.
    pub delete: usize,
    /// What comes in their place.
    pub insert: String,
}

/// A bracket without its other half: the hub has torn a mark apart.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a mark is torn apart near {near:?}")]
pub struct BrokenMark {
    near: String,
}

/// The plain text, and the numbers of the marks in the order in which they stand.
pub fn without_marks(text: &str) -> Result<(String, Vec<usize>), BrokenMark> {
    let broken = |rest: &str| BrokenMark { near: rest.chars().take(24).collect() };
    let (mut plain, mut numbers, mut rest) = (String::with_capacity(text.len()), Vec::new(), text);
    while let Some(at) = rest.find([OPEN, PEN, CLOSE]) {
        plain.push_str(&rest[..at]);
        let found = &rest[at..];
        let inner = found
            .strip_prefix(OPEN)
            .and_then(|inner| inner.strip_prefix(PEN))
            .ok_or_else(|| broken(found))?;
        let (number, after) = inner.split_once(CLOSE).ok_or_else(|| broken(found))?;
        numbers.push(number.parse().map_err(|_| broken(found))?);
        rest = after;
    }
    plain.push_str(rest);
    Ok((plain, numbers))
}

/// Where the marks of a text are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// In the order in which they stand.
    marks: Vec<Mark>,
    plain_chars: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// Plain characters in front of it.
    before: usize,
    /// Characters of its own.
    chars: usize,
}

impl Marks {
    /// Finds the marks of a text.
    pub fn find(text: &str) -> Result<Marks, BrokenMark> {
        let (_, numbers) = without_marks(text)?;
        let mut found = Marks { marks: Vec::with_capacity(numbers.len()), plain_chars: 0 };
        let mut inside = 0;
        for char in text.chars() {
            match (char, inside) {
                (OPEN, _) => inside = 1,
                (CLOSE, chars) => {
                    found.marks.push(Mark { before: found.plain_chars, chars: chars + 1 });
                    inside = 0;
                }
                (_, 0) => found.plain_chars += 1,
                (_, chars) => inside = chars + 1,
            }
        }
        Ok(found)
    }

    /// How long the text is without them.
    pub fn plain_chars(&self) -> usize {
        self.plain_chars
    }

    /// Where a plain position is in the marked text: in front of marks that stand there.
    pub fn position(&self, plain: usize) -> usize {
        plain + self.marks.iter().take_while(|mark| mark.before < plain).map(|mark| mark.chars).sum::<usize>()
    }

    /// An edit at plain positions as changes of the marked text, which leave the marks alone; each counts on those
    /// before it. The marks move along.
    pub fn around(&mut self, edit: &Edit) -> Vec<Splice> {
        let mut splices = self.delete(edit.position, edit.delete);
        if !edit.insert.is_empty() {
            let position = self.position(edit.position);
            match &mut splices[..] {
                [only] if only.position == position => only.insert.clone_from(&edit.insert),
                _ => splices.push(Splice { position, delete: 0, insert: edit.insert.clone() }),
            }
            self.inserted(edit.position, edit.insert.chars().count());
        }
        splices
    }

    /// Deletes plain characters, a splice for each stretch between marks.
    fn delete(&mut self, from: usize, count: usize) -> Vec<Splice> {
        let (mut splices, mut done, to) = (Vec::new(), from, from + count);
        let mut cursor = from;
        let mut delete_to = |end: usize, cursor: usize, done: &mut usize| {
            if end > *done {
                splices.push(Splice { position: cursor, delete: end - *done, insert: String::new() });
                *done = end;
            }
        };
        for mark in &mut self.marks {
            if mark.before >= to.max(from + 1) {
                mark.before -= count;
                continue;
            }
            if mark.before > from {
                delete_to(mark.before, cursor, &mut done);
                mark.before = from;
            }
            cursor += mark.chars;
        }
        delete_to(to, cursor, &mut done);
        self.plain_chars -= count;
        splices
    }

    fn inserted(&mut self, at: usize, count: usize) {
        for mark in self.marks.iter_mut().filter(|mark| mark.before >= at) {
            mark.before += count;
        }
        self.plain_chars += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;

    fn apply(text: &str, splices: &[Splice]) -> String {
        let mut text: Vec<char> = text.chars().collect();
        for Splice { position, delete, insert } in splices {
            text.splice(*position..position + delete, insert.chars());
        }
        text.into_iter().collect()
    }

    fn check(text: &str, edit: (usize, usize, &str), expect: &str) {
        let edit = Edit { position: edit.0, delete: edit.1, insert: edit.2.to_owned() };
        let splices = Marks::find(text).unwrap().around(&edit);
        assert_eq!(apply(text, &splices), expect);
    }

    #[test]
    fn edits_go_around_marks() {
        check("ab⟦🖋1⟧cd", (1, 2, "x"), "ax⟦🖋1⟧d");
        check("⟦🖋1⟧ab", (0, 1, ""), "⟦🖋1⟧b");
        check("⟦🖋1⟧ab", (0, 1, "x"), "x⟦🖋1⟧b");
        check("a⟦🖋1⟧⟦🖋22⟧b", (0, 2, ""), "⟦🖋1⟧⟦🖋22⟧");
        check("ab⟦🖋1⟧", (2, 0, "c"), "abc⟦🖋1⟧");
        check("", (0, 0, "new"), "new");
    }

    #[test]
    fn an_edit_far_from_marks_is_one_splice() {
        let edit = Edit { position: 3, delete: 2, insert: "x".to_owned() };
        let splices = Marks::find("a⟦🖋1⟧bcdefg").unwrap().around(&edit);
        assert_eq!(splices, [Splice { position: 7, delete: 2, insert: "x".to_owned() }]);
        assert_eq!(
            serde_json::to_string(&splices).unwrap(),
            r#"[{"op":"splice","position":7,"delete":2,"insert":"x"}]"#
        );
    }

    #[test]
    fn torn_marks_are_seen() {
        for torn in ["a⟦🖋1", "1⟧", "⟦🖋⟧", "⟦1⟧", "🖋", "⟦🖋⟦🖋1⟧2⟧", "⟦🖋1x⟧"]
        {
            assert!(without_marks(torn).is_err(), "{torn}");
            assert!(Marks::find(torn).is_err(), "{torn}");
        }
    }

    /// Pieces of plain text and marks.
    fn marked() -> impl Strategy<Value = String> {
        prop::collection::vec(prop_oneof!["[a-eß𝄞]{0,6}", (0usize..100).prop_map(mark)], 0..12)
            .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn the_plain_text_changes_as_if_there_were_no_marks(
            text in marked(),
            edits in prop::collection::vec((any::<Index>(), any::<Index>(), "[x-z𝄞]{0,4}"), 1..8),
        ) {
            let (mut plain, numbers) = without_marks(&text).unwrap();
            let (mut marked, mut marks) = (text.clone(), Marks::find(&text).unwrap());
            for (from, count, insert) in edits {
                let chars = plain.chars().count();
                let position = from.index(chars + 1);
                let edit = Edit { position, delete: count.index(chars - position + 1), insert };
                marked = apply(&marked, &marks.around(&edit));
                let as_splice = Splice { position, delete: edit.delete, insert: edit.insert };
                plain = apply(&plain, &[as_splice]);
            }
            prop_assert_eq!(&marks, &Marks::find(&marked).unwrap());
            let (left, mut numbers_left) = without_marks(&marked).unwrap();
            prop_assert_eq!(left, plain);
            let mut numbers = numbers;
            numbers.sort_unstable();
            numbers_left.sort_unstable();
            prop_assert_eq!(numbers, numbers_left);
        }
    }
}
