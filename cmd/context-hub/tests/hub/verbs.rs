//! The command line: the past, patches of every form, names and labels.

use crate::support::{Shell, TestHub};
use serde_json::json;

#[tokio::test]
async fn the_past_is_listed_compared_and_restored() {
    let hub = TestHub::start().await;
    let shell = Shell::of(&hub, &hub.user("ada"));
    let id = shell.feed("docs new - --name plan", "one\ntwo\n").await.ok().trim().to_owned();
    shell.feed(&format!("docs put {id} - --version 1"), "one\nTWO\nthree\n").await.ok();

    let history = shell.run(&format!("docs history {id}")).await;
    let rows: Vec<_> = history.ok().lines().collect();
    assert!(
        rows[0].starts_with("VERSION ") && rows[1].starts_with("2 ") && rows[2].starts_with("1 "),
        "{rows:?}"
    );
    assert!(rows[1..].iter().all(|row| row.contains(" ada ")), "{rows:?}");
    let history = shell.run(&format!("docs history {id} --json")).await.json();
    assert_eq!(
        (&history["versions"][0]["version"], &history["versions"][1]["author"]),
        (&json!(2), &json!("ada"))
    );

    let unified = "--- version 1\n+++ version 2\n@@ -1,2 +1,3 @@\n one\n-two\n+TWO\n+three\n";
    assert_eq!(shell.run(&format!("docs diff {id} 1 2")).await.ok(), unified);
    assert_eq!(shell.run(&format!("docs diff {id} 1 2 --json")).await.json()["unified"], unified);
    assert!(shell.run(&format!("docs diff {id} 1 9")).await.failed(1).contains("unknown-version"));

    assert_eq!(shell.run(&format!("docs restore {id} 1")).await.ok(), format!("{id} is at version 3\n"));
    assert_eq!(shell.run(&format!("docs get {id}")).await.ok(), "one\ntwo\n");
    assert_eq!(
        shell.run(&format!("docs get {id} --format numbered")).await.ok(),
        "     1\tone\n     2\ttwo\n"
    );
}

