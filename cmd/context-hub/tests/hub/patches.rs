//! Each form of writing merges at the version that it names, and a refusal shows what was found instead.

use crate::support::{Ask, TestHub, User};
use futures::future::join_all;
use serde_json::{Value, json};

/// Writers who all start from one version.
const WRITERS: usize = 24;

const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const DIFF: &str = "text/x-diff";
const SEARCH_REPLACE: &str = "application/vnd.context-hub.search-replace+json";

fn patch(user: &User, path: &str, content_type: &str, body: impl Into<String>) -> Ask {
    user.ask("PATCH", path).header("content-type", content_type).body(body.into())
}

fn search_replace(user: &User, path: &str, version: u64, replacements: &Value) -> Ask {
    let body = json!({ "version": version, "replacements": replacements });
    patch(user, path, SEARCH_REPLACE, body.to_string())
}

fn mark(number: usize) -> String {
    format!("⟦🖋{number}⟧")
}

const BEFORE: &str = "One line.\nAnd here: ";
const AFTER: &str = " the end.\nLast.\n";

/// A way to insert a mark between both halves of the first version of a text.
type Form = fn(&User, &str, &str) -> Ask;

fn whole(mark: &str) -> String {
    format!("{BEFORE}{mark}{AFTER}")
}

fn forms() -> [(&'static str, Form); 6] {
    [
        ("PUT", |user, path, mark| user.put(path, &json!({"version": 1, "content": whole(mark)}))),
        ("operations", |user, path, mark| {
            let position = BEFORE.encode_utf16().count();
            user.patch(path, 1, &json!([{"op": "splice", "position": position, "insert": mark}]))
        }),
        ("JSON Patch", |user, path, mark| {
            let test = json!({"op": "test", "path": "", "value": whole("")});
            let body = json!([test, {"op": "replace", "path": "", "value": whole(mark)}]);
            patch(user, &format!("{path}?version=1"), JSON_PATCH, body.to_string())
        }),
        ("merge patch", |user, path, mark| {
            patch(user, &format!("{path}?version=1"), MERGE_PATCH, json!(whole(mark)).to_string())
        }),
        ("unified diff", |user, path, mark| {
            let body =
                format!("@@ -1,2 +1,2 @@\n One line.\n-And here:  the end.\n+And here: {mark} the end.\n");
            patch(user, &format!("{path}?version=1"), DIFF, body)
        }),
        ("search and replace", |user, path, mark| {
            let replacement =
                json!({"search": "here:  the", "replace": format!("here: {mark} the"), "count": 1});
            search_replace(user, path, 1, &json!([replacement]))
        }),
    ]
}

/// Lets all write at once into a new text, and looks for every mark.
async fn all_marks_are_kept(ada: &User, told: &str, form_of: impl Fn(usize) -> Form) {
    let path = ada.text(&format!("{BEFORE}{AFTER}")).await;
    let edits = (0..WRITERS).map(|number| {
        let ask = form_of(number)(ada, &path, &mark(number));
        async move { (number, ask.send().await.json(200)) }
    });
    for (number, answer) in join_all(edits).await {
        let content = answer["content"].as_str().unwrap();
        assert!(content.contains(&mark(number)), "{told}: its own answer lacks mark {number}: {content}");
    }
    let mut merged = ada.content(&path).await.as_str().unwrap().to_owned();
    for number in 0..WRITERS {
        assert_eq!(merged.matches(&mark(number)).count(), 1, "{told}: mark {number} in {merged}");
        merged = merged.replace(&mark(number), "");
    }
    assert_eq!(merged, format!("{BEFORE}{AFTER}"), "{told}: nothing but marks came in");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_of_one_text_keep_every_insert_in_each_form() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    for (told, form) in forms() {
        all_marks_are_kept(&ada, told, |_| form).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_of_one_text_keep_every_insert_in_mixed_forms() {
    let hub = TestHub::start().await;
    let forms = forms();
    all_marks_are_kept(&hub.user("ada"), "all forms", |number| forms[number % forms.len()].1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_json_patches_of_one_list_keep_every_item_and_count() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let first = json!({"items": ["first", "last"], "count": {"$counter": 0}, "by": {}, "note": "ab"});
    let path = ada.object(first).await;
    let at = format!("{path}?version=1");
    let edits = (0..WRITERS).map(|number| {
        let ask = match number % 3 {
            0 | 1 => {
                let place = ["/items/0", "/items/1", "/items/-"][number / 3 % 3];
                let body = json!([
                    {"op": "test", "path": "/items/0", "value": "first"},
                    {"op": "add", "path": place, "value": number},
                    {"op": "replace", "path": "/count", "value": {"$counter": 1}},
                    {"op": "add", "path": format!("/by/{number}"), "value": true},
                ]);
                patch(&ada, &at, JSON_PATCH, body.to_string())
            }
            _ => {
                let items = json!(["first", number, "last"]);
                let body =
                    json!({"items": items, "count": {"$counter": 1}, "by": {number.to_string(): true}});
                patch(&ada, &at, MERGE_PATCH, body.to_string())
            }
        };
        async move { ask.send().await.json(200) }
    });
    join_all(edits).await;
    let middle = json!([{"path": ["note"], "search": "a", "replace": "a-"}]);
    search_replace(&ada, &path, 1, &middle).send().await.json(200);

    let content = ada.content(&path).await;
    let items = content["items"].as_array().unwrap();
    assert_eq!(items.iter().filter(|item| item.is_string()).count(), 2, "{content}");
    let mut numbers: Vec<_> = items.iter().filter_map(Value::as_u64).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..WRITERS as u64).collect::<Vec<_>>());
    assert_eq!(content["count"], json!({"$counter": WRITERS}));
    assert_eq!(content["by"].as_object().unwrap().len(), WRITERS);
    assert_eq!(content["note"], "a-b");
}

#[tokio::test]
async fn a_patch_is_made_for_the_state_that_it_names() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one\ntwo\nthree\n").await;
    let first = ada.read(&path).await;
    ada.replace(&path, 1, json!("zero\none\ntwo\nthree\n")).await;
    // At the first version, by its heads.
    let heads = first["heads"][0].as_str().unwrap();
    let diff = "@@ -3 +3 @@\n-three\n+3\n";
    let merged = patch(&ada, &format!("{path}?heads={heads}"), DIFF, diff).send().await.json(200);
    assert_eq!(merged["content"], "zero\none\ntwo\n3\n");
    // At what is there now.
    let now = patch(&ada, &path, "text/x-patch", "@@ -4 +4 @@\n-3\n+three\n").header("if-match", "*");
    assert_eq!(now.send().await.json(200)["content"], "zero\none\ntwo\nthree\n");
    let nowhere = patch(&ada, &path, DIFF, diff).send().await;
    nowhere.problem(428, "version-required");
    patch(&ada, &format!("{path}?version=99"), DIFF, diff).send().await.problem(422, "unknown-version");
}

#[tokio::test]
async fn a_refusal_shows_what_was_found_and_changes_nothing() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one\ntwo\none\n").await;
    let at = format!("{path}?version=1");
    let diff = patch(&ada, &at, DIFF, "@@ -2 +2 @@\n-zwei\n+2\n").send().await;
    let diff = diff.problem(422, "hunk-not-found");
    assert_eq!((&diff["hunk"], &diff["line"], &diff["found"]), (&json!(0), &json!(2), &json!(["two"])));
    let twice = patch(&ada, &at, DIFF, "@@ -2 +2 @@\n-one\n+1\n").send().await;
    assert_eq!(twice.problem(422, "hunk-ambiguous")["lines"], json!([1, 3]));
    patch(&ada, &at, DIFF, "two -> 2").send().await.problem(400, "malformed-patch");
    let count = search_replace(&ada, &path, 1, &json!([{"search": "one", "replace": "1"}])).send().await;
    let count = count.problem(422, "search-count");
    assert_eq!((&count["found"], &count["lines"]), (&json!(2), &json!([1, 3])));
    let test = json!([{"op": "test", "path": "", "value": "two"}]).to_string();
    let test = patch(&ada, &at, JSON_PATCH, test).send().await.problem(422, "test-failed");
    assert_eq!((&test["operation"], &test["found"]), (&json!(0), &json!("one\ntwo\none\n")));
    patch(&ada, &at, MERGE_PATCH, "{}").send().await.problem(422, "bad-edit");
    assert_eq!(ada.read(&path).await["version"], 1);
}

