//! `docs rm`.

use super::requests;
use crate::cli::RemoveArgs;
use crate::hub::Hub;
use crate::output;
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::io::{IsTerminal, Write, stderr, stdin};

/// Deletes documents, one after the other. Those before one that fails are deleted; that nobody reads on stops nothing.
pub async fn remove(hub: &Hub, args: &RemoveArgs, json: bool) -> Result<()> {
    if !args.yes && stdin().is_terminal() && !agreed(args.ids.len())? {
        bail!("nothing was deleted");
    }
    let mut printed = Ok(());
    for id in &args.ids {
        hub.ask(requests::delete(*id)).await.with_context(|| format!("{id} was not deleted"))?;
        let told = match json {
            true => output::json(&json!({ "id": id, "deleted": true })),
            false => output::line(&format!("{id} is deleted")),
        };
        printed = printed.and(told);
    }
    printed
}

/// Asks whoever sits at the terminal: there is no way back.
fn agreed(count: usize) -> Result<bool> {
    let what = if count == 1 { "a document".to_owned() } else { format!("{count} documents") };
    write!(stderr(), "Delete {what} for good? [y/N] ")?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
