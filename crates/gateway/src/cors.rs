//! Which pages of other origins may read the answers (the Fetch standard, "CORS protocol").
//!
//! Access is by tokens, and never by cookies: a page can do no more than its token lets it, wherever it came from. So
//! credentials in the sense of the standard are never allowed, and `*` is safe where the hub itself may be reached.
//! Sockets have no part in this: browsers do not ask for them, and their tickets are checked whatever the origin.

use hyper::Uri;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use std::str::FromStr;

/// Which origins may read answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cors {
    /// None but the hub's own, as browsers do by themselves.
    #[default]
    Off,
    /// Every one.
    Any,
    /// These, written as browsers do: scheme, host, and port where it is not the usual one.
    Exact(Vec<String>),
}

/// A text that is no list of origins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It is no origin as browsers send them.
    #[error(
        "{0:?} is no origin: write scheme and host as browsers do, https://app.example.com, with a port where it is not the usual one, or *"
    )]
    NotAnOrigin(String),
    /// Every origin, and others besides.
    #[error("* stands alone: it is every origin")]
    Star,
}

/// What a page may send. `*` would not include `authorization`.
const HEADERS_TAKEN: &str = "accept, authorization, content-encoding, content-type, hub-at-least, idempotency-key, if-match, \
     if-none-match, last-event-id, prefer, x-request-id";

/// What a page may read of an answer, besides what every page may.
const HEADERS_SHOWN: &str = "allow, content-encoding, etag, hub-revision, hub-version, link, location, preference-applied, \
     retry-after, vary, www-authenticate, x-request-id";

/// How long a browser may go on without asking again, in seconds; Chromium takes no longer.
const MAX_AGE_S: &str = "7200";

impl FromStr for Cors {
    type Err = OriginError;

    /// Reads origins with commas between them, or `*`. An empty text allows none.
    fn from_str(text: &str) -> Result<Cors, OriginError> {
        let origins: Vec<_> = text.split(',').map(str::trim).filter(|origin| !origin.is_empty()).collect();
        match origins[..] {
            [] => Ok(Cors::Off),
            ["*"] => Ok(Cors::Any),
            _ if origins.contains(&"*") => Err(OriginError::Star),
            _ => origins.into_iter().map(origin).collect::<Result<_, _>>().map(Cors::Exact),
        }
    }
}

fn origin(text: &str) -> Result<String, OriginError> {
    let wrong = || OriginError::NotAnOrigin(text.chars().take(100).collect());
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
    let usual = matches!((scheme, authority.port_u16()), ("http", Some(80)) | ("https", Some(443)));
    // As a browser sends it, or it would never be met: nothing behind the port, and no capitals.
    let as_sent = format!("{scheme}://{authority}");
    if usual
        || authority.host().is_empty()
        || text.contains(['@', '*'])
        || as_sent.to_ascii_lowercase() != text
    {
        return Err(wrong());
    }
    Ok(as_sent)
}

impl Cors {
    /// What `Access-Control-Allow-Origin` says to a request with these headers; nothing, if a browser is to keep the
    /// answer from the page.
    pub(crate) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        match self {
            Cors::Off => None,
            // Whoever asks: an answer that a cache keeps from one without an origin serves a page later.
            Cors::Any => Some(HeaderValue::from_static("*")),
            Cors::Exact(origins) => {
                headers.get(ORIGIN).filter(|origin| origins.iter().any(|known| *origin == known)).cloned()
            }
        }
    }

    /// Says in an answer who may read it: `allowed`, as [`Cors::allowed`] gave it for the request.
    pub(crate) fn say(&self, allowed: Option<HeaderValue>, headers: &mut HeaderMap) {
        if matches!(self, Cors::Exact(_)) {
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(HEADERS_SHOWN));
        }
    }
}

/// Whether a browser asks, before the request itself, whether a page may make it.
pub(crate) fn is_preflight(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Says in the answer to such a question what may be sent; `methods` are those of the path. It is the same for every
/// page, so that nothing of the question has to be compared.
pub(crate) fn answer_preflight(methods: HeaderValue, headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS_TAKEN));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_S));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(origins: &[&str]) -> Cors {
        Cors::Exact(origins.iter().map(|origin| (*origin).to_owned()).collect())
    }

    #[test]
    fn origins_are_written_as_browsers_send_them() {
        let check = |text: &str, expected: Cors| assert_eq!(text.parse(), Ok(expected), "{text}");
        check("", Cors::Off);
        check(" , ", Cors::Off);
        check("*", Cors::Any);
        check("https://app.example.com", exact(&["https://app.example.com"]));
        check(
            "http://localhost:5173, https://[::1]:8443",
            exact(&["http://localhost:5173", "https://[::1]:8443"]),
        );
        check("tauri://localhost", exact(&["tauri://localhost"]));
        for wrong in [
            "app.example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://app.example.com?x",
            "https://App.example.com",
            "https://app.example.com:443",
            "http://app.example.com:80",
            "https://me@app.example.com",
            "https://",
            "https://*.example.com",
            "null",
            "/",
        ] {
            assert_eq!(wrong.parse::<Cors>(), Err(OriginError::NotAnOrigin(wrong.to_owned())));
        }
        assert_eq!("*, https://a.example".parse::<Cors>(), Err(OriginError::Star));
    }

    #[test]
    fn only_who_is_named_may_read() {
        let allowed = |cors: &Cors, origin: Option<&'static str>| {
            let headers = origin.map(|origin| (ORIGIN, HeaderValue::from_static(origin)));
            cors.allowed(&headers.into_iter().collect())
        };
        let some = |text: &'static str| Some(HeaderValue::from_static(text));
        let cors = exact(&["https://a.example", "https://b.example"]);
        assert_eq!(allowed(&cors, Some("https://b.example")), some("https://b.example"));
        for other in ["https://c.example", "http://b.example", "https://b.example.evil", "null", "*"] {
            assert_eq!(allowed(&cors, Some(other)), None, "{other}");
        }
        assert_eq!(allowed(&cors, None), None);
        assert_eq!(allowed(&Cors::Any, Some("https://c.example")), some("*"));
        assert_eq!(allowed(&Cors::Any, None), some("*"));
        assert_eq!(allowed(&Cors::Off, Some("https://a.example")), None);
    }

    #[test]
    fn who_does_not_ask_is_told_that_it_depends() {
        let said = |cors: Cors, allowed: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            cors.say(allowed.map(HeaderValue::from_static), &mut headers);
            (headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), headers.contains_key(VARY))
        };
        assert_eq!(said(exact(&["https://a.example"]), None), (false, true));
        assert_eq!(said(exact(&["https://a.example"]), Some("https://a.example")), (true, true));
        assert_eq!(said(Cors::Any, Some("*")), (true, false));
        assert_eq!(said(Cors::Off, None), (false, false));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,60}") {
            let _ = text.parse::<Cors>();
        }
    }
}
