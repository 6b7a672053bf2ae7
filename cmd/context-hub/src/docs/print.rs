//! How updates look to people.
//!
//! ```text
//! v8 ada 2026-01-01T12:00:00.000Z
//!   @10 The quick [-brown-]{+red+} fox jumps
//!   /todo/2 + {"t":"bread"}
//! ```

use crate::output;
use base::{Op, PathStep, plain};
use client::{Copy, Update};
use serde_json::Value;
use std::fmt::Write;

/// Characters that are shown of the text around a change.
const AROUND: usize = 24;

/// Characters that are shown of a value, or of a stretch of text.
const SHOWN: usize = 160;

/// The document as a whole.
pub fn snapshot(copy: &Copy) -> String {
    let name = if copy.name.is_empty() { "(no name)".to_owned() } else { output::plain(&copy.name) };
    let shape = copy.shape.as_str();
    let mut out = format!("-- {name}, {shape}, version {}, you may {}\n", copy.version, copy.access.as_str());
    match &copy.content {
        Value::String(text) => {
            text.lines().for_each(|line| put(&mut out, format_args!("  {}", output::plain(line))));
        }
        other => put(&mut out, format_args!("{other:#}")),
    }
    out
}

/// What an update changes in the content before it.
pub fn update(update: &Update, before: &Value) -> String {
    let authors: Vec<_> = update.authors.iter().map(|author| author.as_str()).collect();
    let mut out = format!("v{} {} {}\n", update.version, authors.join(", "), update.at);
    // Each operation is shown against what the ones before it left.
    let mut content = before.clone();
    for op in &update.ops {
        put(&mut out, format_args!("  {}", operation(op, &content)));
        if plain::apply(&mut content, std::slice::from_ref(op)).is_err() {
            break;
        }
    }
    out
}

fn operation(op: &Op, content: &Value) -> String {
    match op {
        Op::Set { path, value } => format!("{} = {}", pointer(path), short(&value.to_string())),
        Op::Insert { path, value } => format!("{} + {}", pointer(path), short(&value.to_string())),
        Op::Delete { path } => format!("{} -", pointer(path)),
        Op::Increment { path, by } => format!("{} {by:+}", pointer(path)),
        Op::Splice { path, position, delete, insert } => {
            let way = pointer(path);
            let space = if way.is_empty() { "" } else { " " };
            let text = content.pointer(&way).and_then(Value::as_str).unwrap_or_default();
            format!("{way}{space}@{position} {}", spliced(text, *position, *delete, insert))
        }
    }
}

/// A change of a text, with a little of what stands around it.
fn spliced(text: &str, position: usize, delete: usize, insert: &str) -> String {
    let start = byte(text, position);
    let end = start + byte(&text[start..], delete);
    let mut shown = output::plain(last(line_before(&text[..start])));
    if start < end {
        shown = format!("{shown}[-{}-]", short(&text[start..end]));
    }
    if !insert.is_empty() {
        shown = format!("{shown}{{+{}+}}", short(insert));
    }
    shown + &output::plain(first(text[end..].lines().next().unwrap_or_default()))
}

fn line_before(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or_default()
}

/// The byte at which so many UTF-16 code units end; the end of the text if it is shorter.
fn byte(text: &str, units: usize) -> usize {
    let mut counted = 0;
    let found = text.char_indices().find(|(_, char)| {
        let before = counted;
        counted += char.len_utf16();
        before >= units
    });
    found.map_or(text.len(), |(at, _)| at)
}

fn first(text: &str) -> &str {
    text.char_indices().nth(AROUND).map_or(text, |(at, _)| &text[..at])
}

fn last(text: &str) -> &str {
    text.char_indices().rev().nth(AROUND - 1).map_or(text, |(at, _)| &text[at..])
}

/// At most so much of a text, on one line.
fn short(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    let mut shown = output::plain(&start.replace('\n', "⏎"));
    if start.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn pointer(path: &[PathStep]) -> String {
    path.iter().fold(String::new(), |mut out, step| {
        match step {
            PathStep::Index(index) => write!(out, "/{index}"),
            PathStep::Key(key) => write!(out, "/{}", key.replace('~', "~0").replace('/', "~1")),
        }
        .expect("a string takes every write");
        out
    })
}

fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(out, "{line}").expect("a string takes every write");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(before: Value, ops: Value) -> String {
        let message = json!({"from": 7, "version": 8, "heads": [], "authors": ["ada", "bob"], "at": "noon", "ops": ops});
        update(&serde_json::from_value(message).unwrap(), &before)
    }

    #[test]
    fn a_text_shows_what_came_and_went_in_its_line() {
        let ops = json!([{"op": "splice", "position": 15, "delete": 5, "insert": "red"}]);
        let text = shown(json!("😀\nThe quick\nA brown fox\nend"), ops);
        assert_eq!(text, "v8 ada, bob noon\n  @15 A [-brown-]{+red+} fox\n");
        let long = "a".repeat(100);
        let text = shown(json!(long), json!([{"op": "splice", "position": 50, "insert": "x\ny"}]));
        let around = "a".repeat(AROUND);
        assert_eq!(text, format!("v8 ada, bob noon\n  @50 {around}{{+x⏎y+}}{around}\n"));
    }

    #[test]
    fn values_are_shown_with_their_place() {
        let before = json!({"a/b": 1, "l": [1], "n": {"$counter": 1}, "t": "x"});
        let ops = json!([
            {"op": "set", "path": ["a/b"], "value": {"c": "d"}},
            {"op": "insert", "path": ["l", 1], "value": 2},
            {"op": "delete", "path": ["l", 0]},
            {"op": "increment", "path": ["n"], "by": 2},
            {"op": "splice", "path": ["t"], "position": 1, "insert": "y"},
        ]);
        let expected =
            "v8 ada, bob noon\n  /a~1b = {\"c\":\"d\"}\n  /l/1 + 2\n  /l/0 -\n  /n +2\n  /t @1 x{+y+}\n";
        assert_eq!(shown(before, ops), expected);
    }

    #[test]
    fn an_operation_that_does_not_fit_is_shown_and_nothing_after_it() {
        let ops = json!([{"op": "splice", "position": 9, "insert": "x"}, {"op": "delete", "path": ["a"]}]);
        assert_eq!(shown(json!("ab"), ops), "v8 ada, bob noon\n  @9 ab{+x+}\n");
    }
}
