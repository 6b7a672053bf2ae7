//! `docs share`: who may do what.

use super::{requests, show};
use crate::cli::ShareArgs;
use crate::hub::Hub;
use crate::output;
use anyhow::Result;

/// Changes the access list if there is something to change, and prints it.
pub async fn share(hub: &Hub, args: &ShareArgs, json: bool) -> Result<()> {
    let ask = match (&args.user, args.level) {
        (Some(user), Some(level)) => requests::share(args.id, user, level.as_str(), &args.write),
        _ => requests::access(args.id),
    };
    let list = hub.ask_json(ask).await?;
    match json {
        true => output::json(&list),
        false => output::line(&show::access(&list)),
    }
}
