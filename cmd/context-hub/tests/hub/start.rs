//! Starts that are refused, each with a message that says what to do; and one that goes on where the last one ended.

use crate::support::{TestHub, context_hub};
use serde_json::json;

const SOME_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const DEV: [&str; 4] = ["dev", "--json", "--addr", "127.0.0.1:0"];

#[tokio::test]
async fn settings_that_are_not_safe_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = async |words: &[&str], settings: &[(&str, &str)], why: &[&str]| {
        let finished = context_hub(folder.path(), words, settings).await;
        assert!(!finished.success, "{words:?} {settings:?}: {finished:?}");
        assert_eq!(finished.out, "", "it never was ready");
        for part in why {
            assert!(finished.err.contains(part), "{part} in {}", finished.err);
        }
    };
    refused(&DEV, &[("JWT_SECRET", "hunter2")], &["JWT_SECRET", "RS256", "JWT_PRIVATE_KEY_FILE"]).await;
    refused(&DEV, &[("MASTER_KEY", "too short")], &["MASTER_KEY", "64 hexadecimal digits"]).await;
    refused(&DEV, &[("JWT_PRIVATE_KEY_FILE", "/nonexistent.pem")], &["/nonexistent.pem"]).await;
    refused(&DEV, &[("MAX_BODY_BYTES", "much")], &["--max-body-bytes", "much"]).await;
    refused(&["dev", "--addr", "0.0.0.0:0"], &[], &["--allow-plaintext"]).await;
}

#[tokio::test]
async fn secrets_are_not_repeated_in_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("JWT_SECRET", "hunter2"), ("MASTER_KEY", "correct horse")];
    let finished = context_hub(folder.path(), &DEV, &settings).await;
    assert!(!finished.err.contains("hunter2") && !finished.err.contains("correct horse"), "{finished:?}");
    let help = context_hub(folder.path(), &["dev", "--help"], &settings).await;
    assert!(help.success && !help.out.contains("hunter2") && !help.out.contains("correct horse"), "{help:?}");
}

#[tokio::test]
async fn data_is_opened_with_its_own_master_key_alone() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("sealed").await;
    let stopped = hub.stop().await;
    let data = stopped.data_dir().to_owned();
    let wrong = context_hub(&data, &DEV, &[("MASTER_KEY", SOME_KEY)]).await;
    assert!(!wrong.success && wrong.err.contains("master key"), "{wrong:?}");

    let (key, aside) = (data.join("master.key"), data.join("aside"));
    std::fs::rename(&key, &aside).unwrap();
    let missing = context_hub(&data, &DEV, &[]).await;
    assert!(!missing.success && missing.err.contains("put it back, or give MASTER_KEY"), "{missing:?}");
    assert!(!key.exists(), "no new key is made for old data");

    std::fs::rename(&aside, &key).unwrap();
    let _hub = stopped.start().await;
    assert_eq!(ada.content(&path).await, "sealed");
}

#[tokio::test]
async fn one_folder_has_one_hub() {
    let hub = TestHub::start().await;
    let second = context_hub(hub.data_dir(), &DEV, &[]).await;
    assert!(!second.success && second.err.contains(hub.data_dir().to_str().unwrap()), "{second:?}");
    assert_eq!(hub.user("ada").content(&hub.user("ada").text("x").await).await, "x");
}

#[tokio::test]
async fn a_hub_goes_on_where_it_was() {
    let hub = TestHub::start_with(&["--shards=3"]).await;
    let owner = hub.owner();
    let text = owner.text("one").await;
    let object = owner.object(json!({"a": [1, {"b": "c"}], "n": {"$counter": 4}})).await;
    owner.replace(&text, 1, json!("two")).await;
    owner.grant(&text, "ada", "write").await;
    let before =
        [owner.read(&text).await, owner.read(&object).await, owner.read(&format!("{text}?version=1")).await];
    let token = std::fs::read_to_string(hub.data_dir().join("owner.token")).unwrap();
    assert_eq!(token.trim(), owner.token());

    let hub = hub.restart().await;
    assert_eq!(hub.owner().token(), owner.token(), "the token stays good, and is not made anew");
    let after =
        [owner.read(&text).await, owner.read(&object).await, owner.read(&format!("{text}?version=1")).await];
    assert_eq!(after, before);
    assert_eq!(owner.replace(&text, 1, json!("one!")).await["content"], "two!");
    assert_eq!(hub.anyone().get("/readyz").send().await.json(200)["shards"], 3);
}
