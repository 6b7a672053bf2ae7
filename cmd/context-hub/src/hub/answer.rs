//! What comes back.

use super::error::{HubError, Problem};
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// Whether the hub did what it was asked.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON.
    pub fn json(&self, url: &str) -> Result<Value, HubError> {
        let no_hub = |_| HubError::NoHub { url: url.to_owned(), status: self.status };
        base::json::parse(&self.body).map_err(no_hub)
    }

    /// The refusal that it is.
    pub fn refusal(&self, url: &str, key: Option<String>) -> HubError {
        let is_problem = self.header(CONTENT_TYPE.as_str()).is_some_and(|kind| kind.contains("problem+json"));
        match serde_json::from_slice(&self.body) {
            Ok(document) if is_problem => HubError::Refused(Problem { status: self.status, document, key }),
            _ => HubError::NoHub { url: url.to_owned(), status: self.status },
        }
    }

    /// How long to wait before asking again, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.header(RETRY_AFTER.as_str())?.parse().ok().map(Duration::from_secs)
    }

    /// The clock of the hub, in seconds since 1970.
    pub fn date_s(&self) -> Option<i64> {
        let date = self.header(DATE.as_str())?.replace("GMT", "+0000");
        OffsetDateTime::parse(&date, &Rfc2822).ok().map(OffsetDateTime::unix_timestamp)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Answer {
        let header = |(name, value): &(&'static str, &'static str)| {
            (hyper::header::HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        Answer {
            status,
            headers: headers.iter().map(header).collect(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn only_problem_documents_are_refusals_of_a_hub() {
        let problem = answer(404, &[("content-type", "application/problem+json")], r#"{"detail":"gone"}"#);
        assert!(matches!(problem.refusal("u", None), HubError::Refused(problem) if problem.status == 404));
        for stranger in [answer(404, &[("content-type", "text/html")], "<p>"), answer(502, &[], "{}")] {
            assert!(matches!(stranger.refusal("u", None), HubError::NoHub { .. }));
        }
    }

    #[test]
    fn times_are_read_from_headers() {
        let headers = [("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", "3")];
        let answer = answer(503, &headers, "");
        assert_eq!(answer.date_s(), Some(784_111_777));
        assert_eq!(answer.retry_after(), Some(Duration::from_secs(3)));
    }
}
