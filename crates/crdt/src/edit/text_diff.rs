//! The difference of two texts as an edit that never splits a grapheme, at a bounded cost.
//!
//! First what is equal at both ends is set aside. A small middle is compared grapheme by grapheme; a large one line by
//! line, and then each stretch of changed lines grapheme by grapheme if it is small. Whatever is too different to be
//! compared within the bounds of `myers` is replaced whole.

use super::myers;
use super::text_edit::TextEdit;
use std::ops::Range;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// Above this a middle is compared by lines first. Graphemes of unrelated long texts match by accident only, and every
/// accident is an operation that the document keeps forever.
const GRAPHEMES_UP_TO_BYTES: usize = 8 << 10;

/// The edit that turns `old` into `new`; positions are bytes of `old`.
pub(crate) fn diff(old: &str, new: &str) -> TextEdit {
    let mut edit = TextEdit::default();
    if let Some((old_range, new_range)) = trim(old, 0..old.len(), new, 0..new.len()) {
        if is_small(&old_range, &new_range) {
            by_grapheme(old, old_range, new, new_range, &mut edit);
        } else {
            by_line(old, old_range, new, new_range, &mut edit);
        }
    }
    edit
}

fn is_small(old: &Range<usize>, new: &Range<usize>) -> bool {
    old.len().max(new.len()) <= GRAPHEMES_UP_TO_BYTES
}

fn by_line(old: &str, old_range: Range<usize>, new: &str, new_range: Range<usize>, edit: &mut TextEdit) {
    let split = |text: &'_ str| -> Vec<usize> { text.split_inclusive('\n').map(str::len).collect() };
    let (old_lines, new_lines) = (split(&old[old_range.clone()]), split(&new[new_range.clone()]));
    for (old_hunk, new_hunk) in hunks(old, old_range, &old_lines, new, new_range, &new_lines) {
        let Some((old_hunk, new_hunk)) = trim(old, old_hunk, new, new_hunk) else { continue };
        if is_small(&old_hunk, &new_hunk) {
            by_grapheme(old, old_hunk, new, new_hunk, edit);
        } else {
            edit.push(old_hunk, &new[new_hunk]);
        }
    }
}

fn by_grapheme(old: &str, old_range: Range<usize>, new: &str, new_range: Range<usize>, edit: &mut TextEdit) {
    let split = |text: &'_ str| -> Vec<usize> { text.graphemes(true).map(str::len).collect() };
    let (old_parts, new_parts) = (split(&old[old_range.clone()]), split(&new[new_range.clone()]));
    for (old_hunk, new_hunk) in hunks(old, old_range, &old_parts, new, new_range, &new_parts) {
        edit.push(old_hunk, &new[new_hunk]);
    }
}

/// Compares two stretches token by token, tokens given by their lengths, and says which bytes differ.
fn hunks(
    old: &str,
    old_range: Range<usize>,
    old_lengths: &[usize],
    new: &str,
    new_range: Range<usize>,
    new_lengths: &[usize],
) -> Vec<(Range<usize>, Range<usize>)> {
    let (old_ends, old_tokens) = tokens(old, old_range.start, old_lengths);
    let (new_ends, new_tokens) = tokens(new, new_range.start, new_lengths);
    myers::diff(&old_tokens, &new_tokens)
        .into_iter()
        .map(|hunk| {
            (
                old_ends[hunk.old.start]..old_ends[hunk.old.end],
                new_ends[hunk.new.start]..new_ends[hunk.new.end],
            )
        })
        .collect()
}

/// The tokens, and the position in front of each and behind the last.
fn tokens<'t>(text: &'t str, start: usize, lengths: &[usize]) -> (Vec<usize>, Vec<&'t str>) {
    let mut ends = Vec::with_capacity(lengths.len() + 1);
    let mut at = start;
    ends.push(at);
    let tokens = lengths
        .iter()
        .map(|length| {
            let token = &text[at..at + length];
            at += length;
            ends.push(at);
            token
        })
        .collect();
    (ends, tokens)
}

/// Sets aside what is equal at both ends, up to boundaries of graphemes in both texts; nothing if all is equal.
fn trim(
    old: &str,
    old_range: Range<usize>,
    new: &str,
    new_range: Range<usize>,
) -> Option<(Range<usize>, Range<usize>)> {
    let (a, b) = (&old.as_bytes()[old_range.clone()], &new.as_bytes()[new_range.clone()]);
    if a == b {
        return None;
    }
    let mut prefix = common(a, b);
    while !is_boundary(old, old_range.start + prefix) || !is_boundary(new, new_range.start + prefix) {
        prefix -= 1;
    }
    let mut suffix = common_end(&a[prefix..], &b[prefix..]);
    while !is_boundary(old, old_range.end - suffix) || !is_boundary(new, new_range.end - suffix) {
        suffix -= 1;
    }
    Some((old_range.start + prefix..old_range.end - suffix, new_range.start + prefix..new_range.end - suffix))
}

fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn common_end(a: &[u8], b: &[u8]) -> usize {
    a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

/// Whether a grapheme ends at this byte. The edges of a stretch that is being trimmed always are boundaries.
fn is_boundary(text: &str, at: usize) -> bool {
    text.is_char_boundary(at)
        && GraphemeCursor::new(at, text.len(), true)
            .is_boundary(text, 0)
            .expect("the whole text is there, and the byte starts a character")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(old: &str, new: &str) -> TextEdit {
        let edit = diff(old, new);
        assert_eq!(edit.apply_to(old), new, "{old:?} -> {new:?}");
        for splice in edit.splices() {
            assert!(
                is_boundary(old, splice.at) && is_boundary(old, splice.at + splice.delete),
                "{old:?} {splice:?}"
            );
        }
        edit
    }

    #[test]
    fn one_letter_is_one_letter() {
        let edit = check("The quick fox", "The quick fox");
        assert!(edit.splices().iter().all(|splice| splice.delete <= 1 && splice.insert.len() <= 1));
        assert!(check("same", "same").is_empty());
    }

    #[test]
    fn graphemes_stay_whole() {
        let edit = check("👨‍👩‍👧", "👨‍👩‍👦");
        assert_eq!(edit.splices()[0].insert, "👨‍👩‍👦");
        check("🇩🇪🇫🇷", "🇩🇪🇪🇫🇷");
        check("e\u{301}", "e");
        check("a\r\nb", "a\nb");
    }

    #[test]
    fn texts_that_differ_everywhere_cost_little() {
        let old = "a b c d e f ".repeat(90_000);
        let new = "q w x y z\n".repeat(100_000);
        assert_eq!(check(&old, &new).splices().len(), 1);
    }

    #[test]
    fn a_changed_line_among_many_is_found() {
        let line = |i: usize| format!("line {i} of a long text\n");
        let old: String = (0..20_000).map(line).collect();
        let new = old.replace("line 777 of", "line 777, changed, of").replace("line 19000 of", "line of");
        let edit = check(&old, &new);
        assert!(edit.splices().iter().map(|splice| splice.delete + splice.insert.len()).sum::<usize>() < 40);
    }

    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            proptest::sample::select(vec![
                "a",
                "b",
                "\n",
                "\r\n",
                "e\u{301}",
                "👍🏽",
                "👩‍💻",
                "🇩🇪",
                "🇩",
                "\u{200d}",
                "\0",
            ]),
            0..20,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn any_text_becomes_any_other(old in text(), new in text()) {
            check(&old, &new);
        }
    }
}
