//! One request in the making, and the wire that it goes through.

use super::reply::Reply;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An answer that takes longer than this will not come, however busy the machine is.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// Connections to wherever the hub is.
pub struct Wire {
    client: Client<HttpConnector, Full<Bytes>>,
    authority: Mutex<String>,
}

impl Wire {
    /// To a hub at `127.0.0.1:PORT`.
    pub fn to(authority: &str) -> Wire {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Wire { client, authority: Mutex::new(authority.to_owned()) }
    }

    /// From now on to this one.
    pub fn lead_to(&self, authority: &str) {
        authority.clone_into(&mut self.authority.lock().unwrap());
    }
}

/// A request.
pub struct Ask {
    wire: Arc<Wire>,
    path: String,
    request: Request<Full<Bytes>>,
}

impl Ask {
    /// A request without headers or a body.
    pub fn new(wire: Arc<Wire>, method: &str, path: &str) -> Ask {
        let mut request = Request::new(Full::default());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        Ask { wire, path: path.to_owned(), request }
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Ask {
        let value = HeaderValue::from_str(value).unwrap();
        self.request.headers_mut().append(HeaderName::from_static(name), value);
        self
    }

    /// Adds several headers.
    pub fn headers(self, headers: &[(&'static str, &str)]) -> Ask {
        headers.iter().fold(self, |ask, (name, value)| ask.header(name, value))
    }

    /// Names the edit, so that a retry is the same one.
    pub fn key(self, key: &str) -> Ask {
        self.header("idempotency-key", key)
    }

    /// Gives it a body of JSON.
    pub fn json(self, body: &Value) -> Ask {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Gives it any body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Ask {
        *self.request.body_mut() = Full::new(body.into());
        self
    }

    /// Sends it; a hub that does not answer fails the test.
    pub async fn send(self) -> Reply {
        let asked = format!("{} {}", self.request.method(), self.path);
        self.try_send().await.unwrap_or_else(|error| panic!("{asked}: {error}"))
    }

    /// Sends it to a hub that may be going.
    pub async fn try_send(mut self) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
        let url = format!("http://{}{}", self.wire.authority.lock().unwrap(), self.path);
        *self.request.uri_mut() = url.parse()?;
        let answered = async {
            let (parts, body) = self.wire.client.request(self.request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        tokio::time::timeout(ANSWERED_WITHIN, answered).await?
    }
}