#[tokio::test]
async fn a_patch_that_is_sent_again_is_one_edit() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one\n").await;
    let tag = ada.get(&path).send().await.header("etag").to_owned();
    // Both meet, the second time, the state that they left themselves.
    let forms: [(&str, String); 2] = [
        (DIFF, "@@ -1 +1 @@\n-one\n+two\n".to_owned()),
        (SEARCH_REPLACE, json!({"replacements": [{"search": "two", "replace": "three"}]}).to_string()),
    ];
    for ((content_type, body), (key, if_match)) in forms.into_iter().zip([("k1", tag.as_str()), ("k2", "*")])
    {
        let send =
            |body: &str| patch(&ada, &path, content_type, body).header("if-match", if_match).key(key).send();
        let first = send(&body).await.json(200);
        assert_eq!(send(&body).await.json(200), first);
        send(&format!("{body}\n")).await.problem(422, "idempotency-key-reused");
    }
    assert_eq!(ada.read(&path).await["content"], "three\n");
    let late = patch(&ada, &path, DIFF, "@@ -1 +1 @@\n-one\n+two\n").header("if-match", &tag).send().await;
    late.problem(412, "precondition-failed");
    // One key stands for one state, too.
    let (first, second) = (format!("{path}?version=1"), format!("{path}?version=2"));
    let insert = |at: &str| patch(&ada, at, DIFF, "@@ -0,0 +1 @@\n+zero\n").key("k3").send();
    insert(&first).await.json(200);
    insert(&second).await.problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn a_reader_may_not_patch_and_a_stranger_sees_nothing() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text("one\n").await;
    let insert = || patch(&bob, &format!("{path}?version=1"), DIFF, "@@ -1 +1 @@\n-one\n+two\n").send();
    insert().await.problem(404, "not-found");
    ada.grant(&path, "bob", "read").await;
    let refused = insert().await.problem(403, "forbidden");
    assert_eq!((&refused["needed"], &refused["held"]), (&json!("write"), &json!("read")));
    ada.grant(&path, "bob", "write").await;
    assert_eq!(insert().await.json(200)["content"], "two\n");
}
