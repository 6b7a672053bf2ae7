//! Whatever the two states are, the operations lead from the one to the other; and they are few.

use super::*;
use crate::json::content::{Content, strategy};
use crate::json::render;
use crate::{Document, Limits, Shape, Stamp, Unit, create};
use base::plain;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

fn bytes(value: &Content) -> Vec<u8> {
    let mut out = Vec::new();
    render::content(value, &mut out);
    out
}

fn check(old: &[u8], new: &[u8]) -> Vec<Op> {
    let ops = difference(old, new).unwrap();
    let mut copy = crate::parse(old).unwrap();
    plain::apply(&mut copy, &ops).unwrap();
    assert_eq!(copy, crate::parse(new).unwrap(), "{ops:?}");
    ops
}

/// The operations between two values, as they go over the wire.
fn shown(old: Value, new: Value) -> Value {
    serde_json::to_value(check(old.to_string().as_bytes(), new.to_string().as_bytes())).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_content_becomes_any_other(old in strategy::content(), new in strategy::content()) {
        check(&bytes(&old), &bytes(&new));
        prop_assert_eq!(check(&bytes(&old), &bytes(&old)), []);
    }

    #[test]
    fn every_version_of_a_concurrent_history_leads_to_every_other(
        start in strategy::entries(),
        edits in vec((any::<Index>(), strategy::entries()), 1..6),
    ) {
        let (limits, stamp) = (Limits::default(), Stamp { unix_ms: 1 });
        let value = |entries| crate::parse(&bytes(&Content::Map(entries))).unwrap();
        let new = create(Shape::Json, &value(start), stamp, &limits).unwrap();
        let mut document = Document::load([new.change.bytes.as_slice()]).unwrap();
        let mut versions = vec![document.heads()];
        for (behind, entries) in edits {
            let at = versions[behind.index(versions.len())].clone();
            document.replace(Shape::Json, &at, &value(entries), stamp, &limits).unwrap();
            versions.push(document.heads());
        }
        let states: Vec<_> =
            versions.iter().map(|at| document.content_json_at(Shape::Json, at).unwrap()).collect();
        for old in &states {
            for new in &states {
                check(old, new);
            }
        }
    }

    #[test]
    fn typists_who_meet_in_a_text_are_followed(
        edits in vec((any::<Index>(), any::<Index>(), 0usize..3, "[aé😀\n]{0,3}"), 1..12),
    ) {
        let (limits, stamp) = (Limits::default(), Stamp { unix_ms: 1 });
        let new = create(Shape::Text, &json!("so it begins"), stamp, &limits).unwrap();
        let mut document = Document::load([new.change.bytes.as_slice()]).unwrap();
        let mut versions = vec![document.heads()];
        let mut copy = crate::parse(&document.content_json(Shape::Text).unwrap()).unwrap();
        for (behind, place, delete, insert) in edits {
            let at = versions[behind.index(versions.len())].clone();
            let op = typed(&document.content_json_at(Shape::Text, &at).unwrap(), place, delete, insert);
            let before = document.content_json(Shape::Text).unwrap();
            document.edit(Shape::Text, &at, &[op], Unit::Scalar, stamp, &limits).unwrap();
            versions.push(document.heads());
            let ops = difference(&before, &document.content_json(Shape::Text).unwrap()).unwrap();
            plain::apply(&mut copy, &ops).unwrap();
        }
        prop_assert_eq!(copy, crate::parse(&document.content_json(Shape::Text).unwrap()).unwrap());
    }
}

fn typed(content: &[u8], place: Index, delete: usize, insert: String) -> Op {
    let text: String = serde_json::from_slice(content).unwrap();
    let length = text.chars().count();
    let position = place.index(length + 1);
    Op::Splice { path: vec![], position, delete: delete.min(length - position), insert }
}

#[test]
fn a_keystroke_is_one_splice_in_utf16() {
    assert_eq!(
        shown(json!("ein 😀 lacht"), json!("ein 😀 Xlacht")),
        json!([{"op": "splice", "path": [], "position": 7, "delete": 0, "insert": "X"}])
    );
    assert_eq!(
        shown(json!({"t": {"b": "one two"}}), json!({"t": {"b": "one to"}})),
        json!([{"op": "splice", "path": ["t", "b"], "position": 5, "delete": 1, "insert": ""}])
    );
}

