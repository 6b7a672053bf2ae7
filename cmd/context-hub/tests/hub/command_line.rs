//! The command line against a hub: documents from their making to their end, exit codes, colours.

use crate::support::{Shell, TestHub};
use serde_json::json;

#[tokio::test]
async fn a_document_through_all_of_its_life() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let shell = Shell::of(&hub, &ada);
    shell.file("plan.md", "Ship it.");
    let made = shell.run("docs new plan.md").await;
    let id = made.ok().trim().to_owned();

    assert_eq!(shell.run(&format!("docs get {id}")).await.ok(), "Ship it.");
    let put = |version: u64, text: &'static str| {
        let words = format!("docs put {id} - --version {version}");
        let shell = &shell;
        async move { shell.feed(&words, text).await.ok().to_owned() }
    };
    assert_eq!(put(1, "Ship it on Friday.").await, format!("{id} is at version 2\n"));
    assert_eq!(put(1, "Please: Ship it.").await, format!("{id} is at version 3\n"));
    let merged = "Please: Ship it on Friday.";
    assert_eq!(shell.run(&format!("docs get {id}")).await.ok(), merged);
    assert_eq!(shell.run(&format!("docs get {id} --version 1")).await.ok(), "Ship it.");

    let ops = r#"[{"op":"splice","position":0,"delete":8,"insert":""}]"#;
    let patched = shell.feed(&format!("docs patch {id} - --type ops --version 3"), ops).await;
    assert_eq!(patched.ok(), format!("{id} is at version 4\n"));
    shell.file("end.ops.json", r#"{"version":4,"ops":[{"op":"splice","position":18,"insert":"!"}]}"#);
    assert_eq!(
        shell.run(&format!("docs patch {id} end.ops.json")).await.ok(),
        format!("{id} is at version 5\n")
    );
    assert_eq!(shell.run(&format!("docs get {id}")).await.ok(), "Ship it on Friday.!");

    let listed = shell.run("docs ls").await;
    let rows: Vec<_> = listed.ok().lines().collect();
    assert!(rows[0].starts_with("ID ") && rows.len() == 2, "{rows:?}");
    for word in [id.as_str(), "Text", "5", "owner", "plan.md"] {
        assert!(rows[1].split_whitespace().any(|cell| cell == word), "no {word} in {rows:?}");
    }

    let shared = shell.run(&format!("docs share {id} bob read")).await;
    assert_eq!(shared.ok(), "USER  ACCESS\nada   owner\nbob   read\n");
    let other = Shell::of(&hub, &bob);
    assert_eq!(other.run(&format!("docs get {id}")).await.ok(), "Ship it on Friday.!");
    assert_eq!(shell.run(&format!("docs share {id} bob none")).await.ok(), "USER  ACCESS\nada   owner\n");
    assert_eq!(shell.run(&format!("docs share {id}")).await.ok(), "USER  ACCESS\nada   owner\n");

    assert_eq!(shell.run(&format!("docs rm {id}")).await.ok(), format!("{id} is deleted\n"));
    assert!(shell.run(&format!("docs get {id}")).await.failed(4).contains("not-found"));
}

