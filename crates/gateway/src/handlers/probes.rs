//! `GET /livez` and `GET /readyz`: whether the process lives, and whether clients may be sent to it. A gateway of a cluster may be
//! ready while some shards are not: then they are named.

use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::respond::{self, Outcome};
use hyper::StatusCode;
use rpc::{Health, ShardHealth, ShardState};
use serde_json::{Value, json};
use std::time::Duration;

/// When to look again if no shard has a guess.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) fn live() -> Outcome {
    Ok(respond::text(StatusCode::OK, "ok\n"))
}

pub(super) fn ready(app: &App) -> Outcome {
    let health = app.shards.health();
    if !app.shards.ready() {
        return Err(not_ready(&health));
    }
    // A full disk is no reason to take a hub out of service: it still reads.
    let mut body = json!({ "ready": true, "shards": health.shards.len() });
    let waiting = all_waiting(&health);
    if !waiting.is_empty() {
        body["not_serving"] = waiting.into();
    }
    if let Some(spare) = health.disk_low {
        body["disk_spare_bytes"] = spare.into();
    }
    Ok(respond::json(StatusCode::OK, &body))
}

fn not_ready(health: &Health) -> Problem {
    let waiting = all_waiting(health);
    let detail = match waiting.len() {
        0 => "no shard is known here yet".to_owned(),
        count => format!("{count} of {} shards do not serve", health.shards.len()),
    };
    let guesses = health.shards.iter().filter_map(|shard| match shard.state {
        ShardState::Starting { retry_after } => Some(retry_after),
        ShardState::Serving | ShardState::Following { .. } | ShardState::Broken { .. } => None,
    });
    let retry_after = guesses.max().unwrap_or(LOOK_AGAIN);
    Problem::new(Kind::NotReady, detail).with("shards", waiting).retry_after(retry_after)
}

fn all_waiting(health: &Health) -> Vec<Value> {
    health.shards.iter().filter_map(waiting).collect()
}

fn waiting(shard: &ShardHealth) -> Option<Value> {
    let id = shard.shard.0;
    match &shard.state {
        ShardState::Serving | ShardState::Following { .. } => None,
        ShardState::Starting { .. } => Some(json!({ "shard": id, "state": "starting" })),
        ShardState::Broken { reason } => Some(json!({ "shard": id, "state": "broken", "reason": reason })),
    }
}
