//! A small HTTP client that never gives an edit up: it sends it again, with the same id, until it is answered.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::hub::Address;

/// How long one attempt may take before it counts as unanswered.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The pause after an attempt that failed.
const PAUSE: Duration = Duration::from_millis(5);

/// One request, complete, so that it can be sent any number of times.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What to do.
    pub method: Method,
    /// To what.
    pub path: String,
    /// The body, where there is one.
    pub body: Option<Value>,
    /// The edit's id, for requests that change something.
    pub edit_id: Option<String>,
}

/// What the hub said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The media type of the body.
    pub media_type: String,
    /// The body; `Null` where it is no JSON.
    pub body: Value,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// No hub is up.
    #[error("no hub is up")]
    Down,
    /// The connection broke; the request may have been done or not.
    #[error("the connection broke")]
    Broken(#[from] hyper::Error),
    /// Nobody listens.
    #[error("nobody listens there")]
    Connect(#[from] std::io::Error),
    /// Too slow.
    #[error("no answer within {} s", ATTEMPT.as_secs())]
    Late,
}

/// A client with one connection, which follows the hub to each new address.
pub struct Client {
    address: watch::Receiver<Option<Address>>,
    connection: Option<(Address, SendRequest<Full<Bytes>>)>,
}

impl Ask {
    /// A request that changes nothing.
    pub fn get(path: impl Into<String>) -> Ask {
        Ask { method: Method::GET, path: path.into(), body: None, edit_id: None }
    }

    /// A request that changes something.
    pub fn edit(method: Method, path: impl Into<String>, body: Value, edit_id: impl Into<String>) -> Ask {
        Ask { method, path: path.into(), body: Some(body), edit_id: Some(edit_id.into()) }
    }
}

impl Answer {
    /// Whether the same request may fare better later: the hub could not say, or could not yet.
    pub fn is_worth_a_retry(&self) -> bool {
        let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
        self.status.is_server_error() || passing.contains(&self.status)
    }
}

impl Client {
    /// A client of whatever hub is at the address at the moment.
    pub fn new(address: watch::Receiver<Option<Address>>) -> Client {
        Client { address, connection: None }
    }

    /// Sends once.
    pub async fn send(&mut self, ask: &Ask) -> Result<Answer, NoAnswer> {
        let answered = timeout(ATTEMPT, self.attempt(ask)).await;
        let outcome = answered.unwrap_or(Err(NoAnswer::Late));
        if outcome.is_err() {
            self.connection = None;
        }
        outcome
    }

    /// Sends until there is an answer that settles the matter, or `patience` runs out.
    pub async fn send_until_settled(&mut self, ask: &Ask, patience: Duration) -> Result<Answer, NoAnswer> {
        let deadline = Instant::now() + patience;
        loop {
            let outcome = self.send(ask).await;
            let settled = matches!(&outcome, Ok(answer) if !answer.is_worth_a_retry());
            if settled || Instant::now() >= deadline {
                return outcome;
            }
            sleep(PAUSE).await;
        }
    }

    async fn attempt(&mut self, ask: &Ask) -> Result<Answer, NoAnswer> {
        let address = self.address.borrow().clone().ok_or(NoAnswer::Down)?;
        let request = request(ask, &address);
        let connection = self.connect(address).await?;
        connection.ready().await?;
        let response = connection.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let media_type = head.headers.get(CONTENT_TYPE);
        Ok(Answer {
            status: head.status,
            media_type: media_type.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        })
    }

    async fn connect(&mut self, address: Address) -> Result<&mut SendRequest<Full<Bytes>>, NoAnswer> {
        let usable = matches!(&self.connection, Some((to, open)) if *to == address && !open.is_closed());
        if !usable {
            let stream = TcpStream::connect(&address.authority).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            // Ends by itself when the sender is dropped or the hub hangs up; its error reaches us as the sender's.
            tokio::spawn(connection);
            self.connection = Some((address, sender));
        }
        let (_, sender) = self.connection.as_mut().expect("it was just opened");
        Ok(sender)
    }
}

fn request(ask: &Ask, address: &Address) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(ask.method.clone())
        .uri(&ask.path)
        .header(HOST, &address.authority)
        .header(AUTHORIZATION, format!("Bearer {}", address.token));
    if let Some(edit_id) = &ask.edit_id {
        request = request.header("idempotency-key", edit_id);
    }
    let body = match &ask.body {
        Some(body) => {
            request = request.header(CONTENT_TYPE, "application/json");
            Bytes::from(body.to_string())
        }
        None => Bytes::new(),
    };
    request.body(Full::new(body)).expect("methods, paths and headers are made of plain ASCII")
}
