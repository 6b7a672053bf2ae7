//! From an HTTP request to a socket.
//!
//! A request that asks for one gets it, whoever asks: clients learn from a close code why they may not stay, because
//! some of them do not survive a refused upgrade.

use crate::problem::{Kind, Problem};
use crate::respond::{self, Answer};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, StatusCode, Version};

/// What RFC 6455 mixes into a key, to show that the server speaks it.
const ACCEPT_SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const VERSION: &str = "13";
/// The base64 of 16 bytes.
const KEY_LENGTH: usize = 24;

/// A connection that becomes a socket when its answer has been sent.
pub(crate) struct Upgrade {
    pub on: OnUpgrade,
    /// What is spoken on it.
    pub start: crate::server::Start,
}

/// Answers a request that asks for a socket; what is no such request is refused.
pub(crate) fn accept<B>(request: &mut Request<B>) -> Result<(Answer, OnUpgrade), Problem> {
    let key = key(request).ok_or_else(upgrade_needed)?;
    let accepted = HeaderValue::try_from(accepted(key)).expect("base64 is visible ASCII");
    let mut answer = respond::empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accepted);
    Ok((answer, hyper::upgrade::on(request)))
}

/// The key of a well-made request for a socket.
fn key<B>(request: &Request<B>) -> Option<&str> {
    let headers = request.headers();
    let version = headers.get(SEC_WEBSOCKET_VERSION)?;
    let asked = request.version() == Version::HTTP_11
        && names(headers, CONNECTION, "upgrade")
        && names(headers, UPGRADE, "websocket")
        && version == VERSION;
    let key = headers.get(SEC_WEBSOCKET_KEY)?.to_str().ok()?;
    (asked && key.len() == KEY_LENGTH).then_some(key)
}

/// Whether a header that is a list of words has this one.
fn names(headers: &HeaderMap, header: HeaderName, word: &str) -> bool {
    let lines = headers.get_all(header).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|found| found.trim().eq_ignore_ascii_case(word))
}

fn accepted(key: &str) -> String {
    let mixed = [key.as_bytes(), ACCEPT_SALT].concat();
    BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &mixed))
}

fn upgrade_needed() -> Problem {
    let detail = "this path speaks WebSocket, version 13, over HTTP/1.1";
    Problem::new(Kind::UpgradeRequired, detail)
        .header(UPGRADE, HeaderValue::from_static("websocket"))
        .header(CONNECTION, HeaderValue::from_static("Upgrade"))
        .header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    const KEY: (&str, &str) = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    const VERSION_13: (&str, &str) = ("Sec-WebSocket-Version", "13");

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let mut request =
            request(&[KEY, VERSION_13, ("Connection", "keep-alive, Upgrade"), ("Upgrade", "WebSocket")]);
        let (answer, _) = accept(&mut request).unwrap();
        assert_eq!(answer.status(), 101);
        assert_eq!(answer.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_asks_for_no_socket_is_told_so() {
        let upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket")];
        for headers in [
            &[][..],
            &[KEY, VERSION_13],
            &[KEY, upgrade[0], upgrade[1]],
            &[KEY, ("Sec-WebSocket-Version", "8"), upgrade[0], upgrade[1]],
            &[("Sec-WebSocket-Key", "short"), VERSION_13, upgrade[0], upgrade[1]],
        ] {
            let problem = accept(&mut request(headers)).unwrap_err();
            assert_eq!(problem.kind, Kind::UpgradeRequired, "{headers:?}");
        }
    }
}
