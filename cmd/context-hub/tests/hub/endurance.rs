//! More than fits: more documents than the cache holds, more edits than are kept apart, more text than one entry of
//! the log takes.

use crate::support::{TestHub, User};
use futures::StreamExt;
use futures::stream::iter;
use serde_json::{Value, json};

/// A counter of the hub; 0 before it counted anything.
async fn counted(hub: &TestHub, name: &str) -> f64 {
    let scraped = hub.anyone().get("/metrics").send().await;
    let line = scraped.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

fn paragraph(document: usize) -> String {
    format!("This is document {document}, and it goes on like this.\n").repeat(600)
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_do_not_fit_into_the_cache_stay_right() {
    const DOCUMENTS: usize = 48;
    const AT_ONCE: usize = 4;
    let hub = TestHub::start_with(&["--cache-size-mb=8"]).await;
    let ada = &hub.user("ada");
    let made: Vec<String> = iter(0..DOCUMENTS)
        .map(|number| async move { ada.text(&paragraph(number)).await })
        .buffered(AT_ONCE)
        .collect()
        .await;
    // Two rounds, so that each document is edited again after others have pushed it out.
    for round in ["second", "first"] {
        let ops = json!([{"op": "splice", "position": 0, "insert": format!("{round} ")}]);
        let edits = iter(&made).map(|path| ada.patch(path, 1, &ops).send()).buffered(AT_ONCE);
        edits.for_each(|reply| async move { drop(reply.json(200)) }).await;
    }
    let expected = |number| {
        let merged = paragraph(number);
        [format!("second first {merged}"), format!("first second {merged}")]
    };
    let read = iter(&made).map(|path| ada.content(path)).buffered(AT_ONCE).collect::<Vec<Value>>().await;
    for (number, content) in read.iter().enumerate() {
        assert!(expected(number).iter().any(|text| content == text), "document {number}");
    }
    assert!(counted(&hub, "documents_evicted_total").await > 0.0, "the cache never was too small");
    for (path, number) in made.iter().zip(0..).step_by(10) {
        assert_eq!(ada.content(&format!("{path}?version=1")).await, paragraph(number));
    }
}

/// Appends one line after another; gives what it was told at every `every`-th version.
async fn type_lines(ada: &User, path: &str, lines: u64, every: u64) -> Vec<Value> {
    let mut told = Vec::new();
    for version in 1..=lines {
        let op = json!({"op": "splice", "position": 0, "insert": format!("{version}\n")});
        let edited = ada.edit(path, version, json!([op])).await;
        assert_eq!(edited["version"], version + 1);
        if version % every == 0 {
            told.push(edited);
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_reads_the_same_before_and_after_compaction_and_restart() {
    const EDITS: u64 = 1_200;
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("").await;
    let told = type_lines(&ada, &path, EDITS, 41).await;
    assert!(counted(&hub, "documents_compacted_total").await > 0.0, "it never was compacted");
    check_history(&ada, &path, &told).await;
    let hub = hub.restart().await;
    check_history(&ada, &path, &told).await;

    // An edit made against a state from before the compaction still finds its place.
    let early = &told[0];
    let content = format!("{}the end", early["content"].as_str().unwrap());
    let merged = ada.replace(&path, early["version"].as_u64().unwrap(), json!(content)).await;
    let newest: String = (1..=EDITS).rev().map(|line| format!("{line}\n")).collect();
    assert_eq!(merged["content"], format!("{newest}the end"));
    drop(hub);
}

/// Every state that was told is read again, by version and by heads.
async fn check_history(ada: &User, path: &str, told: &[Value]) {
    for state in told {
        let heads = state["heads"][0].as_str().unwrap();
        for query in [format!("version={}", state["version"]), format!("heads={heads}")] {
            assert_eq!(ada.read(&format!("{path}?{query}")).await, *state, "{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_too_long_for_one_entry_of_the_log_goes_in_parts() {
    const LINES: usize = 24_000;
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let text: String = (0..LINES).map(|line| format!("Line {line} of a long text.\n")).collect();
    assert!(text.len() > 2 * (256 << 10), "an entry has at most 256 KiB");
    let path = ada.text(&text).await;
    let ops = json!([
        {"op": "splice", "position": 0, "insert": "Begin. "},
        {"op": "splice", "position": text.len() + 7, "insert": "End."},
    ]);
    let edited = ada.edit(&path, 1, ops).await;
    // Not assert_eq: nobody wants to read both.
    assert!(edited["content"] == format!("Begin. {text}End."));

    let hub = hub.restart().await;
    assert!(ada.content(&path).await == edited["content"]);
    assert!(ada.content(&format!("{path}?version=1")).await == text);
    let long = "another long line\n".repeat(20_000);
    let grown =
        ada.edit(&path, 2, json!([{"op": "splice", "position": 0, "delete": 7, "insert": long}])).await;
    let _hub = hub.restart().await;
    assert!(ada.content(&path).await == grown["content"]);
    assert!(grown["content"] == format!("{long}{text}End."));
}
