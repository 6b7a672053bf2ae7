//! One client's way to the gateways: it asks again, at another one if need be, until an operation has a clear answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, RETRY_AFTER};
use hyper::{Method, Request};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::settle::{self, Reply, Verdict};

/// The pause after an attempt without an answer.
const PAUSE: Duration = Duration::from_millis(20);

/// A request, complete, so that it can be sent any number of times.
#[derive(Clone, Debug)]
pub struct Call {
    /// What to do.
    pub method: Method,
    /// To what.
    pub path: String,
    /// As whom.
    pub token: Arc<str>,
    /// Further headers; their values are visible ASCII.
    pub headers: Vec<(&'static str, String)>,
    /// The body, where there is one.
    pub body: Option<Value>,
}

/// What became of an operation.
#[derive(Clone, Debug)]
pub enum Settled {
    /// It is done.
    Done(Reply),
    /// It is not done.
    Refused(Reply),
    /// There was no clear answer in time.
    Unknown,
}

/// A client with connections of its own.
pub struct Http {
    client: legacy::Client<HttpConnector, Full<Bytes>>,
    gateways: Arc<[String]>,
    gateway: usize,
    attempt: Duration,
    budget: Duration,
}

/// There was no answer; the request may have been done or not.
struct NoAnswer;

impl Call {
    /// A read.
    pub fn get(path: String, token: Arc<str>) -> Call {
        Call { method: Method::GET, path, token, headers: vec![], body: None }
    }

    /// A write, under an id that makes all its attempts one edit.
    pub fn write(method: Method, path: String, token: Arc<str>, body: Value, id: String) -> Call {
        Call { method, path, token, headers: vec![("idempotency-key", id)], body: Some(body) }
    }

    /// The same with one more header.
    pub fn with(mut self, header: &'static str, value: String) -> Call {
        self.headers.push((header, value));
        self
    }

    fn request(&self, gateway: &str) -> Request<Full<Bytes>> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(format!("{}{}", gateway.trim_end_matches('/'), self.path))
            .header(AUTHORIZATION, format!("Bearer {}", self.token));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let body = match &self.body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        request.body(Full::new(body)).expect("gateways are URLs, and paths and headers are visible ASCII")
    }
}

impl Http {
    /// A client that begins at this gateway, counted round. `attempt` bounds one attempt, `budget` all of them.
    pub fn new(gateways: Arc<[String]>, gateway: usize, attempt: Duration, budget: Duration) -> Http {
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(1)
            .build(HttpConnector::new());
        Http { client, gateway: gateway % gateways.len(), gateways, attempt, budget }
    }

    /// Sends until there is a clear answer, or until the budget is used up.
    pub async fn settle(&mut self, call: &Call) -> Settled {
        let deadline = Instant::now() + self.budget;
        let mut doubt = false;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let pause = match self.send(call, self.attempt.min(left)).await {
                Ok(reply) => match reply.verdict(doubt) {
                    Verdict::Done => return Settled::Done(reply),
                    Verdict::Refused => return Settled::Refused(reply),
                    Verdict::Unclear => return Settled::Unknown,
                    Verdict::Again(pause) => pause,
                },
                Err(NoAnswer) => {
                    self.gateway = (self.gateway + 1) % self.gateways.len();
                    PAUSE
                }
            };
            doubt = true;
            if Instant::now() + pause >= deadline {
                return Settled::Unknown;
            }
            sleep(pause).await;
        }
    }

    /// One attempt.
    async fn send(&self, call: &Call, within: Duration) -> Result<Reply, NoAnswer> {
        let answering = async {
            let answer = self.client.request(call.request(&self.gateways[self.gateway])).await;
            let (head, body) = answer.map_err(|_| NoAnswer)?.into_parts();
            let body = body.collect().await.map_err(|_| NoAnswer)?.to_bytes();
            Ok(reply(head.status.as_u16(), &head.headers, &body))
        };
        timeout(within, answering).await.unwrap_or(Err(NoAnswer))
    }
}

fn reply(status: u16, headers: &HeaderMap, body: &[u8]) -> Reply {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Reply {
        status,
        retry_after: header(RETRY_AFTER.as_str()).and_then(settle::retry_after),
        tag: header(ETAG.as_str()).and_then(settle::tag),
        revision: header("hub-revision").and_then(settle::revision),
        body: serde_json::from_slice(body).unwrap_or_default(),
    }
}
