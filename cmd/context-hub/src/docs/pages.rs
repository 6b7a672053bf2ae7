//! Lists that come in pages.

use crate::hub::{Ask, Hub};
use crate::output;
use anyhow::Result;
use serde_json::Value;

/// The largest page that is asked for; a hub that takes only smaller ones says so.
const PAGE_MAX: u32 = 100;

/// How a list is printed.
pub struct Pages {
    /// At most so many items; all of them if nobody says.
    pub limit: Option<u32>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// Where the items of a page are.
    pub member: &'static str,
    /// How a page looks to people, with a line above it.
    pub table: fn(&Value) -> String,
    /// One line of JSON for each page instead.
    pub json: bool,
}

/// Prints pages until there are no more, or enough.
pub async fn print(hub: &Hub, list: Pages, ask: impl Fn(u32, Option<&str>) -> Ask) -> Result<()> {
    let (mut left, mut cursor, mut first) = (list.limit, list.cursor.clone(), true);
    loop {
        let size = left.map_or(PAGE_MAX, |left| left.min(PAGE_MAX));
        let page = hub.ask_json(ask(size, cursor.as_deref())).await?;
        match list.json {
            true => output::json(&page)?,
            false => output::line(&shown(&list, &page, first))?,
        }
        let came = page[list.member].as_array().map_or(0, Vec::len);
        left = left.map(|left| left.saturating_sub(u32::try_from(came).unwrap_or(u32::MAX)));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        first = false;
        match &cursor {
            None => return Ok(()),
            Some(next) if left == Some(0) => {
                output::progress(&format!("there are more: --all, or --cursor {}", output::plain(next)));
                return Ok(());
            }
            Some(_) => {}
        }
    }
}

/// A page; only the first has a line above it.
fn shown(list: &Pages, page: &Value, first: bool) -> String {
    let table = (list.table)(page);
    match table.split_once('\n') {
        Some((_, rows)) if !first => rows.to_owned(),
        _ => table,
    }
}
