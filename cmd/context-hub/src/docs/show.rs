//! How answers of the hub look to people. Everything that others wrote goes through `output::plain` where it stands in a line.

use crate::output::{self, BAD, BOLD, GOOD, PLACE, paint, plain};
use crate::table::table;
use serde_json::Value;
use std::fmt::Write;

/// A member as text, whatever it is; empty if it is not there.
fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::Null => String::new(),
        Value::String(text) => plain(text),
        other => plain(&other.to_string()),
    }
}

/// A time without what is below seconds.
fn time(value: &Value, name: &str) -> String {
    let time = text(value, name);
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time,
    }
}

fn items<'a>(page: &'a Value, name: &str) -> &'a [Value] {
    page[name].as_array().map_or(&[], Vec::as_slice)
}

/// A page of a list.
pub fn documents(page: &Value) -> String {
    let row = |document: &Value| {
        [
            text(document, "id"),
            text(document, "doc_type"),
            text(document, "version"),
            text(document, "access"),
            time(document, "updated_at"),
            text(document, "name"),
            labels(document),
        ]
    };
    let rows: Vec<_> = items(page, "documents").iter().map(row).collect();
    table(["ID", "TYPE", "VERSION", "ACCESS", "UPDATED", "NAME", "LABELS"], &rows)
}

fn labels(document: &Value) -> String {
    let labels = document["labels"].as_object();
    let shown = labels.into_iter().flatten().map(|(key, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        plain(&format!("{key}={value}"))
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// A page of a history.
pub fn versions(page: &Value) -> String {
    let row = |version: &Value| {
        ["version", "at", "author", "changes", "bytes"].map(|name| match name {
            "at" => time(version, name),
            "author" => authors(version),
            name => text(version, name),
        })
    };
    let rows: Vec<_> = items(page, "versions").iter().map(row).collect();
    table(["VERSION", "AT", "AUTHOR", "CHANGES", "BYTES"], &rows)
}

/// Everyone who made a version: one, or those whose changes came together.
fn authors(version: &Value) -> String {
    let all: Vec<_> = items(version, "authors").iter().filter_map(Value::as_str).map(plain).collect();
    if all.is_empty() { text(version, "author") } else { all.join(", ") }
}

/// Who may do what.
pub fn access(list: &Value) -> String {
    let owner = [text(list, "owner"), "owner".to_owned()];
    let entry = |entry: &Value| [text(entry, "principal"), text(entry, "access_level")];
    let rows: Vec<_> = std::iter::once(owner).chain(items(list, "entries").iter().map(entry)).collect();
    table(["USER", "ACCESS"], &rows)
}

/// What a write did, in a line.
pub fn written(document: &Value) -> String {
    format!("{} is at version {}", text(document, "id"), text(document, "version"))
}

/// The bare content of a document: a text as it is, JSON over several lines.
pub fn content(document: &Value) -> String {
    match &document["content"] {
        Value::String(text) => text.clone(),
        other => format!("{other:#}\n"),
    }
}

/// A unified diff in colours. Its lines are those of the document: control characters in them are spelt out.
pub fn unified(diff: &Value) -> String {
    let mut out = String::new();
    for line in diff["unified"].as_str().unwrap_or_default().split_terminator('\n') {
        let shown = output::lines(line);
        let style = match line.as_bytes() {
            [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => Some(BOLD),
            [b'@', b'@', ..] => Some(PLACE),
            [b'-', ..] => Some(BAD),
            [b'+', ..] => Some(GOOD),
            _ => None,
        };
        let shown = style.map_or_else(|| shown.clone(), |style| paint(style, &shown));
        writeln!(out, "{shown}").expect("a string takes every write");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_shows_names_and_labels_of_others_harmlessly() {
        let page = json!({"documents": [{
            "id": "i", "doc_type": "Text", "version": 3, "access": "read", "updated_at": "2026-01-01T00:00:00.123Z",
            "name": "evil\u{1b}[2J", "labels": {"team": "a", "b": "c"},
        }]});
        let shown = documents(&page);
        let rows: Vec<_> = shown.lines().collect();
        assert_eq!(rows[0], "ID  TYPE  VERSION  ACCESS  UPDATED               NAME           LABELS");
        assert_eq!(rows[1], "i   Text  3        read    2026-01-01T00:00:00Z  evil\\u{1b}[2J  team=a b=c");
        let empty = documents(&json!({"documents": []}));
        assert_eq!(empty.lines().count(), 1);
    }

    #[test]
    fn a_history_shows_who_made_a_version_if_anybody_knows() {
        let page = json!({"versions": [
            {"version": 2, "heads": [], "at": "2026-01-01T00:00:00.000Z", "author": null, "changes": 2, "bytes": 99},
        ]});
        assert_eq!(
            versions(&page).lines().nth(1).unwrap(),
            "2        2026-01-01T00:00:00Z          2        99"
        );
    }

    #[test]
    fn access_begins_with_the_owner() {
        let list = json!({"owner": "ada", "entries": [{"principal": "bob", "access_level": "write"}]});
        assert_eq!(access(&list), "USER  ACCESS\nada   owner\nbob   write");
    }

    #[test]
    fn content_is_printed_so_that_it_can_be_put_back() {
        assert_eq!(content(&json!({"content": "no end"})), "no end");
        assert_eq!(content(&json!({"content": {"a": 1}})), "{\n  \"a\": 1\n}\n");
    }

    #[test]
    fn a_difference_has_colours_and_no_tricks() {
        let text = "--- v1\n+++ v2\n@@ -1 +1 @@\n-a\tb\n+a\u{1b}c\n same\n";
        let shown = unified(&json!({ "unified": text }));
        assert_eq!(anstream::adapter::strip_str(&shown).to_string(), text.replace('\u{1b}', "\\u{1b}"));
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[3], paint(BAD, "-a\tb"));
        assert_eq!(lines[4], paint(GOOD, "+a\\u{1b}c"));
        assert_eq!(lines[2], paint(PLACE, "@@ -1 +1 @@"));
        assert_eq!(lines[5], " same");
    }
}
