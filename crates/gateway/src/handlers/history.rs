//! `GET /documents/{id}/history`: the versions of a document, the newest first, a page at a time.

use super::Call;
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::respond::{self, Outcome};
use base::{Hash, Timestamp, UserId};
use hyper::StatusCode;
use hyper::header::{HeaderValue, LINK};
use rpc::{History, Version};
use schemars::JsonSchema;
use serde::Serialize;

/// How many versions a page has when nobody says.
const PAGE_DEFAULT: usize = 50;

/// A page of the history of a document, the newest version first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "History")]
pub(crate) struct Page<'a> {
    versions: Vec<Shown<'a>>,
    /// Where the next page begins; `null` on the last.
    next_cursor: Option<String>,
}

/// A version of a document.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Version")]
struct Shown<'a> {
    version: u64,
    heads: &'a [Hash],
    at: Timestamp,
    /// The one who made it, if it was one.
    author: Option<&'a UserId>,
    /// Everyone who made it, in order.
    authors: &'a [UserId],
    /// Changes that it is made of; `null` if that is not known any more.
    changes: Option<u64>,
    /// What they take, as they came; `null` if that is not known any more.
    bytes: Option<u64>,
}

pub(super) async fn answer(app: &App, call: Call) -> Outcome {
    let id = call.document()?;
    let query = call.query(&["limit", "cursor"])?;
    let limit_max = app.limits.page_documents;
    let limit = query.number("limit")?.unwrap_or(PAGE_DEFAULT.min(limit_max));
    if limit > limit_max {
        let what = "the number of versions on a page";
        return Err(Problem::limit(Kind::PageTooLarge, what, limit_max, Some(limit)));
    }
    if limit == 0 {
        return Err(Problem::new(Kind::BadQuery, "limit is at least 1").with("parameter", "limit"));
    }
    let before = query.get("cursor").map(before).transpose()?;
    let page = app.shards.history(call.caller(), History { id, before, limit }).await?;
    let next_cursor = page.next.map(|next| next.to_string());
    let link = next_cursor.as_ref().map(|next| {
        let prefix = call.target.prefix;
        let link = format!("<{prefix}/documents/{id}/history?limit={limit}&cursor={next}>; rel=\"next\"");
        HeaderValue::try_from(link).expect("paths, ids and numbers are visible ASCII")
    });
    let versions = page.versions.iter().map(shown).collect();
    let mut answer = respond::json(StatusCode::OK, &Page { versions, next_cursor });
    if let Some(link) = link {
        answer.headers_mut().insert(LINK, link);
    }
    Ok(respond::at(page.revision, answer))
}

/// A cursor is the number of the last version that was given: those before it are to come.
fn before(cursor: &str) -> Result<u64, Problem> {
    let before = cursor.parse().ok().filter(|before| *before > 0);
    before.ok_or_else(|| Problem::new(Kind::BadCursor, "not a cursor of this history"))
}

fn shown(version: &Version) -> Shown<'_> {
    let Version { version, heads, at, authors, size } = version;
    let author = if let [author] = &authors[..] { Some(author) } else { None };
    let (changes, bytes) = size.map(|size| (size.changes, size.bytes)).unzip();
    Shown { version: *version, heads, at: *at, author, authors, changes, bytes }
}