#[test]
fn two_places_of_a_text_are_two_splices_from_the_back() {
    let old = "😀 a line that stays as it is, and more of it\n";
    assert_eq!(
        shown(json!(old), json!(format!("1{}2\n", old.trim_end()))),
        json!([
            {"op": "splice", "path": [], "position": 45, "delete": 0, "insert": "2"},
            {"op": "splice", "path": [], "position": 0, "delete": 0, "insert": "1"},
        ])
    );
}

#[test]
fn a_counter_moves_and_a_tagged_value_is_replaced() {
    let old = json!({"n": {"$counter": 5}, "t": {"$timestamp": 1}, "x": 0});
    let new = json!({"n": {"$counter": 3}, "t": {"$timestamp": 2}, "x": {"$counter": 1}});
    assert_eq!(
        shown(old, new),
        json!([
            {"op": "increment", "path": ["n"], "by": -2},
            {"op": "set", "path": ["t"], "value": {"$timestamp": 2}},
            {"op": "set", "path": ["x"], "value": {"$counter": 1}},
        ])
    );
    let far = (json!({"n": {"$counter": i64::MIN}}), json!({"n": {"$counter": i64::MAX}}));
    assert_eq!(shown(far.0, far.1)[0]["op"], "set");
}

#[test]
fn an_object_that_looks_like_a_tag_is_one_value() {
    let (old, new) = (json!({"$counter": 1, "a": 2}), json!({"$map": {"$counter": 1}}));
    let set = |value: &Value| json!([{"op": "set", "path": [], "value": value}]);
    assert_eq!(shown(old.clone(), new.clone()), set(&new));
    assert_eq!(shown(new, old.clone()), set(&old));
}

#[test]
fn a_changed_item_keeps_its_place_beside_those_that_come_and_go() {
    let old = json!([{"id": 1, "t": "water"}, {"id": 2, "t": "paper"}, 7, {"$counter": 1}]);
    let new = json!([{"id": 2, "t": "papers"}, 7, {"$counter": 2}, "end"]);
    assert_eq!(
        shown(old, new),
        json!([
            {"op": "insert", "path": [4], "value": "end"},
            {"op": "increment", "path": [3], "by": 1},
            {"op": "splice", "path": [1, "t"], "position": 5, "delete": 0, "insert": "s"},
            {"op": "delete", "path": [0]},
        ])
    );
}

#[test]
fn numbers_that_print_differently_differ() {
    for (old, new) in [("5", "5.0"), ("0.0", "-0.0"), ("-1", "18446744073709551615")] {
        assert_eq!(difference(old.as_bytes(), new.as_bytes()).unwrap().len(), 1, "{old} {new}");
    }
}

#[test]
fn what_lies_too_deep_is_said() {
    let nested = |levels: usize, leaf: &str| format!("{}{leaf}{}", "[".repeat(levels), "]".repeat(levels));
    let (old, new) = (nested(20_000, "1"), nested(20_000, "2"));
    assert!(matches!(difference(old.as_bytes(), new.as_bytes()), Err(DifferenceError::TooDeep { .. })));
    assert!(matches!(difference(b"1", new.as_bytes()), Err(DifferenceError::Value(_))));
    // What does not change may be as deep as it likes.
    let (old, new) = (format!("[{old},1]"), format!("[{old},2]"));
    assert_eq!(check_unparsed(&old, &new), 1);
}

fn check_unparsed(old: &str, new: &str) -> usize {
    difference(old.as_bytes(), new.as_bytes()).unwrap().len()
}

/// Each operation has the whole path to what it changes: a long key, many times.
#[test]
fn operations_are_not_made_beyond_a_bound_of_memory() {
    let key = "k".repeat(100_000);
    let content = |value: u8| format!(r#"{{"{key}":[{}]}}"#, vec![value.to_string(); 2_000].join(","));
    let found = difference(content(1).as_bytes(), content(2).as_bytes());
    assert!(matches!(found, Err(DifferenceError::TooMuch { .. })), "{:?}", found.map(|ops| ops.len()));
}
