//! An answer of the hub, and what can be asked of it.

use bytes::Bytes;
use hyper::header::HeaderMap;
use serde_json::Value;

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The value of a header that must be there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}")).to_str().unwrap()
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON, if this is the status.
    pub fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The members of a problem, if this is the one.
    pub fn problem(&self, status: u16, slug: &str) -> Value {
        let problem = self.json(status);
        assert_eq!(problem["type"], format!("/docs/problems/{slug}"), "{problem}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        problem
    }

    /// Everything that a client could tell two answers apart by. Only the clock is left out.
    pub fn fingerprint(&self) -> String {
        let mut headers = self.headers.clone();
        headers.remove("date");
        format!("{} {headers:?} {:?}", self.status, self.body)
    }
}
