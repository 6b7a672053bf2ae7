//! The few requests that the drills send.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Response, StatusCode};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::hub::{Document, Edit, End, ToyHub};

/// Documents on a page of the list.
const PAGE: usize = 100;

type Answer = (StatusCode, Value);

/// Answers one request. A log that fails ends the process, as it must.
pub async fn answer(
    hub: Arc<Mutex<ToyHub>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let key = head.headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    let id = head.uri.path().trim_start_matches("/documents").trim_start_matches('/');
    let mut hub = hub.lock();
    let (status, body) = match head.method {
        Method::GET if id.is_empty() => list(&hub, head.uri.query().unwrap_or_default()),
        Method::GET => read(&hub, id),
        _ => change(&mut hub, key, id, &body),
    };
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let response = Response::builder().status(status).header(CONTENT_TYPE, kind);
    Ok(response.body(Full::new(body.to_string().into())).expect("the parts are well formed"))
}

fn list(hub: &ToyHub, query: &str) -> Answer {
    let cursor = query.split('&').find_map(|part| part.strip_prefix("cursor="));
    let start: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let page = hub.documents.keys().skip(start).take(PAGE).map(|id| json!({"id": id}));
    let page: Vec<_> = page.collect();
    let next = (start + page.len() < hub.documents.len()).then(|| (start + PAGE).to_string());
    (StatusCode::OK, json!({"documents": page, "next_cursor": next}))
}

fn read(hub: &ToyHub, id: &str) -> Answer {
    match hub.documents.get(id) {
        Some(document) => (StatusCode::OK, body_of(id, document)),
        None => (StatusCode::NOT_FOUND, json!({"type": "/problems/not-found"})),
    }
}

fn change(hub: &mut ToyHub, key: &str, id: &str, body: &Value) -> Answer {
    if hub.is_full() {
        return (StatusCode::INSUFFICIENT_STORAGE, json!({"type": "/problems/disk-full"}));
    }
    let created = hub.documents.len().to_string();
    let document = if id.is_empty() { created } else { id.to_owned() };
    let (text, end) = inserted(body);
    let edit = Edit { key: key.to_owned(), document, text, end };
    match hub.edit(edit) {
        Ok(document) => (StatusCode::OK, body_of(&document, &hub.documents[&document])),
        Err(error) => {
            eprintln!("the log cannot be written: {error}");
            std::process::abort();
        }
    }
}

/// What the edit puts in and where. A replacement is the old content and a mark, so its last mark is what is new.
fn inserted(body: &Value) -> (String, End) {
    match (body["ops"][0]["insert"].as_str(), body["content"].as_str().unwrap_or_default()) {
        (Some(text), _) => (text.to_owned(), End::Front),
        (None, content) => (content[content.rfind('<').unwrap_or(0)..].to_owned(), End::Back),
    }
}

fn body_of(id: &str, document: &Document) -> Value {
    json!({"id": id, "content": document.text, "version": document.version})
}
