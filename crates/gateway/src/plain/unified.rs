//! The difference of two texts as a unified diff, which people read and `patch` applies.

use similar::{ChangeTag, TextDiff};
use std::fmt::Write;
use std::time::Duration;

/// Lines around a change.
const CONTEXT: usize = 3;

/// After this the rest of two texts is taken as it comes, which gives a longer diff that is right all the same.
const PATIENCE: Duration = Duration::from_millis(500);

/// Texts up to this length together are compared where requests are served.
pub(crate) const INLINE_WORK_BYTES: usize = 16 << 10;

/// What stands behind a line that ends its text without a line feed.
const NO_LINE_FEED: &str = "\n\\ No newline at end of file\n";

/// How `old` becomes `new`; empty if they are the same. Lines end with `\n` and nothing else, so the lines are written here:
/// the library takes a carriage return for an end, too.
pub(crate) fn unified(old: &str, new: &str, old_name: &str, new_name: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let diff = TextDiff::configure().newline_terminated(true).timeout(PATIENCE).diff_slices(&old, &new);
    let mut out = String::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        if out.is_empty() {
            out = format!("--- {old_name}\n+++ {new_name}\n");
        }
        writeln!(out, "{}", hunk.header()).expect("a string takes everything");
        for change in hunk.iter_changes() {
            out.push(match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            });
            out.push_str(change.value());
            if !change.value().ends_with('\n') {
                out.push_str(NO_LINE_FEED);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a patch program makes of a diff: the least of one, for this test.
    fn patched(old: &str, diff: &str) -> String {
        let old: Vec<_> = old.split_inclusive('\n').collect();
        let (mut out, mut at) = (Vec::new(), 0);
        for line in diff.split_inclusive('\n').skip(2) {
            if let Some(header) = line.strip_prefix("@@ -") {
                let (range, _) = header.split_once(' ').unwrap();
                let (start, length) = range.split_once(',').unwrap_or((range, "1"));
                let (start, length): (usize, usize) = (start.parse().unwrap(), length.parse().unwrap());
                let start = if length == 0 { start } else { start - 1 };
                out.extend(old[at..start].iter().map(|line| (*line).to_owned()));
                at = start;
            } else if let Some(line) = line.strip_prefix(' ') {
                assert_eq!(old[at], line);
                out.push(line.to_owned());
                at += 1;
            } else if let Some(line) = line.strip_prefix('-') {
                assert_eq!(old[at], line);
                at += 1;
            } else if let Some(line) = line.strip_prefix('+') {
                out.push(line.to_owned());
            } else {
                panic!("these texts end with a line feed: {line:?}");
            }
        }
        out.extend(old[at..].iter().map(|line| (*line).to_owned()));
        out.concat()
    }

    #[test]
    fn a_change_stands_among_its_context() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let diff = unified(old, &old.replace('5', "five"), "version 1", "version 2");
        let expected = "--- version 1\n+++ version 2\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";
        assert_eq!(diff, expected);
        assert_eq!(unified(old, old, "a", "b"), "");
    }

    #[test]
    fn only_a_line_feed_ends_a_line() {
        let diff = unified("a\rb\n", "a\rc\n", "old", "new");
        assert_eq!(diff, "--- old\n+++ new\n@@ -1 +1 @@\n-a\rb\n+a\rc\n");
        let diff = unified("a", "a\n", "old", "new");
        assert_eq!(diff, "--- old\n+++ new\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    }

    proptest! {
        #[test]
        fn it_leads_from_the_one_to_the_other(old in "([abc]{0,2}\n){0,20}", new in "([abc]{0,2}\n){0,20}") {
            let diff = unified(&old, &new, "old", "new");
            prop_assert_eq!(patched(&old, &diff), new);
        }
    }
}
