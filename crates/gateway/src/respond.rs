//! Builds the answers that are not problems.

use crate::render;
use crate::request::{prefer, revision};
use bytes::Bytes;
use futures::stream::Stream;
use hyper::body::{Frame, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, VARY};
use hyper::{Response, StatusCode};
use rpc::{Revision, Seen};
use serde::Serialize;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A response.
pub(crate) type Answer = Response<Body>;

/// The body of a response.
pub(crate) enum Body {
    /// All of it; empty once it has been sent.
    Whole(Bytes),
    /// What comes, until it ends.
    Stream(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl Body {
    /// A body that is all there.
    pub fn whole(bytes: Bytes) -> Body {
        Body::Whole(bytes)
    }

    /// How long it is, if it is all there.
    pub fn whole_len(&self) -> Option<usize> {
        match self {
            Body::Whole(whole) => Some(whole.len()),
            Body::Stream(_) => None,
        }
    }

    /// All of it, if it is all there; an empty body is left.
    pub fn take_whole(&mut self) -> Option<Bytes> {
        match self {
            Body::Whole(whole) => Some(std::mem::take(whole)),
            Body::Stream(_) => None,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Whole(whole) => f.debug_tuple("Whole").field(whole).finish(),
            Body::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Body::Whole(whole) if whole.is_empty() => Poll::Ready(None),
            Body::Whole(whole) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(whole))))),
            Body::Stream(stream) => {
                stream.as_mut().poll_next(context).map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Whole(whole) => whole.is_empty(),
            Body::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(whole) => SizeHint::with_exact(whole.len() as u64),
            Body::Stream(_) => SizeHint::default(),
        }
    }
}

/// What a handler gives: an answer, or the problem that stands in its place.
pub(crate) type Outcome = Result<Answer, crate::problem::Problem>;

/// How many headers the commonest answer has, a document: room for them is made once, and for no more.
const HEADERS_USUAL: usize = 7;

/// An answer with a body of a known type.
pub(crate) fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Answer::new(Body::whole(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.reserve(HEADERS_USUAL);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// An answer that goes on.
pub(crate) fn stream(content_type: &'static str, body: impl Stream<Item = Bytes> + Send + 'static) -> Answer {
    let mut answer = Answer::new(Body::Stream(Box::pin(body)));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
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
    let mut answer = Answer::new(Body::whole(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

/// A document as its reader sees it. The body is made once for each view and level, and shared from then on.
pub(crate) fn document(status: StatusCode, seen: &Seen) -> Answer {
    let body = seen.view.face(seen.level, || render::document(&seen.view, seen.level)).clone();
    let mut answer = typed(status, "application/json", body);
    name_state(answer.headers_mut(), &seen.view.tag, seen.revision);
    answer
}

/// A state of a document in another form than JSON. What JSON says of it beside the content is in the headers.
pub(crate) fn form(
    content_type: &'static str,
    body: Bytes,
    tag: &str,
    version: u64,
    revision: Revision,
) -> Answer {
    let mut answer = typed(StatusCode::OK, content_type, body);
    name_state(answer.headers_mut(), tag, revision);
    answer.headers_mut().insert(VERSION, HeaderValue::from(version));
    answer
}

/// The version in the headers, where there is no body to say it.
pub(crate) const VERSION: HeaderName = HeaderName::from_static("hub-version");

/// The answer to a write: the document; or no more than where it stands now, if the client prefers that.
pub(crate) fn written(status: StatusCode, seen: &Seen, asked: &HeaderMap) -> Answer {
    if !prefer::wants_minimal(asked) {
        return document(status, seen);
    }
    let mut answer = empty(if status == StatusCode::OK { StatusCode::NO_CONTENT } else { status });
    let headers = answer.headers_mut();
    name_state(headers, &seen.view.tag, seen.revision);
    headers.insert(VERSION, HeaderValue::from(seen.view.version));
    headers.insert(prefer::PREFERENCE_APPLIED, HeaderValue::from_static("return=minimal"));
    answer
}

/// An answer about a document that is not the document, and where it was so already.
pub(crate) fn at(revision: Revision, mut answer: Answer) -> Answer {
    answer.headers_mut().insert(revision::REVISION, revision::value(revision));
    answer
}

/// The answer to a reader who has this state already.
pub(crate) fn not_modified(tag: &str, revision: Revision) -> Answer {
    let mut answer = empty(StatusCode::NOT_MODIFIED);
    name_state(answer.headers_mut(), tag, revision);
    answer
}

/// What the form of a document depends on.
const VARY_DOCUMENT: &str = "authorization, accept, accept-encoding";

/// The header that says which content codings a client takes, as `Vary` names it.
pub(crate) const VARY_ENCODING: &str = "accept-encoding";

/// Names the state in the headers, and forbids caches to keep it.
fn name_state(headers: &mut HeaderMap, tag: &str, revision: Revision) {
    headers.insert(ETAG, etag(tag));
    headers.insert(revision::REVISION, revision::value(revision));
    // The tag names the content alone, in whichever form: a cache that asks by itself would show old names, or another form.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(VARY, HeaderValue::from_static(VARY_DOCUMENT));
}

fn etag(tag: &str) -> HeaderValue {
    let mut quoted = String::with_capacity(tag.len() + 2);
    quoted.push('"');
    quoted.push_str(tag);
    quoted.push('"');
    HeaderValue::try_from(quoted).expect("a tag is hexadecimal digits")
}
