//! JSON Patch, as the RFC has it and as far as it may go.

use super::*;
use crate::gate::Gate;
use proptest::prelude::*;
use serde_json::json;

fn run_with(content: Value, patch: Value, limits: &Limits) -> Result<Value, Problem> {
    let mut room = Gate::new(1 << 30).pass();
    decode(patch, limits).and_then(|operations| apply(content, operations, limits, &mut room))
}

fn run(content: Value, patch: Value) -> Result<Value, Problem> {
    run_with(content, patch, &Limits::default())
}

fn member<'p>(problem: &'p Problem, name: &str) -> &'p Value {
    &problem.members.iter().find(|member| member.0 == name).unwrap_or_else(|| panic!("{problem:?}")).1
}

#[test]
fn operations_are_carried_out_in_order() {
    let content = json!({"tasks": ["a", "b"], "draft": true, "votes": {"$counter": 1}});
    let patch = json!([
        {"op": "test", "path": "/tasks/0", "value": "a"},
        {"op": "add", "path": "/tasks/-", "value": "c"},
        {"op": "add", "path": "/tasks/0", "value": "0"},
        {"op": "remove", "path": "/draft"},
        {"op": "replace", "path": "/votes", "value": {"$counter": 2}},
        {"op": "copy", "from": "/tasks/1", "path": "/first"},
        {"op": "move", "from": "/first", "path": "/a~1b", "comment": "what is unknown is passed over"},
    ]);
    let expected = json!({"tasks": ["0", "a", "b", "c"], "votes": {"$counter": 2}, "a/b": "a"});
    assert_eq!(run(content, patch).unwrap(), expected);
}

#[test]
fn a_text_is_one_string() {
    let patch = json!([
        {"op": "test", "path": "", "value": "old"},
        {"op": "replace", "path": "", "value": "new"},
    ]);
    assert_eq!(run(json!("old"), patch.clone()).unwrap(), json!("new"));
    let failed = run(json!("other"), patch).unwrap_err();
    assert_eq!((failed.kind, member(&failed, "found")), (Kind::TestFailed, &json!("other")));
}

#[test]
fn a_test_compares_values_and_not_how_they_are_written() {
    let test =
        |content: Value, value: Value| run(content, json!([{"op": "test", "path": "", "value": value}]));
    for (a, b) in [
        (json!(1), json!(1.0)),
        (json!(-3.0), json!(-3)),
        (json!({"a": [10], "b": null}), json!({"b": null, "a": [1e1]})),
    ] {
        test(a, b).unwrap();
    }
    for (a, b) in [
        (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0)),
        (json!(u64::MAX), json!(1e300)),
        (json!(1), json!("1")),
        (json!([1]), json!([1, 2])),
    ] {
        assert_eq!(test(a, b).unwrap_err().kind, Kind::TestFailed);
    }
}

#[test]
fn a_refusal_shows_how_far_a_path_leads() {
    let content = || json!({"tasks": [{"title": "x"}]});
    for (operation, reached, found) in [
        (json!({"op": "remove", "path": "/tasks/1"}), "/tasks", "a list of 1"),
        (json!({"op": "add", "path": "/tasks/7", "value": 1}), "/tasks", "a list of 1"),
        (
            json!({"op": "replace", "path": "/tasks/0/name", "value": 1}),
            "/tasks/0",
            "an object with the keys \"title\"",
        ),
        (json!({"op": "copy", "from": "/todo", "path": "/a"}), "", "an object with the keys \"tasks\""),
        (json!({"op": "test", "path": "/tasks/0/title/x", "value": 1}), "/tasks/0/title", "a string"),
    ] {
        let refused = run(content(), json!([operation])).unwrap_err();
        assert_eq!(refused.kind, Kind::BadEdit);
        assert_eq!(
            (member(&refused, "reached"), member(&refused, "found")),
            (&json!(reached), &json!(found))
        );
    }
    let inside = json!([{"op": "move", "from": "/tasks", "path": "/tasks/0/a"}]);
    assert_eq!(run(content(), inside).unwrap_err().kind, Kind::BadEdit);
}

