//! `context-hub status`: whether a hub runs, whether it is ready, and who one is there.

use crate::cli::HubArgs;
use crate::exit;
use crate::hub::claims::{Claims, claims};
use crate::hub::{self, Ask, Hub, HubError};
use crate::output::{self, BAD, DOUBTFUL, GOOD, paint, plain};
use anyhow::Result;
use base::Timestamp;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Ends with the code of what cannot be reached while the hub is not ready.
pub fn run(args: &HubArgs) -> Result<ExitCode> {
    hub::run(args, async |hub| {
        let state = state(hub).await?;
        let who = hub.target.token().ok().and_then(|token| claims(&token));
        match args.json {
            true => output::json(&report(&hub.target.url, &state, who.as_ref()))?,
            false => output::styled(&told(hub, &state, who.as_ref()))?,
        }
        Ok(if state.ready { ExitCode::SUCCESS } else { ExitCode::from(exit::UNREACHABLE) })
    })
}

/// What a hub says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Whether it takes requests.
    pub ready: bool,
    /// How many shards it has, if it says so.
    pub shards: Option<u64>,
    /// Those that do not serve.
    pub not_serving: Vec<Value>,
    /// What is left of a disk that is too full to take writes.
    pub disk_spare_bytes: Option<u64>,
}

/// Asks a hub whether it is ready.
pub async fn state(hub: &Hub) -> Result<State> {
    let answer = hub.ask_once(Ask::get("/readyz"), None).await?;
    if answer.is_good() {
        return Ok(ready(&answer.json(&hub.target.url)?));
    }
    match answer.refusal(&hub.target.url, None) {
        HubError::Refused(problem) if problem.slug() == "not-ready" => {
            let not_serving = problem.document["shards"].as_array().cloned().unwrap_or_default();
            Ok(State { not_serving, ..State::default() })
        }
        error => Err(error.into()),
    }
}

fn ready(said: &Value) -> State {
    State {
        ready: said["ready"] == true,
        shards: said["shards"].as_u64(),
        not_serving: said["not_serving"].as_array().cloned().unwrap_or_default(),
        disk_spare_bytes: said["disk_spare_bytes"].as_u64(),
    }
}

fn report(url: &str, state: &State, who: Option<&Claims>) -> Value {
    json!({
        "url": url,
        "ready": state.ready,
        "shards": state.shards,
        "not_serving": state.not_serving,
        "disk_spare_bytes": state.disk_spare_bytes,
        "user": who.map(|claims| &claims.user),
        "tenant": who.map(|claims| &claims.tenant),
        "expires_at": who.map(|claims| seconds(claims.expires_s)),
    })
}

/// A time in seconds since 1970, for people.
pub fn seconds(at_s: u64) -> Timestamp {
    Timestamp(at_s.saturating_mul(1_000))
}

fn told(hub: &Hub, state: &State, who: Option<&Claims>) -> String {
    let target = &hub.target;
    let mut lines = vec![format!("hub     {} (from {})", plain(&target.url), plain(&target.url_from))];
    lines.push(format!(
        "state   {}",
        if state.ready { paint(GOOD, "ready") } else { paint(BAD, "not ready") }
    ));
    lines.push(format!("shards  {}", shards(state)));
    if let Some(spare) = state.disk_spare_bytes {
        lines
            .push(format!("disk    {}", paint(BAD, &format!("too full for writes: {spare} bytes are left"))));
    }
    lines.push(match who {
        Some(claims) => format!(
            "you     {} of {}, until {}",
            plain(&claims.user),
            plain(&claims.tenant),
            seconds(claims.expires_s)
        ),
        None => format!("you     {}", paint(DOUBTFUL, "no token")),
    });
    lines.join("\n") + "\n"
}

/// The shards in a few words.
pub fn shards(state: &State) -> String {
    let waiting: Vec<_> = state.not_serving.iter().map(|shard| plain(&shard["shard"].to_string())).collect();
    match (state.shards, waiting.as_slice()) {
        (Some(count), []) => format!("{count}, all serve"),
        (None, []) => "none is known".to_owned(),
        (_, waiting) => paint(DOUBTFUL, &format!("these do not serve: {}", waiting.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_is_read_with_all_that_is_said() {
        let said = json!({"ready": true, "shards": 4, "not_serving": [{"shard": 2}], "disk_spare_bytes": 7});
        let state = ready(&said);
        let expected = State {
            ready: true,
            shards: Some(4),
            not_serving: vec![json!({"shard": 2})],
            disk_spare_bytes: Some(7),
        };
        assert_eq!(state, expected);
        assert!(shards(&state).contains("these do not serve: 2"));
        assert_eq!(shards(&ready(&json!({"ready": true, "shards": 4}))), "4, all serve");
        assert!(!ready(&json!({})).ready);
    }
}
