//! A request, before it is sent.

use bytes::Bytes;
use hyper::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// What is written as it is in a query; everything else is percent-encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request. A write has a key from the start, so that sending it again is the same edit.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The method.
    pub method: Method,
    /// The path below the URL of the hub, with its query.
    pub path: String,
    /// Headers, besides those that every request has.
    pub headers: Vec<(&'static str, String)>,
    /// The body; nothing is sent if it is empty.
    pub body: Bytes,
    /// The name of an edit.
    pub key: Option<String>,
}

impl Ask {
    /// A read.
    pub fn get(path: impl Into<String>) -> Ask {
        Ask { method: Method::GET, path: path.into(), headers: Vec::new(), body: Bytes::new(), key: None }
    }

    /// A write, with the key that the user named or a new one.
    pub fn write(method: Method, path: impl Into<String>, key: Option<&str>) -> Ask {
        let key = key.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
        Ask { method, key: Some(key), ..Ask::get(path) }
    }

    /// The key for whoever gives the command again when nobody knows whether it was carried out. A document that is deleted
    /// twice is as deleted as once.
    pub fn key_to_repeat(&self) -> Option<String> {
        self.key.clone().filter(|_| self.method != Method::DELETE)
    }

    /// Adds a parameter.
    pub fn query(mut self, name: &str, value: impl AsRef<str>) -> Ask {
        let mark = if self.path.contains('?') { '&' } else { '?' };
        let value = utf8_percent_encode(value.as_ref(), RESERVED);
        self.path = format!("{}{mark}{name}={value}", self.path);
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Ask {
        self.headers.push((name, value.into()));
        self
    }

    /// Gives it a body.
    pub fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Ask {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    /// Gives it a body of JSON.
    pub fn json(self, body: &impl Serialize) -> Ask {
        let body = serde_json::to_vec(body).expect("bodies are JSON values with string keys");
        self.body("application/json", body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded() {
        let ask = Ask::get("/documents").query("label", "a:b c&d").query("name", "é");
        assert_eq!(ask.path, "/documents?label=a%3Ab%20c%26d&name=%C3%A9");
    }

    #[test]
    fn a_write_has_a_key_of_its_own_or_the_one_that_was_named() {
        let (one, other) = (Ask::write(Method::PUT, "/a", None), Ask::write(Method::PUT, "/a", None));
        assert!(one.key.is_some() && one.key != other.key);
        assert_eq!(Ask::write(Method::PUT, "/a", Some("k")).key.as_deref(), Some("k"));
        assert_eq!(Ask::get("/a").key, None);
        assert_eq!(one.key_to_repeat(), one.key);
        assert_eq!(Ask::write(Method::DELETE, "/a", None).key_to_repeat(), None);
    }
}
