//! Builds the answers that are not problems.

use crate::render;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY};
use hyper::{Response, StatusCode};
use rpc::{Seen, View};
use serde::Serialize;

/// A whole response. Bodies are always whole: nothing here streams.
pub(crate) type Answer = Response<Full<Bytes>>;

/// What a handler gives: an answer, or the problem that stands in its place.
pub(crate) type Outcome = Result<Answer, crate::problem::Problem>;

/// How many headers the commonest answer has, a document: room for them is made once, and for no more.
const HEADERS_USUAL: usize = 6;

/// An answer with a body of a known type.
pub(crate) fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Answer::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.reserve(HEADERS_USUAL);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value).expect("what the edge prints has string keys and finite numbers");
    typed(status, "application/json", Bytes::from(body))
}

/// An answer in plain text.
pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    typed(status, "text/plain; charset=utf-8", body.into())
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Answer::new(Full::new(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

/// A document as its reader sees it. The body is made once for each view and level, and shared from then on.
pub(crate) fn document(status: StatusCode, seen: &Seen) -> Answer {
    let body = seen.view.face(seen.level, || render::document(&seen.view, seen.level)).clone();
    let mut answer = typed(status, "application/json", body);
    name_state(answer.headers_mut(), &seen.view);
    answer
}

/// The answer to a reader who has this state already.
pub(crate) fn not_modified(seen: &Seen) -> Answer {
    let mut answer = empty(StatusCode::NOT_MODIFIED);
    name_state(answer.headers_mut(), &seen.view);
    answer
}

/// Names the state in the headers, and forbids caches to hand it to anyone else or to use it unasked.
fn name_state(headers: &mut HeaderMap, view: &View) {
    headers.insert(ETAG, etag(&view.tag));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("authorization"));
}

fn etag(tag: &str) -> HeaderValue {
    let mut quoted = String::with_capacity(tag.len() + 2);
    quoted.push('"');
    quoted.push_str(tag);
    quoted.push('"');
    HeaderValue::try_from(quoted).expect("a tag is hexadecimal digits")
}