#[test]
fn what_is_no_patch_says_which_operation_is_none() {
    for bad in [
        json!({"op": "add", "path": "/a"}),
        json!({"op": "add", "path": "a", "value": 1}),
        json!({"op": "splice", "path": "/a"}),
        json!({"path": "/a"}),
        json!(["add"]),
        json!(7),
    ] {
        let refused = run(json!({}), json!([{"op": "test", "path": "", "value": {}}, bad])).unwrap_err();
        assert_eq!((refused.kind, member(&refused, "operation")), (Kind::InvalidBody, &json!(1)));
        assert!(refused.detail.len() < 1_000);
    }
    assert_eq!(run(json!({}), json!({"op": "add"})).unwrap_err().kind, Kind::InvalidBody);
}

#[test]
fn no_key_has_a_meaning_to_the_reader() {
    let value = json!({"$serde_json::private::RawValue": "[1]"});
    let patch = json!([{"op": "add", "path": "/a", "value": value}]);
    assert_eq!(run(json!({}), patch).unwrap(), json!({"a": value}));
}

#[test]
fn operations_are_counted() {
    let limits = Limits { operations: 1, ..Limits::default() };
    let two = json!([{"op": "remove", "path": "/a"}, {"op": "remove", "path": "/a"}]);
    assert_eq!(run_with(json!({}), two, &limits).unwrap_err().kind, Kind::TooManyOperations);
}

#[test]
fn copies_do_not_explode() {
    let double = |n: u32| json!({"op": "copy", "from": "/a", "path": format!("/a/{n}")});
    let patch: Vec<_> = (0..10_000).map(double).collect();
    let deep = run(json!({"a": {"x": 1}}), json!(patch)).unwrap_err();
    assert!(matches!(deep.kind, Kind::JsonTooDeep | Kind::TooManyValues), "{deep:?}");

    let again = json!({"op": "copy", "from": "/a", "path": "/b"});
    let limits = Limits { body_bytes: 100_000, json_values: 1_000, ..Limits::default() };
    let large = run_with(json!({"a": "x".repeat(1_000)}), json!(vec![again.clone(); 500]), &limits);
    assert_eq!(large.unwrap_err().kind, Kind::DocumentTooLarge);
    let wide = run_with(json!({"a": vec![0; 100]}), json!(vec![again; 500]), &limits);
    assert_eq!(wide.unwrap_err().kind, Kind::TooManyValues);
}

#[test]
fn nothing_is_moved_beyond_the_depth() {
    let limits = Limits { json_depth: 4, ..Limits::default() };
    let content = || json!({"a": {"b": {"c": {}}}, "d": {"e": {}}});
    let to = |path: &str| run_with(content(), json!([{"op": "move", "from": "/a", "path": path}]), &limits);
    assert!(to("/d").is_ok() && to("/f").is_ok());
    assert_eq!(to("/d/e/f").unwrap_err().kind, Kind::JsonTooDeep);
}

#[test]
fn a_long_list_is_not_shifted_for_ever() {
    let patch = json!(vec![json!({"op": "add", "path": "/0", "value": 1}); 10_000]);
    let list = json!(vec![0; 200_000]);
    assert_eq!(run(list, patch).unwrap_err().kind, Kind::PatchTooCostly);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), (0..3).prop_map(Value::from), "[a~/]{0,2}".prop_map(Value::from)];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a~/0]{0,2}", inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let path = || "(/(a|0|1|-|~0|~1|a~1)?){0,3}";
    let op = proptest::sample::select(vec!["add", "remove", "replace", "move", "copy", "test"]);
    (op, path(), path(), value())
        .prop_map(|(op, path, from, value)| json!({"op": op, "path": path, "from": from, "value": value}))
}

proptest! {
    #[test]
    fn the_patch_of_a_difference_gives_the_other(old in value(), new in value()) {
        let patch = serde_json::to_value(::json_patch::diff(&old, &new)).unwrap();
        prop_assert_eq!(run(old, patch).unwrap(), new);
    }

    #[test]
    fn what_is_done_is_what_the_library_does(content in value(), patch in proptest::collection::vec(operation(), 0..6)) {
        let patch = json!(patch);
        let mut expected = content.clone();
        let library = serde_json::from_value::<::json_patch::Patch>(patch.clone()).unwrap();
        match (patch_unsafe(&mut expected, &library), run(content, patch)) {
            (Ok(()), Ok(found)) => prop_assert_eq!(found, expected),
            (Err(_), Err(_)) => {}
            (library, found) => prop_assert!(false, "{:?} but {:?}", library, found),
        }
    }
}
