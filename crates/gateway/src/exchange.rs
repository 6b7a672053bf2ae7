//! One request and its answer: what is counted, logged and added to every answer, whatever it is.
//!
//! Tokens and contents never reach the log. Answers that went well are logged at `debug`, so that they cost nothing
//! when nobody looks; refusals at `info`; faults of the hub at `error`.

use crate::app::App;
use crate::auth::Verified;
use crate::coding::Wanted;
use crate::metrics::Answered;
use crate::request_id::X_REQUEST_ID;
use crate::respond::{self, Answer, Outcome};
use crate::router::Resource;
use bytes::Bytes;
use hyper::body::Body;
use hyper::header::{CACHE_CONTROL, CONTENT_LENGTH, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Method, Request, StatusCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A request that has no answer yet.
pub(crate) struct Exchange {
    started: Instant,
    method: Method,
    request_id: HeaderValue,
    /// The page that may read the answer, if it comes from another origin.
    page: Option<HeaderValue>,
    /// What the client said of codings.
    pub wanted: Wanted,
    /// What its path names.
    pub resource: Option<Resource>,
    /// Who asks, once that is known.
    pub caller: Option<Arc<Verified>>,
}

impl Exchange {
    /// Begins with the head of a request.
    pub fn begin<B>(app: &App, request: &Request<B>) -> Exchange {
        Exchange {
            started: Instant::now(),
            method: request.method().clone(),
            request_id: app.request_ids.of(request.headers()),
            page: app.cors.allowed(request.headers()),
            wanted: Wanted::of(request.headers()),
            resource: None,
            caller: None,
        }
    }

    /// Ends with an answer.
    pub fn end(self, app: &App, outcome: Outcome) -> Answer {
        let mut cause = None;
        let outcome = outcome.and_then(|answer| self.outgoing(app, answer));
        let mut answer = outcome.unwrap_or_else(|mut problem| {
            cause = problem.cause.take();
            problem.into_answer(self.request_id.to_str().unwrap_or_default())
        });
        if self.method == Method::HEAD {
            leave_out(&mut answer);
        }
        let took = self.started.elapsed();
        let status = answer.status();
        app.metrics.answered(Answered { method: &self.method, resource: self.resource, status, took });
        self.log(&answer, took, cause.as_deref());
        let headers = answer.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_REQUEST_ID, self.request_id);
        // An answer that makes a socket is none that a page reads.
        if status != StatusCode::SWITCHING_PROTOCOLS {
            app.cors.say(self.page, headers);
        }
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        answer
    }

    /// Counts a body that goes out. What everyone may ask for is there once, and takes no room; nor does a `HEAD`.
    fn outgoing(&self, app: &App, answer: Answer) -> Outcome {
        match &self.caller {
            Some(verified) if self.method != Method::HEAD => {
                app.outgoing.count(&verified.caller, !self.method.is_safe(), answer)
            }
            _ => Ok(answer),
        }
    }

    fn log(&self, answer: &Answer, took: Duration, cause: Option<&str>) {
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "gateway::access",
                    request_id = self.request_id.to_str().unwrap_or_default(),
                    method = self.method.as_str(),
                    route = self.resource.map_or("none", Resource::template),
                    status = answer.status().as_u16(),
                    duration_us = took.as_micros() as u64,
                    bytes = answer.body().size_hint().exact(),
                    tenant = self.caller.as_ref().map(|verified| verified.caller.tenant.as_str()),
                    user = self.caller.as_ref().map(|verified| verified.caller.user.as_str()),
                    cause,
                    "request"
                )
            };
        }
        match answer.status() {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => line!(warn),
            status if status.is_server_error() => line!(error),
            status if status.is_client_error() => line!(info),
            _ => line!(debug),
        }
    }
}

/// Answers `HEAD`: the length of a body that is all there, and no body, which HTTP/2 would send.
fn leave_out(answer: &mut Answer) {
    if let Some(length) = answer.body().whole_len().filter(|length| *length > 0) {
        answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    *answer.body_mut() = respond::Body::whole(Bytes::new());
}
