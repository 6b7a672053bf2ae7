//! What the log learns of a request, and what it must not.

use crate::support::{Hub, token};
use rpc::Refusal;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Log;

    fn make_writer(&self) -> Log {
        self.clone()
    }
}

impl Log {
    /// Collects what is logged on this thread, on which the whole test runs.
    fn listen(&self, most: tracing::Level) -> tracing::subscriber::DefaultGuard {
        let lines = tracing_subscriber::fmt().json().with_max_level(most).with_writer(self.clone());
        tracing::subscriber::set_default(lines.finish())
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The fields and the level of each line about a request.
    fn requests(&self) -> Vec<(String, Value)> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let requests = lines.filter(|line| line["target"] == "gateway::access");
        requests.map(|line| (line["level"].as_str().unwrap().to_owned(), line["fields"].clone())).collect()
    }
}

#[tokio::test]
async fn each_request_is_a_line_without_its_secrets() {
    let log = Log::default();
    let listening = log.listen(tracing::Level::DEBUG);
    let hub = Hub::start().await;
    let path = hub.text("the content is private").await;
    hub.get(&path).user("ada").header("x-request-id", "r1").send().await;
    hub.model.refuse_next(Refusal::Internal { reason: "the index is gone".into() });
    hub.get(&path).user("ada").send().await.problem(500, "internal");
    hub.get("/nothing?secret=1").send().await;
    hub.stop().await;
    drop(listening);

    let requests = log.requests();
    let levels: Vec<_> = requests.iter().map(|(level, _)| level.as_str()).collect();
    assert_eq!(levels, ["DEBUG", "DEBUG", "ERROR", "INFO"]);
    let read = &requests[1].1;
    for (field, expected) in [
        ("request_id", json!("r1")),
        ("method", json!("GET")),
        ("route", json!("/documents/{id}")),
        ("status", json!(200)),
        ("tenant", json!("acme")),
        ("user", json!("ada")),
    ] {
        assert_eq!(read[field], expected, "{read}");
    }
    assert!(read["bytes"].as_u64().unwrap() > 100 && read["duration_us"].is_u64());
    assert_eq!(requests[2].1["cause"], "the index is gone");
    let text = log.text();
    for secret in ["private", "secret", "Bearer", token("acme", "ada").split('.').next().unwrap()] {
        assert!(!text.contains(secret), "{secret} is in the log: {text}");
    }
}

#[tokio::test]
async fn what_goes_well_is_not_logged_at_info() {
    let log = Log::default();
    let listening = log.listen(tracing::Level::INFO);
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    hub.get(&path).user("ada").send().await;
    hub.stop().await;
    drop(listening);
    assert_eq!(log.requests(), []);
}
