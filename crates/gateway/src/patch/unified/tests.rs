//! Unified diffs, good and bad, at the lines that they name and elsewhere.

use super::*;
use crate::gate::Gate;
use proptest::prelude::*;
use serde_json::json;

fn run_with(text: &str, patch: &str, limits: &Limits) -> Result<String, Problem> {
    let patch = decode(patch.as_bytes())?;
    let mut room = Gate::new(1 << 30).pass();
    let content = apply(Shape::Text, json!(text), &patch, limits, &mut room)?;
    Ok(content.as_str().unwrap().to_owned())
}

fn run(text: &str, patch: &str) -> Result<String, Problem> {
    run_with(text, patch, &Limits::default())
}

fn member<'p>(problem: &'p Problem, name: &str) -> &'p Value {
    &problem.members.iter().find(|member| member.0 == name).unwrap_or_else(|| panic!("{problem:?}")).1
}

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\n";

#[test]
fn a_hunk_applies_where_its_header_says_or_nearby() {
    let expected = "one\ntwo\nTHREE\nfour\nfive\n";
    for header in
        ["@@ -2,3 +2,3 @@", "--- a\n+++ b\n@@ -2,3 +2,3 @@ fn main()", "@@ -40,3 +2,3 @@", "@@ -1,3 +1,3 @@"]
    {
        let patch = format!("{header}\n two\n-three\n+THREE\n four\n");
        assert_eq!(run(TEXT, &patch).unwrap(), expected, "{header}");
    }
}

#[test]
fn hunks_that_missed_move_those_behind_them() {
    let patch = "@@ -1 +1 @@\n-x\n+y\n@@ -3 +3 @@\n-x\n+y\n";
    let text = "a\na\na\na\na\na\nx\na\nx\nx\n";
    assert_eq!(run(text, patch).unwrap(), "a\na\na\na\na\na\ny\na\ny\nx\n");
}

#[test]
fn white_space_at_the_ends_of_lines_is_not_compared_and_is_kept() {
    let patch = "@@ -1,3 +1,4 @@\n one\n+new\n two\n-three\n+3\n";
    assert_eq!(run("one  \r\ntwo\t\nthree ", patch).unwrap(), "one  \r\nnew\ntwo\t\n3\n");
    // An exact place farther away comes before an inexact one.
    assert_eq!(run("a \nb\na\n", "@@ -1 +1 @@\n-a\n+x\n").unwrap(), "a \nb\nx\n");
    assert!(run("  a\n", "@@ -1 +1 @@\n-a\n+x\n").is_err(), "white space at the front is content");
}

#[test]
fn outer_context_may_differ_where_the_rest_stands_in_one_place() {
    let patch = "@@ -1,5 +1,5 @@\n one\n zwei\n-three\n+THREE\n four\n fuenf\n";
    assert_eq!(run(TEXT, patch).unwrap(), "one\ntwo\nTHREE\nfour\nfive\n", "both ends, two lines deep");
    assert_eq!(run("0\n0\none\ntwo\nthree\nfour\n5\n", patch).unwrap(), "0\n0\none\ntwo\nTHREE\nfour\n5\n");
    // Where it could be meant twice, nobody guesses.
    let twice = run("three\nfour\nthree\nfour\n", patch).unwrap_err();
    assert_eq!(twice.kind, Kind::HunkNotFound);
    assert_eq!(
        member(&twice, "expected"),
        &json!(["one", "zwei", "three", "four", "fuenf"]),
        "the whole hunk"
    );
    // What is taken away has to be there, and the context next to it, three lines deep.
    assert!(run(TEXT, "@@ -1,3 +1,3 @@\n two\n-drei\n+3\n four\n").is_err());
    let deep = "@@ -1,4 +1,5 @@\n x\n one\n two\n y\n+new\n";
    assert_eq!(run(TEXT, deep).unwrap_err().kind, Kind::HunkNotFound, "y is not at the end of the context");
    assert!(run("a\n\nb\n", "@@ -1,3 +1,4 @@\n x\n \n+new\n y\n").is_err(), "a blank line is no place");
    // Hunks behind it are sought from where it ends.
    let two = "@@ -1,3 +1,3 @@\n eins\n-two\n+2\n three\n@@ -4 +4 @@\n-four\n+4\n";
    assert_eq!(run(TEXT, two).unwrap(), "one\n2\nthree\n4\nfive\n");
}

