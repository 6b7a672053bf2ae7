//! `docs history`, `diff`, `restore`.

use super::change;
use super::pages::{self, Pages};
use super::{requests, show};
use crate::cli::{DiffArgs, HistoryArgs, RestoreArgs};
use crate::hub::Hub;
use crate::output;
use anyhow::Result;

/// Prints versions.
pub async fn history(hub: &Hub, args: &HistoryArgs, json: bool) -> Result<()> {
    let limit = (!args.all).then_some(args.limit);
    let pages = Pages { limit, cursor: args.cursor.clone(), member: "versions", table: show::versions, json };
    pages::print(hub, pages, |limit, cursor| requests::history(args.id, limit, cursor)).await
}

/// Prints what changed.
pub async fn diff(hub: &Hub, args: &DiffArgs, json: bool) -> Result<()> {
    let diff = hub.ask_json(requests::diff(args.id, args.from, args.to)).await?;
    match json {
        true => output::json(&diff),
        false if output::is_looked_at() => output::styled(&show::unified(&diff)),
        // A patch, as it is: it may be applied elsewhere.
        false => output::raw(diff["unified"].as_str().unwrap_or_default().as_bytes()),
    }
}

/// Brings a version back.
pub async fn restore(hub: &Hub, args: &RestoreArgs, json: bool) -> Result<()> {
    change::told(hub, requests::restore(args.id, args.version, &args.write), json).await
}
