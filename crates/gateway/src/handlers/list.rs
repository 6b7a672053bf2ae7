//! `GET /documents`: the documents that the caller may read, a page at a time.

use super::Call;
use crate::app::App;
use crate::list;
use crate::problem::{Kind, Problem};
use crate::render;
use crate::respond::{self, Outcome};
use crate::router::Resource;
use hyper::StatusCode;
use hyper::header::{HeaderValue, LINK};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is written another way in a query; what a cursor is made of is not.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// How many documents a page has when nobody says.
const PAGE_DEFAULT: usize = 50;

pub(super) async fn answer(app: &App, call: Call) -> Outcome {
    let query = call.query(&["limit", "cursor"])?;
    let limit_max = app.limits.page_documents;
    let limit = query.number("limit")?.unwrap_or(PAGE_DEFAULT.min(limit_max));
    if limit > limit_max {
        let what = "the number of documents on a page";
        return Err(Problem::limit(Kind::PageTooLarge, what, limit_max, Some(limit)));
    }
    if limit == 0 {
        return Err(Problem::new(Kind::BadQuery, "limit is at least 1").with("parameter", "limit"));
    }
    let page = list::page(&*app.shards, call.caller(), query.get("cursor"), limit).await?;
    let mut answer = respond::json(StatusCode::OK, &render::listing(&page));
    if let Some(next) = &page.next {
        let cursor = utf8_percent_encode(next, RESERVED);
        let (prefix, path) = (call.target.prefix, Resource::Documents.template());
        let link = format!("<{prefix}{path}?limit={limit}&cursor={cursor}>; rel=\"next\"");
        let link = HeaderValue::try_from(link).expect("what is percent-encoded is visible ASCII");
        answer.headers_mut().insert(LINK, link);
    }
    Ok(answer)
}
