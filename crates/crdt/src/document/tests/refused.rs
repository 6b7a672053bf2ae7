//! Edits that are refused: by name, and without a trace.

use super::*;
use crate::edit::EditError;
use base::{Hash, PathStep, Unit};
use serde_json::json;

fn key(key: &str) -> PathStep {
    PathStep::Key(key.into())
}

/// An error and what it comes from.
fn chain(error: &EditError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("{error}{}", source.unwrap_or_default())
}

/// Carries out an operation that cannot be, behind one that can, at the current heads and at past ones. Gives both
/// messages.
fn refused(content: &Value, op: Op, limits: &Limits) -> String {
    let mut case = Case::new(Shape::Json, content);
    let past = case.document.heads();
    let other = Op::Set { path: vec![key("other")], value: json!("seen") };
    let made = case.document.edit(Shape::Json, &past, &[other], Unit::Utf16, stamp(), limits).unwrap();
    case.keep(made);
    let mut messages = Vec::new();
    for at in [case.document.heads(), past] {
        let (heads, before) = (case.document.heads(), case.document.content_json(Shape::Json).unwrap());
        let good = Op::Set { path: vec![key("good")], value: json!({"a": ["list"]}) };
        let ops = [good, op.clone()];
        let error = case.document.edit(Shape::Json, &at, &ops, Unit::Utf16, stamp(), limits).unwrap_err();
        messages.push(chain(&error));
        assert_eq!(case.document.heads(), heads);
        assert_eq!(case.document.content_json(Shape::Json).unwrap(), before);
        case.check_convergence(Shape::Json);
        let good = case
            .document
            .edit(Shape::Json, &at, &ops[..1], Unit::Utf16, stamp(), &Limits::default())
            .unwrap();
        case.keep(good).unwrap();
    }
    messages.join("\n")
}

#[test]
fn operations_that_cannot_be_say_what_was_found() {
    let content = json!({"list": [1, 2], "text": "a😀", "n": 5, "c": {"$counter": i64::MAX}});
    let splice = |path: Vec<PathStep>, position| Op::Splice { path, position, delete: 0, insert: "x".into() };
    let cases = [
        (Op::Delete { path: vec![key("no")] }, "operation 1: there is nothing at \"/no\""),
        (Op::Delete { path: vec![key("no"), key("way")] }, "operation 1: there is nothing at \"/no\""),
        (Op::Delete { path: vec![] }, "is the whole document"),
        (
            Op::Set { path: vec![key("list"), PathStep::Index(2)], value: json!(1) },
            "beyond the end of \"/list\", which has 2 items",
        ),
        (
            Op::Insert { path: vec![key("list"), PathStep::Index(3)], value: json!(1) },
            "3 is beyond the end of \"/list\"",
        ),
        (Op::Insert { path: vec![key("key")], value: json!(1) }, "\"\" is an object, not a list"),
        (
            Op::Set { path: vec![key("list"), key("a")], value: json!(1) },
            "\"/list\" is a list, not an object",
        ),
        (Op::Set { path: vec![key("n"), key("a")], value: json!(1) }, "\"/n\" is a number, not"),
        (
            Op::Set { path: vec![], value: json!([]) },
            "operation 1: the content of a Json document must be an object",
        ),
        (
            Op::Set { path: vec![key("a")], value: json!({"$bytes": "?"}) },
            "operation 1: the value cannot be part of a document: {\"$bytes\": …}",
        ),
        (splice(vec![key("text")], 4), "4 is beyond the end of \"/text\", which has 3 UTF-16 code units"),
        (splice(vec![key("text")], 2), "position 2 of \"/text\" splits a character"),
        (splice(vec![key("list")], 0), "\"/list\" is a list, not a text"),
        (Op::Increment { path: vec![key("n")], by: 1 }, "\"/n\" is a number, not a counter"),
        (Op::Increment { path: vec![key("c")], by: 1 }, "leaves 64 bits"),
    ];
    for (op, expected) in cases {
        let message = refused(&content, op.clone(), &Limits::default());
        let named = message.lines().filter(|line| line.contains(expected)).count();
        assert_eq!(named, 2, "{op:?}: {message}");
    }
}

#[test]
fn limits_are_kept() {
    let set = |value: Value| Op::Set { path: vec![key("big")], value };
    let limits = Limits { document_bytes: 100, ..Limits::default() };
    let message = refused(&json!({}), set(json!("x".repeat(90))), &limits);
    assert!(message.contains("at most 100 are kept"), "{message}");
    let limits = Limits { change_bytes: 400, ..Limits::default() };
    let noise: String = (0..999u32).map(|i| char::from(b'a' + (i * i % 23) as u8)).collect();
    let message = refused(&json!({}), set(json!(noise)), &limits);
    assert!(message.contains("at most 400 are taken"), "{message}");
    let limits = Limits { json_depth: 3, ..Limits::default() };
    let message = refused(&json!({}), set(json!([[["x"]]])), &limits);
    assert!(message.contains("deeper than"), "{message}");
    let limits = Limits { operations: 1, ..Limits::default() };
    let message = refused(&json!({}), set(json!(1)), &limits);
    assert!(message.contains("2 operations in one edit"), "{message}");
}

#[test]
fn texts_have_the_same_limits() {
    let mut case = Case::new(Shape::Text, &json!("abc"));
    let at = case.document.heads();
    let small = Limits { document_bytes: 20, change_bytes: 300, ..Limits::default() };
    let long = json!("\n".repeat(10));
    let error = case.document.replace(Shape::Text, &at, &long, stamp(), &small).unwrap_err();
    assert!(matches!(error, EditError::DocumentTooLarge { bytes: 22, limit: 20 }), "{error}");
    let error = create(Shape::Text, &long, stamp(), &small).unwrap_err();
    assert!(matches!(error, EditError::DocumentTooLarge { bytes: 22, limit: 20 }), "{error}");
    let noise: String = (0..999u32).map(|i| char::from(b'a' + (i * i % 23) as u8)).collect();
    let tight = Limits { change_bytes: 300, ..Limits::default() };
    let error = case.document.replace(Shape::Text, &at, &json!(noise), stamp(), &tight).unwrap_err();
    assert!(matches!(error, EditError::ChangeTooLarge { limit: 300, .. }), "{error}");
    assert_eq!((case.document.heads(), case.content(Shape::Text)), (at, json!("abc")));
    case.check_convergence(Shape::Text);
}

#[test]
fn texts_take_splices_and_strings_only() {
    let mut case = Case::new(Shape::Text, &json!("abc"));
    let (at, limits) = (case.document.heads(), Limits::default());
    let error = case.document.replace(Shape::Text, &at, &json!({"a": 1}), stamp(), &limits).unwrap_err();
    assert_eq!(error.to_string(), "the content of a Text document must be a string, not an object");
    let ops = [splice(0, 1, ""), Op::Delete { path: vec![key("content")] }];
    let error = case.document.edit(Shape::Text, &at, &ops, Unit::Utf16, stamp(), &limits).unwrap_err();
    assert!(matches!(error, EditError::TextOnly { op: 1 }), "{error}");
    let unknown = Hash([1; 32]);
    let error =
        case.document.edit(Shape::Text, &[unknown], &ops[..1], Unit::Utf16, stamp(), &limits).unwrap_err();
    assert!(error.to_string().contains("no change 0101"), "{error}");
    assert_eq!((case.document.heads(), case.content(Shape::Text)), (at, json!("abc")));
}
