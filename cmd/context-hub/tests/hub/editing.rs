//! `docs edit` with editors of many kinds.

use crate::support::{Shell, TestHub, User};
use serde_json::json;
use std::path::PathBuf;

/// What editors left behind.
fn leftovers(shell: &Shell) -> Vec<PathBuf> {
    let files = std::fs::read_dir(shell.home()).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("context-hub-")).collect()
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

async fn edit(hub: &TestHub, user: &User, path: &str, script: &str) -> (Shell, crate::support::Ran) {
    let shell = Shell::of(hub, user).with("ID", id(path));
    let editor = shell.script("editor", script);
    let shell = shell.with("EDITOR", &editor);
    let ran = shell.run(&format!("docs edit {}", id(path))).await;
    (shell, ran)
}

#[tokio::test]
async fn what_was_saved_is_merged_with_what_others_wrote_meanwhile() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("Ship it.").await;
    let script = r#"printf 'Please: Ship it.' | "$BIN" docs put "$ID" - --version 1 >/dev/null || exit 9
        case "$1" in *.txt) ;; *) exit 8 ;; esac
        sed 's/it\./it on Friday./' "$1" > "$1.new" && echo >> "$1.new" && mv "$1.new" "$1""#;
    let (shell, ran) = edit(&hub, &ada, &path, script).await;
    let expected = format!("{} is at version 3, merged with one edit made meanwhile\n", id(&path));
    assert_eq!(ran.ok(), expected);
    assert_eq!(ada.content(&path).await, "Please: Ship it on Friday.");
    assert_eq!(leftovers(&shell), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_editor_that_fails_or_changes_nothing_changes_nothing() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("as it was").await;
    let (shell, unchanged) = edit(&hub, &ada, &path, "exit 0").await;
    assert_eq!((unchanged.ok(), leftovers(&shell).len()), ("nothing was changed\n", 0));
    let (shell, failed) = edit(&hub, &ada, &path, "exit 3").await;
    assert!(failed.failed(1).contains("nothing was sent"), "{failed:?}");
    assert_eq!(leftovers(&shell).len(), 0);
    // What was written all the same is not thrown away.
    let (shell, late) = edit(&hub, &ada, &path, r#"echo more >> "$1"; exit 3"#).await;
    let kept = leftovers(&shell);
    assert!(late.failed(1).contains(kept[0].to_str().unwrap()), "{late:?}");
    assert_eq!(ada.read(&path).await["version"], 1);
}

#[tokio::test]
async fn what_the_hub_does_not_take_is_kept() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text("a").await;
    ada.grant(&path, "bob", "read").await;
    let (shell, refused) = edit(&hub, &bob, &path, r#"printf 'words of bob' > "$1""#).await;
    let kept = leftovers(&shell);
    assert!(refused.failed(5).contains(kept[0].to_str().unwrap()), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&kept[0]).unwrap(), "words of bob");

    let board = ada.object(json!({"done": false})).await;
    let (shell, broken) = edit(&hub, &ada, &board, r#"echo '{"done": ' > "$1""#).await;
    let kept = leftovers(&shell);
    assert!(broken.failed(2).contains(kept[0].to_str().unwrap()), "{broken:?}");
    assert!(kept[0].extension().is_some_and(|extension| extension == "json"));
    let (_, good) = edit(&hub, &ada, &board, r#"sed -i 's/false/true/' "$1""#).await;
    good.ok();
    assert_eq!(ada.content(&board).await, json!({"done": true}));
}
