//! The hub as `curl` meets it. A machine without it shows nothing here, and says so.

use crate::support::TestHub;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// A program that takes longer than this does not end.
const ENDED_WITHIN: Duration = Duration::from_secs(60);

/// Runs a line of a shell against a hub; gives what it printed, or nothing where there is no `curl`. `$HUB` and `$TOKEN`
/// are set.
async fn shell(hub: &TestHub, token: &str, line: &str) -> Option<String> {
    let found = Command::new("curl").arg("--version").stdout(Stdio::null()).status().await;
    if found.is_err() {
        eprintln!("there is no curl here: not shown: {line}");
        return None;
    }
    let ran = Command::new("bash")
        .args(["-c", &format!("set -euo pipefail\n{line}")])
        .env("HUB", format!("http://{}", hub.authority()))
        .env("TOKEN", token)
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(ENDED_WITHIN, ran).await.expect("curl ends").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{line}\n{out}\n{err}");
    Some(out)
}

/// The requests of a newcomer, as they are written down: what a document is made, changed and shared with.
#[tokio::test]
async fn the_first_three_requests() {
    let hub = TestHub::start().await;
    let owner = hub.owner();
    let json = |printed: &str| serde_json::from_str::<Value>(printed).unwrap_or_else(|_| panic!("{printed}"));
    let create = r#"
        curl -sS --fail-with-body -X POST "$HUB/documents" \
          -H "Authorization: Bearer $TOKEN" \
          -H "Content-Type: application/json" \
          -d '{"name": "My Document", "doc_type": "Text", "content": "Hello, World!"}'"#;
    let Some(made) = shell(&hub, owner.token(), create).await else { return };
    let made = json(&made);
    assert_eq!(
        (&made["name"], &made["doc_type"], &made["content"], &made["version"]),
        (&json!("My Document"), &json!("Text"), &json!("Hello, World!"), &json!(1))
    );
    let id = made["id"].as_str().unwrap();

    let update = r#"
        curl -sS --fail-with-body -X PUT "$HUB/documents/ID" \
          -H "Authorization: Bearer $TOKEN" \
          -H "Content-Type: application/json" \
          -d '{"content": "Updated content", "version": 1}'"#;
    let updated = json(&shell(&hub, owner.token(), &update.replace("ID", id)).await.unwrap());
    assert_eq!((&updated["content"], &updated["version"]), (&json!("Updated content"), &json!(2)));

    let share = r#"
        curl -sS --fail-with-body -X POST "$HUB/documents/ID/share" \
          -H "Authorization: Bearer $TOKEN" \
          -H "Content-Type: application/json" \
          -d '{"principal": "other-user", "access_level": "read"}'"#;
    let shared = json(&shell(&hub, owner.token(), &share.replace("ID", id)).await.unwrap());
    assert_eq!(shared["entries"], json!([{"principal": "other-user", "access_level": "read"}]));

    // The same below /api/v1.
    let create = create.replace("/documents", "/api/v1/documents");
    let made = json(&shell(&hub, owner.token(), &create).await.unwrap());
    assert_eq!(made["version"], 1);
}

#[tokio::test]
async fn curl_reads_what_is_compressed_and_sends_what_it_compressed() {
    let hub = TestHub::start_with(&["--max-body-bytes=1000000"]).await;
    let ada = hub.user("ada");
    for length in [20_000, 400_000] {
        let content = "ten bytes ".repeat(length / 10);
        let path = ada.text(&content).await;
        let plain = ada.read(&path).await;
        for (query, coding) in [("", "gzip"), ("?version=1", "gzip"), ("", "zstd")] {
            let read = format!(
                r#"curl -sS --fail-with-body --compressed -H 'Accept-Encoding: {coding}' -H "Authorization: Bearer $TOKEN" \
                   -w '\n%{{size_download}} %header{{etag}} %header{{content-encoding}}' "$HUB{path}{query}""#
            );
            let Some(printed) = shell(&hub, ada.token(), &read).await else { return };
            let (body, told) = printed.rsplit_once('\n').unwrap();
            assert_eq!(serde_json::from_str::<Value>(body).unwrap(), plain);
            let [size, tag, said] = told.split(' ').collect::<Vec<_>>()[..] else { panic!("{told}") };
            assert!(size.parse::<usize>().unwrap() * 10 < length, "{told}");
            assert_eq!((tag.ends_with(&format!("-{coding}\"")), said), (true, coding), "{told}");
        }
    }

    let post = r#"
        printf '{"name":"n","doc_type":"Text","content":"%s"}' "$(head -c 5000 /dev/zero | tr '\0' x)" | gzip -c |
        curl -sS --fail-with-body --compressed -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
          -H 'Content-Encoding: gzip' --data-binary @- "$HUB/documents""#;
    let made: Value = serde_json::from_str(&shell(&hub, ada.token(), post).await.unwrap()).unwrap();
    assert_eq!(made["content"], "x".repeat(5_000));

    // More zeros than a body may have bytes, in a few kilobytes.
    let bomb = r#"
        head -c 2000000 /dev/zero | gzip -c |
        curl -sS -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -H 'Content-Encoding: gzip' \
          --data-binary @- "$HUB/documents""#;
    let refused: Value = serde_json::from_str(&shell(&hub, ada.token(), bomb).await.unwrap()).unwrap();
    assert_eq!(
        (&refused["type"], &refused["status"]),
        (&json!("/docs/problems/body-too-large"), &json!(413))
    );
}

#[tokio::test]
async fn head_ends_without_a_body() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("some text").await;
    let head = format!(
        r#"curl -sS --fail --head --max-time 20 -H "Authorization: Bearer $TOKEN" -w '%{{size_download}}' "$HUB{path}""#
    );
    let Some(printed) = shell(&hub, ada.token(), &head).await else { return };
    let tag = ada.get(&path).send().await.header("etag").to_owned();
    assert!(printed.starts_with("HTTP/1.1 200") && printed.ends_with("\n0"), "{printed}");
    assert!(printed.contains(&format!("etag: {tag}")), "{printed}");
}

/// A head says what the body would be, and has none, whatever is spoken.
#[tokio::test]
async fn heads_have_no_body() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one").await;
    let length = ada.get(&path).send().await.body.len();
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let line = format!(r#"curl -sS {version} -I "$HUB{path}" -H "Authorization: Bearer $TOKEN""#);
        let Some(head) = shell(&hub, ada.token(), &line).await else { return };
        assert!(head.contains(&format!("content-length: {length}\r\n")), "{version}: {head}");
        assert!(head.contains(" 200") && head.to_lowercase().contains("\r\netag: "), "{version}: {head}");
        let nobody = format!(r#"curl -sS {version} -I "$HUB{path}x" -H "Authorization: Bearer $TOKEN""#);
        let refused = shell(&hub, ada.token(), &nobody).await.unwrap();
        assert!(refused.contains(" 404") && !refused.contains('{'), "{version}: {refused}");
    }
}
