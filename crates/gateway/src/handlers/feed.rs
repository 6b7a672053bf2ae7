//! `GET /changes` and `GET /documents/{id}/events`: what happens to documents, as it happens.

use super::Call;
use crate::app::App;
use crate::feed::{Asker, Bound, Feed, Form, Reader, Sources};
use crate::problem::{Kind, Problem};
use crate::request::query::Query;
use crate::respond::{self, Outcome};
use crate::socket::expiry;
use base::DocId;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;
use tokio::time::Instant;

/// What a client of server-sent events sends when it connects again.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Proxies that know this header pass events on as they come.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How soon a client should ask again when there are as many feeds as there may be.
const FULL_RETRY: Duration = Duration::from_secs(5);

pub(super) async fn changes(app: &App, call: Call) -> Outcome {
    follow(app, call, None).await
}

pub(super) async fn events(app: &App, call: Call) -> Outcome {
    let id = call.document()?;
    follow(app, call, Some(id)).await
}

async fn follow(app: &App, call: Call, document: Option<DocId>) -> Outcome {
    let query = call.query(&["since", "limit", "wait"])?;
    let bound = bound(app, &query)?;
    let place = app.feeds.enter().ok_or_else(|| full(app))?;
    let since = since(&call.parts.headers, &query)?;
    let asker = Asker { shards: app.shards.clone(), caller: call.caller(), document };
    let (sources, first) = Sources::open(asker, since.as_deref(), Reader::page_events(bound)).await?;
    let form = Form::asked(&call.parts.headers);
    let feed = Feed {
        sources,
        form,
        config: app.feed_config,
        expires: expiry(call.caller.refused_from, base::now(), Duration::ZERO),
        stop: app.stop.clone(),
        connection: call.connection.clone(),
        _place: place,
    };
    let mut answer = respond::stream(form.media_type(), Reader::new(feed, bound, first).into_stream());
    answer.headers_mut().insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(answer)
}

/// Where the reader stands. The header is newer than the URL that a client connects to again and again.
fn since(headers: &HeaderMap, query: &Query<'_>) -> Result<Option<String>, Problem> {
    let header = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty());
    let Some(value) = header else { return Ok(query.get("since").map(str::to_owned)) };
    let text = value.to_str().map_err(|_| {
        Problem::new(Kind::BadHeader, "Last-Event-ID holds a token of a feed").with("header", "last-event-id")
    })?;
    Ok(Some(text.to_owned()))
}

/// `limit` and `wait` ask for one page and the end, for clients that come again.
fn bound(app: &App, query: &Query<'_>) -> Result<Option<Bound>, Problem> {
    let (limit, wait) = (query.number::<usize>("limit")?, query.number::<u64>("wait")?);
    if limit.is_none() && wait.is_none() {
        return Ok(None);
    }
    let limit_max = app.limits.feed_page_events;
    let left = limit.unwrap_or(limit_max);
    if left > limit_max {
        let what = "the number of events on a page";
        return Err(Problem::limit(Kind::PageTooLarge, what, limit_max, Some(left)));
    }
    if left == 0 {
        return Err(Problem::new(Kind::BadQuery, "limit is at least 1").with("parameter", "limit"));
    }
    let wait = wait.unwrap_or(0);
    if wait > app.limits.feed_wait_seconds as u64 {
        let detail = format!("wait is at most {} seconds", app.limits.feed_wait_seconds);
        return Err(Problem::new(Kind::BadQuery, detail).with("parameter", "wait"));
    }
    Ok(Some(Bound { left, deadline: Instant::now() + Duration::from_secs(wait) }))
}

fn full(app: &App) -> Problem {
    let what = "the number of change feeds that a gateway serves at once";
    Problem::limit(Kind::TooManyFeeds, what, app.feeds.limit(), None).retry_after(FULL_RETRY)
}