#[tokio::test]
async fn a_patch_of_each_form_is_merged_at_its_version() {
    let hub = TestHub::start().await;
    let shell = Shell::of(&hub, &hub.user("ada"));
    let id = shell.feed("docs new - --name text", "one\ntwo\n").await.ok().trim().to_owned();
    let patch = |kind: &'static str, body: &'static str| {
        let (shell, words) = (&shell, format!("docs patch {id} - --type {kind} --version 1"));
        async move { shell.feed(&words, body).await.ok().to_owned() }
    };
    assert_eq!(
        patch("diff", "--- a\n+++ b\n@@ -1 +1 @@\n-one\n+1\n").await,
        format!("{id} is at version 2\n")
    );
    let replace = r#"{"replacements":[{"search":"two","replace":"2"}]}"#;
    assert_eq!(patch("replace", replace).await, format!("{id} is at version 3\n"));
    assert_eq!(shell.run(&format!("docs get {id}")).await.ok(), "1\n2\n");
    let missing = r#"{"replacements":[{"search":"three","replace":"3"}]}"#;
    let refused = shell.feed(&format!("docs patch {id} - --type replace --version 1 --json"), missing).await;
    assert_eq!(refused.problem(1)["found"], 0);

    shell.file("board.json", r#"{"a":[1]}"#);
    let board = shell.run("docs new board.json").await.ok().trim().to_owned();
    let append = r#"[{"op":"add","path":"/a/-","value":2}]"#;
    shell.feed(&format!("docs patch {board} - --type json-patch --version 1"), append).await.ok();
    shell.feed(&format!("docs patch {board} - --type merge --version 1"), r#"{"b":true}"#).await.ok();
    shell.feed(&format!("docs patch {board} - --type merge --latest"), r#"{"c":0}"#).await.ok();
    assert_eq!(shell.run(&format!("docs get {board}")).await.json(), json!({"a":[1,2],"b":true,"c":0}));
}

#[tokio::test]
async fn names_and_labels_are_set_and_found() {
    let hub = TestHub::start().await;
    let shell = Shell::of(&hub, &hub.user("ada"));
    let id = shell.feed("docs new - --name draft --label team=core", "x").await.ok().trim().to_owned();
    shell.feed("docs new - --name other --label team=search", "y").await.ok();
    shell.run(&format!("docs set {id} --name plan --label due=may --unlabel team")).await.ok();
    let found = shell.run("docs ls --label due=may --sort -updated_at --json").await.json();
    let found: Vec<_> = found["documents"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(found, [json!(id)]);
    for (filter, count) in
        [("", "2\n"), ("--name pl", "1\n"), ("--label team", "1\n"), ("--owner bob", "0\n")]
    {
        assert_eq!(shell.run(&format!("docs ls {filter} --count")).await.ok(), count, "{filter}");
    }
}

#[tokio::test]
async fn a_document_goes_out_and_comes_in_with_its_history() {
    let hub = TestHub::start().await;
    let shell = Shell::of(&hub, &hub.user("ada"));
    let id = shell.feed("docs new - --name plan", "one\n").await.ok().trim().to_owned();
    shell.feed(&format!("docs put {id} - --version 1"), "two\n").await.ok();
    let first = shell.run(&format!("docs get {id} --version 1 --format json")).await.json();
    let heads = first["heads"][0].as_str().unwrap();

    shell.line(&format!("$BIN docs get {id} --format automerge >copy.automerge")).await.ok();
    let copy = shell.run("docs new copy.automerge").await.ok().trim().to_owned();
    assert_ne!(copy, id);
    assert_eq!(shell.run(&format!("docs get {copy} --format text")).await.ok(), "two\n");
    assert_eq!(shell.run(&format!("docs get {copy} --heads {heads}")).await.ok(), "one\n");
    shell.feed(&format!("docs put {copy} - --heads {heads}"), "one\nmore\n").await.ok();
    assert_eq!(shell.run(&format!("docs get {copy}")).await.ok(), "two\nmore\n");

    let both = shell.run(&format!("docs get {id} --format json --json")).await;
    assert!(both.problem(2)["detail"].as_str().unwrap().contains("leave --json out"));
}

#[tokio::test]
async fn what_cannot_be_watched_is_said_at_once() {
    let hub = TestHub::start().await;
    let shell = Shell::of(&hub, &hub.user("ada"));
    let id = shell.feed("docs new - --name plan", "one\n").await.ok().trim().to_owned();
    let nothing = "00000000-0000-4000-8000-000000000000";
    assert!(shell.run(&format!("docs watch {nothing}")).await.failed(4).contains("not-found"));
    shell.run(&format!("docs watch {id} --token a.b.c")).await.failed(5);
    hub.stop().await;
    assert!(shell.run(&format!("docs watch {id}")).await.failed(3).contains("cannot be reached"));
}

#[tokio::test]
async fn what_others_wrote_comes_through_a_pipe_as_it_is() {
    let hub = TestHub::start().await;
    let shell = Shell::of(&hub, &hub.user("ada"));
    let id = shell.feed("docs new - --name plan", "one\r\n").await.ok().trim().to_owned();
    shell.feed(&format!("docs put {id} - --version 1"), "one\r\n\u{1b}[2J\r\n").await.ok();
    let copy = shell.feed("docs new - --name copy", "one\r\n").await.ok().trim().to_owned();
    let patched = format!(
        "$BIN docs diff {id} 1 2 >p.diff && $BIN docs patch {copy} p.diff --version 1 && $BIN docs get {copy}"
    );
    assert!(shell.line(&patched).await.ok().ends_with("one\r\n\u{1b}[2J\r\n"));

    // What is too large for a number is refused, and not rounded on its way.
    let board = shell.feed("docs new - --type json --name board", "{}").await.ok().trim().to_owned();
    let large = r#"[{"op":"set","path":["n"],"value":18446744073709551616}]"#;
    let refused = shell.feed(&format!("docs patch {board} - --type ops --version 1"), large).await;
    assert!(refused.failed(2).contains("18446744073709551616"), "{refused:?}");
}
