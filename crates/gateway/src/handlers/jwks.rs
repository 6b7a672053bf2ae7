//! `GET /.well-known/jwks.json`: the keys that tokens are checked with.

use crate::app::App;
use crate::respond::{self, Outcome};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};

pub(super) fn answer(app: &App) -> Outcome {
    let mut answer = respond::json(StatusCode::OK, &app.verifier.jwks());
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(answer)
}
