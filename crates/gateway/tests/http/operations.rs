//! Probes, metrics, and the pages that say where to look.

use crate::support::Hub;
use base::ShardId;
use gateway::{Config, StartError};
use rpc::{Health, ShardHealth, ShardState};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn readiness_names_the_shards_that_do_not_serve() {
    let hub = Hub::start().await;
    assert_eq!(hub.get("/livez").send().await.status, 200);
    assert_eq!(hub.get("/readyz").send().await.json(), json!({"ready": true, "shards": 4}));
    let shard = |id, state| ShardHealth { shard: ShardId(id), state };
    hub.model.set_health(Health {
        shards: vec![
            shard(0, ShardState::Serving),
            shard(1, ShardState::Starting { retry_after: Duration::from_secs(3) }),
            shard(2, ShardState::Broken { reason: "its log is damaged".into() }),
        ],
        disk_low: None,
    });
    let refused = hub.get("/readyz").send().await;
    let problem = refused.problem(503, "not-ready");
    let expected = json!([
        {"shard": 1, "state": "starting"},
        {"shard": 2, "state": "broken", "reason": "its log is damaged"},
    ]);
    assert_eq!(problem["shards"], expected);
    assert_eq!(refused.header("retry-after"), "3");
    assert_eq!(hub.get("/livez").send().await.status, 200, "alive it is all the same");

    hub.model.set_health(Health { shards: vec![], disk_low: None });
    hub.get("/readyz").send().await.problem(503, "not-ready");
    let shards = vec![shard(0, ShardState::Serving)];
    hub.model.set_health(Health { shards, disk_low: Some(7) });
    let full = json!({"ready": true, "shards": 1, "disk_spare_bytes": 7});
    assert_eq!(hub.get("/readyz").send().await.json(), full, "a full disk still reads");
    hub.stop().await;
}

#[tokio::test]
async fn requests_are_counted_by_template_not_by_path() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    hub.get(&path).user("ada").send().await;
    hub.get("/nothing/at/all").send().await;
    let metrics = hub.get("/metrics").send().await;
    assert!(metrics.header("content-type").starts_with("text/plain"));
    let text = String::from_utf8(metrics.body.to_vec()).unwrap();
    let has = |name: &str, labels: [&str; 3]| {
        text.lines().any(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)))
    };
    assert!(
        has("http_requests_total", ["method=\"GET\"", "route=\"/documents/{id}\"", "status=\"200\""]),
        "{text}"
    );
    assert!(has("http_requests_total", ["method=\"GET\"", "route=\"none\"", "status=\"404\""]), "{text}");
    assert!(has("http_request_duration_seconds", ["method=\"POST\"", "route=\"/documents\"", ""]), "{text}");
    assert!(has("http_connections_open", [""; 3]) && has("http_requests_in_flight", [""; 3]), "{text}");
    assert!(!text.contains(&path), "no path of a client becomes a label");
    hub.stop().await;
}

#[tokio::test]
async fn pages_say_where_to_look() {
    let hub = Hub::start().await;
    let root = hub.get("/").send().await;
    assert_eq!(root.status, 200);
    assert!(String::from_utf8_lossy(&root.body).contains("/documents"));
    let all = hub.get("/docs/problems").send().await;
    assert_eq!(all.header("content-type"), "text/markdown; charset=utf-8");
    let kind = hub.get("/nothing").send().await.json()["type"].as_str().unwrap().to_owned();
    let page = hub.get(&kind).send().await;
    assert!(String::from_utf8_lossy(&page.body).starts_with("## unknown-path\n\n**404.**"), "{page:?}");
    hub.get("/docs/problems/nope").send().await.problem(404, "unknown-path");
    hub.stop().await;
}

#[tokio::test]
async fn an_address_that_others_reach_is_refused_unless_allowed() {
    let addr = "0.0.0.0:0".parse().unwrap();
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let services = || crate::support::services(Default::default(), Default::default());
    let refused = gateway::start(Config::new(addr), services(), recorder.handle()).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, StartError::PublicBind { .. }));
    assert!(error.to_string().contains("--allow-plaintext"));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = Config::new(taken.local_addr().unwrap());
    let refused = gateway::start(config, services(), recorder.handle()).await;
    assert!(matches!(refused, Err(StartError::Bind { .. })));
}