#[test]
fn ends_of_lines_that_are_missing_join_nothing() {
    assert_eq!(run("a", "@@ -1 +1,2 @@\n a\n+b\n").unwrap(), "a\nb\n");
    let no_end = "@@ -1 +1,2 @@\n a\n+b\n\\ No newline at end of file\n";
    assert_eq!(run("a\nc\n", no_end).unwrap(), "a\nb\nc\n");
    assert_eq!(run("a\n", no_end).unwrap(), "a\nb");
    assert_eq!(run("a\n", no_end.trim_end()).unwrap(), "a\nb");
    assert_eq!(run("", "@@ -0,0 +1 @@\n+a").unwrap(), "a\n");
}

#[test]
fn a_hunk_without_old_lines_inserts_behind_the_line_it_names() {
    let insert = |line: &str| run("a\nb\n", &format!("@@ -{line},0 +1 @@\n+x\n"));
    assert_eq!(insert("0").unwrap(), "x\na\nb\n");
    assert_eq!(insert("1").unwrap(), "a\nx\nb\n");
    assert_eq!(insert("2").unwrap(), "a\nb\nx\n");
    assert_eq!(insert("3").unwrap_err().kind, Kind::HunkNotFound);
    assert_eq!(insert(&u64::MAX.to_string()).unwrap_err().kind, Kind::HunkNotFound);
}

#[test]
fn a_hunk_that_does_not_fit_is_shown_what_stands_there() {
    let refused = run(TEXT, "@@ -1 +1 @@\n-one\n+1\n@@ -3,2 +3,2 @@\n-tree\n+3\n four\n").unwrap_err();
    assert_eq!(refused.kind, Kind::HunkNotFound);
    assert_eq!((member(&refused, "hunk"), member(&refused, "line")), (&json!(1), &json!(3)));
    assert_eq!(member(&refused, "expected"), &json!(["tree", "four"]));
    assert_eq!(member(&refused, "found"), &json!(["three", "four"]));
    // Hunks come in order.
    let back = run(TEXT, "@@ -3 +3 @@\n-five\n+5\n@@ -4 +4 @@\n-one\n+1\n").unwrap_err();
    assert_eq!((back.kind, member(&back, "hunk")), (Kind::HunkNotFound, &json!(1)));
    assert_eq!(run("", "@@ -7 +7 @@\n-a\n+b\n").unwrap_err().kind, Kind::HunkNotFound);
}

#[test]
fn a_hunk_that_fits_twice_as_near_is_not_guessed() {
    let refused = run("x\na\nx\n", "@@ -2 +2 @@\n-x\n+y\n").unwrap_err();
    assert_eq!((refused.kind, member(&refused, "lines")), (Kind::HunkAmbiguous, &json!([1, 3])));
    assert_eq!(run("x\nx\nx\n", "@@ -2 +2 @@\n-x\n+y\n").unwrap(), "x\ny\nx\n");
}

#[test]
fn nothing_of_a_patch_is_passed_over() {
    for bad in [
        "",
        "only words\n",
        "--- a\n+++ b\n",
        "@@ -1 +1 @@\n-one\n",
        "@@ -x +1 @@\n-one\n+1\n",
        "@@ @@\n-one\n+1\n",
        // More lines than its header counts, and a second file.
        "@@ -1 +1 @@\n-one\n+1\n+more\n",
        "@@ -1 +1,2 @@\n one\n+1\n two\n",
        "--- a\n+++ b\n@@ -1 +1 @@\n-one\n+1\ndiff --git a/c b/c\n--- c\n+++ d\n",
        "@@ -1 +1 @@\n-one\n+1\nwords\n@@ -2 +2 @@\n-two\n+2\n",
    ] {
        assert_eq!(run(TEXT, bad).unwrap_err().kind, Kind::MalformedPatch, "{bad:?}");
    }
    let signed = "@@ -1 +1 @@\n-one\n+1\n-- \n2.39.5\n\n";
    assert!(run(TEXT, signed).unwrap().starts_with("1\ntwo"));
    assert_eq!(decode(b"\xff").unwrap_err().kind, Kind::MalformedPatch);
}