#[tokio::test]
async fn json_goes_in_as_it_stands_and_comes_out_as_it_is() {
    let hub = TestHub::start().await;
    let shell = Shell::of(&hub, &hub.user("ada"));
    shell.file("board.json", r#"{"tasks": [], "votes": {"$counter": 2}}"#);
    let made = shell.run("docs new board.json --json").await.json();
    assert_eq!((&made["doc_type"], &made["name"]), (&json!("Json"), &json!("board.json")));
    let id = made["id"].as_str().unwrap();
    let content = shell.run(&format!("docs get {id}")).await;
    assert_eq!(content.json(), json!({"tasks": [], "votes": {"$counter": 2}}));
    // What was printed is put back, and is no change.
    let put = shell.feed(&format!("docs put {id} - --version 1 --json"), content.ok()).await.json();
    assert_eq!((&put["version"], &put["heads"]), (&made["version"], &made["heads"]));
    let put = shell.feed(&format!("docs put {id} - --latest --json"), r#"{"tasks": ["a"]}"#).await.json();
    assert_eq!((&put["version"], &put["content"]), (&json!(2), &json!({"tasks": ["a"]})));
    assert_eq!(shell.run(&format!("docs get {id} --json")).await.json(), put);
    assert_eq!(shell.run("docs ls --json").await.json()["documents"][0]["id"], id);
    let empty = shell.run("docs new --type json --name empty --json").await.json();
    assert_eq!((&empty["content"], &empty["name"]), (&json!({}), &json!("empty")));
}

#[tokio::test]
async fn exit_codes_say_what_kind_of_failure_it_is() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text("a").await;
    let id = path.rsplit('/').next().unwrap();
    ada.grant(&path, "bob", "read").await;
    let (shell, other) = (Shell::of(&hub, &ada), Shell::of(&hub, &bob));

    let words = format!("docs patch {id} - --type ops --version 1 --json");
    let wrong = shell.feed(&words, r#"[{"op":"delete","path":["x"]}]"#).await;
    assert_eq!(wrong.problem(1)["type"], "/docs/problems/bad-edit");
    assert!(shell.run(&format!("docs put {id} -")).await.failed(2).contains("--version N"));
    assert!(shell.run("docs get nonsense").await.failed(2).contains("nonsense"));
    assert_eq!(shell.run("docs patch --bogus").await.code, 2);
    let unknown = shell.run(&format!("docs get {} --json", "00112233-4455-4677-8899-aabbccddeeff")).await;
    assert_eq!(unknown.problem(4)["status"], 404);
    let reader = other.feed(&format!("docs put {id} - --version 1"), "b").await;
    assert!(reader.failed(5).contains("forbidden"), "{reader:?}");
    let stale = shell.feed(&format!("docs put {id} - --if-match 0123456789abcdef --json"), "b").await;
    assert_eq!(stale.problem(6)["type"], "/docs/problems/precondition-failed");
    let forged = shell.run("docs ls --token a.b.c").await;
    assert!(forged.failed(5).contains("invalid-token"), "{forged:?}");
    assert_eq!(ada.content(&path).await, "a", "nothing of this changed anything");

    // A port that was free a moment ago: nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = shell.run(&format!("docs ls --url http://{free} --token t")).await;
    assert!(nobody.failed(3).contains("cannot be reached"), "{nobody:?}");
    let nobody = shell.run(&format!("docs ls --url http://{free} --token t --json")).await;
    assert!(nobody.problem(3)["detail"].as_str().unwrap().contains("cannot be reached"));
    let missing = Shell::bare().run(&format!("docs ls --url http://{}", hub.authority())).await;
    assert!(missing.failed(5).contains("./data/owner.token"), "{missing:?}");
}

#[tokio::test]
async fn a_command_that_is_repeated_under_its_key_is_done_once() {
    let hub = TestHub::start().await;
    let shell = Shell::of(&hub, &hub.user("ada"));
    let words = "docs new - --name once --idempotency-key k-1";
    let first = shell.feed(words, "text").await.ok().to_owned();
    assert_eq!(shell.feed(words, "text").await.ok(), first);
    assert_eq!(shell.run("docs ls --json").await.json()["documents"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn long_lists_come_page_by_page() {
    const DOCUMENTS: usize = 5;
    let hub = TestHub::start_with(&["--max-page-documents", "100"]).await;
    let ada = hub.user("ada");
    for _ in 0..DOCUMENTS {
        ada.text("x").await;
    }
    let shell = Shell::of(&hub, &ada);
    assert_eq!(shell.run("docs ls --all").await.ok().lines().count(), 1 + DOCUMENTS);
    let first = shell.run("docs ls --limit 3 --json").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = shell.run(&format!("docs ls --json --cursor {cursor}")).await.json();
    let ids = |page: &serde_json::Value| {
        page["documents"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((ids(&first).len(), ids(&rest).len()), (3, 2));
    assert!(ids(&first).iter().all(|id| !ids(&rest).contains(id)));
}

#[tokio::test]
async fn completions_and_manual_pages_are_made() {
    let shell = Shell::bare();
    for (shell_name, sign) in [
        ("bash", "complete -F _context__hub"),
        ("zsh", "#compdef context-hub"),
        ("fish", "complete -c context-hub"),
    ] {
        let script = shell.run(&format!("completions {shell_name}")).await;
        assert!(script.ok().contains(sign), "{shell_name}");
    }
    shell.run("man pages").await.ok();
    let page = std::fs::read_to_string(shell.home().join("pages/context-hub-docs-put.1")).unwrap();
    assert!(page.starts_with(".") && page.contains("if\\-match"), "{page}");
}
