//! Request ids: the client's own, if it is fit for a log line, or a new one.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where it travels, both ways.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a client.
const BYTES_MAX: usize = 64;

/// Mints ids: a random number of this process, then a count. Unique, and cheap enough for every request.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: String,
    count: AtomicU64,
}

impl RequestIds {
    pub fn new() -> RequestIds {
        let random = uuid::Uuid::new_v4().simple().to_string();
        RequestIds { process: random[..12].to_owned(), count: AtomicU64::new(0) }
    }

    /// The id of the request with these headers.
    pub fn of(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(X_REQUEST_ID) {
            Some(given) if is_sane(given.as_bytes()) => given.clone(),
            _ => self.mint(),
        }
    }

    fn mint(&self) -> HeaderValue {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        HeaderValue::try_from(format!("{}-{count:x}", self.process)).expect("hexadecimal digits and a hyphen")
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=BYTES_MAX).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_is_kept_and_others_are_replaced() {
        let ids = RequestIds::new();
        let check = |given: &str, kept: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, given.parse().unwrap());
            assert_eq!(ids.of(&headers) == given, kept, "{given:?}");
        };
        check("abc-123", true);
        check(&"x".repeat(64), true);
        check(&"x".repeat(65), false);
        check("a b", false);
        check("", false);
        assert_ne!(ids.of(&HeaderMap::new()), ids.of(&HeaderMap::new()));
    }
}