#[test]
fn json_has_no_lines() {
    let limits = Limits::default();
    let refused = apply(Shape::Json, json!({}), "", &limits, &mut Gate::new(9).pass()).unwrap_err();
    assert_eq!(refused.kind, Kind::BadEdit);
}

#[test]
fn few_bytes_do_not_ask_for_much() {
    let many = "@@ -1 +1 @@\n-one\n+1\n@@ -2 +2 @@\n-two\n+2\n";
    let one = Limits { operations: 1, ..Limits::default() };
    assert_eq!(run_with(TEXT, many, &one).unwrap_err().kind, Kind::TooManyOperations);
    let three = Limits { json_values: 3, ..Limits::default() };
    assert_eq!(run_with(TEXT, "@@ -1 +1 @@\n-one\n+1\n", &three).unwrap_err().kind, Kind::PatchTooCostly);
    // Lines that nearly stand everywhere.
    let text = format!("{}y\n", "x\n".repeat(120_000));
    let lines = "-x\n".repeat(60_000);
    let patch = format!("@@ -1,60002 +0,0 @@\n{lines}-y\n-y\n");
    assert_eq!(run(&text, &patch).unwrap_err().kind, Kind::PatchTooCostly);
}

/// Texts of lines that are like each other and like what patches are written with.
fn text() -> impl Strategy<Value = String> {
    let line = proptest::sample::select(vec![
        "a\n",
        "a \n",
        "b\n",
        "\n",
        " a\n",
        "-- a\n",
        "++ b\n",
        "@@ -1 +1 @@\n",
        "\\ No newline at end of file\n",
        "é\r\n",
        "\t\n",
    ]);
    let end = proptest::sample::select(vec!["", "a", "b ", "é", "--"]);
    (proptest::collection::vec(line, 0..24), end).prop_map(|(lines, end)| lines.concat() + end)
}

proptest! {
    #[test]
    fn the_patch_of_a_difference_gives_the_other(old in text(), new in text(), context in 0..4_usize) {
        let mut options = diffy::DiffOptions::new();
        options.set_context_len(context);
        let patch = options.create_patch(&old, &new).to_string();
        match run(&old, &patch) {
            Ok(found) => prop_assert_eq!(found, new, "{}", patch),
            Err(problem) => prop_assert!(old == new, "{:?} of {}", problem, patch),
        }
    }

    #[test]
    fn what_is_in_front_only_moves_a_patch(old in text(), new in text(), front in 0..5_usize) {
        // Marked at both ends, so that no other place is like it.
        let (old, new) = (format!("<begin>\n{old}\n<end>\n"), format!("<begin>\n{new}\n<end>\n"));
        let mut options = diffy::DiffOptions::new();
        options.set_context_len(99);
        let patch = options.create_patch(&old, &new).to_string();
        prop_assume!(old != new);
        let front: String = (0..front).map(|line| format!("front {line}\n")).collect();
        prop_assert_eq!(run(&format!("{front}{old}"), &patch).unwrap(), format!("{front}{new}"));
    }

    #[test]
    fn no_patch_makes_it_panic(
        text in text(),
        patch in "(@@ -[0-3](,[0-3])? \\+[0-3](,[0-3])? @@\n|[ +-][ab]\n|\\\\ No newline at end of file\n){0,9}",
    ) {
        let _ = run(&text, &patch);
    }
}

proptest! {
    /// What the hub shows as a difference, the hub takes as a patch, whatever ends the lines.
    #[test]
    fn a_difference_is_a_patch(old in "[ab\\-+ \r\n]{0,24}", new in "[ab\\-+ \r\n]{0,24}") {
        let patch = crate::plain::unified(&old, &new, "old", "new");
        prop_assert_eq!(patch.is_empty(), old == new);
        if !patch.is_empty() {
            prop_assert_eq!(run(&old, &patch).unwrap(), new, "{:?}", patch);
        }
    }
}

#[test]
fn a_line_that_is_left_over_is_no_signature() {
    assert_eq!(run("a\n-\n", "@@ -1 +1 @@\n-a\n+A\n--\n").unwrap_err().kind, Kind::MalformedPatch);
    assert_eq!(run("a\n", "@@ -1 +1 @@\n-a\n+A\n-- \n2.47.0\n").unwrap(), "A\n");
}
