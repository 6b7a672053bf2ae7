//! `docs ls` and `get`.

use super::pages::{self, Pages};
use super::{requests, show};
use crate::cli::{Format, GetArgs, ListArgs};
use crate::exit::Usage;
use crate::hub::Hub;
use crate::output;
use anyhow::Result;
use std::io::IsTerminal;

/// Lists documents, or counts them.
pub async fn list(hub: &Hub, args: &ListArgs, json: bool) -> Result<()> {
    if args.count {
        let page = hub.ask_json(requests::list(args, 1, None)).await?;
        return match json {
            true => output::json(&page),
            false => output::line(&page["count"].to_string()),
        };
    }
    let limit = (!args.all).then_some(args.limit);
    let pages =
        Pages { limit, cursor: args.cursor.clone(), member: "documents", table: show::documents, json };
    pages::print(hub, pages, |limit, cursor| requests::list(args, limit, cursor)).await
}

/// Prints a document.
pub async fn get(hub: &Hub, args: &GetArgs, json: bool) -> Result<()> {
    if json && args.format.is_some() {
        let why = "--format prints the form as it is: leave --json out, which prints all that the hub says";
        return Err(Usage(why.to_owned()).into());
    }
    let answer = hub.ask(requests::get(args)).await?;
    match args.format {
        Some(Format::Automerge) => return output::raw(&answer.body),
        Some(_) => return output::content(&String::from_utf8_lossy(&answer.body)),
        None => {}
    }
    let document = answer.json(&hub.target.url)?;
    if json {
        return output::json(&document);
    }
    let mut content = show::content(&document);
    // Elsewhere than on a terminal it is the content and nothing else, so that it can be put back.
    if std::io::stdout().is_terminal() && !content.ends_with('\n') {
        content.push('\n');
    }
    output::content(&content)
}
