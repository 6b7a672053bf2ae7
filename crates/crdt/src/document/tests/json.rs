//! JSON documents: what is written is what is read, writing back changes nothing, and edits at any version merge.

use super::*;
use crate::json::content::{Content, strategy};
use crate::json::render;
use automerge::transaction::Transactable;
use automerge::{ObjType, ScalarValue};
use base::{PathStep, Unit};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

fn json_of(content: &Content) -> Value {
    let mut out = Vec::new();
    render::content(content, &mut out);
    crate::json::parse(&out).unwrap()
}

fn check_write_back(case: &mut Case) {
    let (heads, content) = (case.document.heads(), case.document.content_json(Shape::Json).unwrap());
    let body = crate::json::parse(&content).unwrap();
    let made = case.document.replace(Shape::Json, &heads, &body, stamp(), &Limits::default()).unwrap();
    assert_eq!(made, None, "{}", String::from_utf8_lossy(&content));
    assert_eq!(case.document.heads(), heads);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_what_is_read_and_writing_back_changes_nothing(
        first in strategy::entries(),
        second in strategy::entries(),
    ) {
        let (first, second) = (json_of(&Content::Map(first)), json_of(&Content::Map(second)));
        let mut case = Case::new(Shape::Json, &first);
        prop_assert_eq!(case.document.content_json(Shape::Json).unwrap(), serde_json::to_vec(&first).unwrap());
        check_write_back(&mut case);
        let heads = case.document.heads();
        let made = case.document.replace(Shape::Json, &heads, &second, stamp(), &Limits::default()).unwrap();
        prop_assert_eq!(case.keep(made).is_some(), first != second);
        prop_assert_eq!(case.document.content_json(Shape::Json).unwrap(), serde_json::to_vec(&second).unwrap());
        check_write_back(&mut case);
        let past = case.document.content_json_at(Shape::Json, &heads).unwrap();
        prop_assert_eq!(past, serde_json::to_vec(&first).unwrap());
        case.check_convergence(Shape::Json);
    }

    #[test]
    fn concurrent_edits_of_every_kind_converge(
        start in strategy::entries(),
        edits in vec((any::<Index>(), any::<Index>(), strategy::entries(), any::<bool>()), 1..10),
    ) {
        let limits = Limits::default();
        let mut case = Case::new(Shape::Json, &json_of(&Content::Map(start)));
        let mut versions = vec![case.document.heads()];
        for (behind, pick, entries, whole) in edits {
            let at = versions[behind.index(versions.len())].clone();
            let new = Content::Map(entries);
            let made = if whole {
                case.document.replace(Shape::Json, &at, &json_of(&new), stamp(), &limits)
            } else {
                let past = case.document.content_json_at(Shape::Json, &at).unwrap();
                let op = some_op(&serde_json::from_slice(&past).unwrap(), pick, json_of(&new));
                case.document.edit(Shape::Json, &at, &[op], Unit::Utf16, stamp(), &limits)
            };
            let made = made.unwrap();
            case.keep(made);
            versions.push(case.document.heads());
        }
        check_write_back(&mut case);
        case.check_convergence(Shape::Json);
    }
}

/// An operation on one of the places of a document: whichever fits what is there.
fn some_op(content: &Value, pick: Index, value: Value) -> Op {
    let Value::Object(entries) = content else { unreachable!("the root is an object") };
    let tagged_root = entries.len() == 1 && entries.keys().all(|key| key == "$map");
    if entries.is_empty() || tagged_root {
        return Op::Set { path: vec![PathStep::Key("new".into())], value };
    }
    let (key, at) = entries.iter().nth(pick.index(entries.len())).unwrap();
    let key = PathStep::Key(key.clone());
    match at {
        Value::String(text) => {
            let length = text.chars().map(char::len_utf16).sum();
            Op::Splice { path: vec![key], position: length, delete: 0, insert: "more".into() }
        }
        Value::Array(items) => {
            Op::Insert { path: vec![key, PathStep::Index(pick.index(items.len() + 1))], value }
        }
        Value::Object(inner) if inner.len() == 1 && inner.contains_key("$counter") => {
            let value = inner["$counter"].as_i64().unwrap();
            Op::Increment { path: vec![key], by: if value > 0 { -1 } else { 1 } }
        }
        Value::Null => Op::Delete { path: vec![key] },
        _ => Op::Set { path: vec![key], value },
    }
}

#[test]
fn an_unchanged_or_edited_item_keeps_its_identity() {
    let limits = Limits::default();
    let mut case = Case::new(Shape::Json, &json!({"todo": [{"t": "water"}, {"t": "paper"}, {"t": "bread"}]}));
    let at = case.document.heads();
    // One writer ticks the last item off while another removes the first and renames the second.
    let tick = json!({"todo": [{"t": "water"}, {"t": "paper"}, {"t": "bread", "done": true}]});
    let rename = json!({"todo": [{"t": "papers"}, {"t": "bread"}]});
    for content in [tick, rename] {
        let made = case.document.replace(Shape::Json, &at, &content, stamp(), &limits).unwrap();
        assert_eq!(case.keep(made).unwrap().deps, at);
    }
    let expected = json!({"todo": [{"t": "papers"}, {"t": "bread", "done": true}]});
    assert_eq!(case.content(Shape::Json), expected);
    case.check_convergence(Shape::Json);
}

#[test]
fn counters_of_two_writers_add_up() {
    let limits = Limits::default();
    let mut case = Case::new(Shape::Json, &json!({"n": {"$counter": 5}}));
    let at = case.document.heads();
    for value in [7, 4] {
        let content = json!({"n": {"$counter": value}});
        case.document.replace(Shape::Json, &at, &content, stamp(), &limits).unwrap();
    }
    let path = vec![PathStep::Key("n".into())];
    case.document
        .edit(Shape::Json, &at, &[Op::Increment { path, by: 10 }], Unit::Utf16, stamp(), &limits)
        .unwrap();
    assert_eq!(case.content(Shape::Json), json!({"n": {"$counter": 16}}));
}

#[test]
fn what_other_libraries_write_is_read_and_written_back_unchanged() {
    let mut doc = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit);
    let mut tx = doc.transaction();
    tx.put(ROOT, "immutable", "a string").unwrap();
    tx.put(ROOT, "small", ScalarValue::Uint(5)).unwrap();
    tx.put(ROOT, "float", 5.0).unwrap();
    tx.put(ROOT, "nan", f64::NAN).unwrap();
    tx.put_object(ROOT, "table", ObjType::Table).unwrap();
    let text = tx.put_object(ROOT, "blocks", ObjType::Text).unwrap();
    tx.splice_text(&text, 0, 0, "one two").unwrap();
    tx.split_block(&text, 3).unwrap();
    tx.commit();
    let mut case =
        Case { document: Document::load([doc.save().as_slice()]).unwrap(), chunks: vec![doc.save()] };
    let content = String::from_utf8(case.document.content_json(Shape::Json).unwrap()).unwrap();
    let expected = "{\"blocks\":\"one\u{fffc} two\",\"float\":5.0,\"immutable\":\"a string\",\
                    \"nan\":{\"$float\":\"NaN\"},\"small\":5,\"table\":{}}";
    assert_eq!(content, expected);
    check_write_back(&mut case);
}
