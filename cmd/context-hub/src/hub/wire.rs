//! Sends requests: over HTTP/1.1, plain or under TLS, again where that may help.

use super::answer::Answer;
use super::ask::Ask;
use super::error::HubError;
use super::retry::{self, Failed};
use super::target::Target;
use crate::output;
use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// The longest answer that is taken: the largest document, with room to spare.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// A hub, and connections to it.
pub struct Hub {
    /// Which one.
    pub target: Target,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// Why one attempt came to nothing.
struct Fault {
    failed: Failed,
    why: String,
}

impl Hub {
    /// Nothing is connected yet.
    pub fn at(target: Target) -> Result<Hub> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_WITHIN));
        tcp.enforce_http(false);
        let tls = tls(target.url.starts_with("https://"));
        let tls = tls.map_err(|error| HubError::Tls { why: error.to_string() })?;
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Hub { target, client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// Asks, and asks again while that may help. A refusal is an error.
    pub async fn ask(&self, ask: Ask) -> Result<Answer> {
        let token = self.target.token()?;
        let (began, mut tried) = (Instant::now(), 0);
        loop {
            tried += 1;
            let outcome = self.attempt(&ask, Some(&token)).await?;
            let (failed, why) = match &outcome {
                Ok(answer) if answer.is_good() => return Ok(answer.clone()),
                Ok(answer) => {
                    let refusal = answer.refusal(&self.target.url, ask.key_to_repeat());
                    match retry::asked_to_come_again(answer.status, answer.retry_after()) {
                        Some(failed) => (failed, refusal),
                        None => return Err(refusal.into()),
                    }
                }
                Err(fault) => (fault.failed, self.unanswered(fault, &ask)),
            };
            let chance = rand::random();
            let Some(wait) = retry::pause(failed, tried, began.elapsed(), chance) else {
                return Err(why.into());
            };
            output::progress(&format!("{why}; again in {:.1} s", wait.as_secs_f64()));
            tokio::time::sleep(wait).await;
        }
    }

    /// The same for an answer of JSON.
    pub async fn ask_json(&self, ask: Ask) -> Result<Value> {
        Ok(self.ask(ask).await?.json(&self.target.url)?)
    }

    /// Asks once, and takes every answer.
    pub async fn ask_once(&self, ask: Ask, token: Option<&str>) -> Result<Answer> {
        let answer = self.attempt(&ask, token).await?;
        Ok(answer.map_err(|fault| self.unanswered(&fault, &ask))?)
    }

    fn unanswered(&self, fault: &Fault, ask: &Ask) -> HubError {
        let (url, why) = (self.target.url.clone(), fault.why.clone());
        match fault.failed {
            Failed::Connect => HubError::Unreachable { url, why },
            Failed::Broken | Failed::Later(_) => HubError::Broken { url, why, key: ask.key_to_repeat() },
        }
    }

    async fn attempt(&self, ask: &Ask, token: Option<&str>) -> Result<Result<Answer, Fault>> {
        let request = self.request(ask, token)?;
        let broken = |why: String| Fault { failed: Failed::Broken, why };
        let answered = async {
            let response = self.client.request(request).await.map_err(|error| Fault {
                failed: if error.is_connect() { Failed::Connect } else { Failed::Broken },
                why: chain(&error),
            })?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| broken(chain(&*error)))?.to_bytes();
            Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        let late = || Err(broken(format!("nothing came within {} s", ANSWER_WITHIN.as_secs())));
        Ok(tokio::time::timeout(ANSWER_WITHIN, answered).await.unwrap_or_else(|_| late()))
    }

    fn request(&self, ask: &Ask, token: Option<&str>) -> Result<Request<Full<Bytes>>> {
        let value = |name, text: &str| HeaderValue::from_str(text).map_err(|_| HubError::BadHeader { name });
        let uri = format!("{}{}", self.target.url, ask.path);
        let mut request = Request::builder()
            .method(&ask.method)
            .uri(uri)
            .header(USER_AGENT, concat!("context-hub/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = token {
            let mut bearer = value("authorization", &format!("Bearer {token}"))?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        if let Some(key) = &ask.key {
            request = request.header("idempotency-key", value("idempotency-key", key)?);
        }
        for (name, text) in &ask.headers {
            request = request.header(*name, value(name, text)?);
        }
        Ok(request.body(Full::new(ask.body.clone()))?)
    }
}

/// TLS with the authorities that this machine trusts; they are looked for only where they are needed.
fn tls(needed: bool) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match needed {
        true => builder.with_native_roots()?,
        false => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

/// An error with all its causes: that of the network alone says what failed, but not why.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
