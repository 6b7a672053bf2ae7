//! Why there is no good answer.

use crate::exit;
use serde_json::Value;

/// Why a request did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Nobody answers.
    #[error("{url} cannot be reached: {why}. Is the hub running? `context-hub doctor` looks for the reason")]
    Unreachable {
        /// The hub.
        url: String,
        /// What the network says.
        why: String,
    },
    /// The connection ended before the answer was there.
    #[error("the answer of {url} did not come: {why}{}", again(.key))]
    Broken {
        /// The hub.
        url: String,
        /// What the network says.
        why: String,
        /// The key of the edit that may have been made.
        key: Option<String>,
    },
    /// The hub said no.
    #[error("{0}")]
    Refused(Problem),
    /// What answers is something else.
    #[error("{url} answered {status} in a way that no hub does; is this its URL?")]
    NoHub {
        /// The hub.
        url: String,
        /// The status.
        status: u16,
    },
    /// There is nothing to show who asks.
    #[error("{why}")]
    NoToken {
        /// What is missing, and what to do.
        why: String,
    },
    /// A text that no header can carry.
    #[error("{name} takes visible ASCII only")]
    BadHeader {
        /// The header.
        name: &'static str,
    },
    /// The certificates of this machine, or the TLS library.
    #[error("TLS does not start: {why}. SSL_CERT_FILE names a file of authorities to trust")]
    Tls {
        /// The reason.
        why: String,
    },
}

/// A problem document (RFC 9457), as the hub sent it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.told())]
pub struct Problem {
    /// The status.
    pub status: u16,
    /// All of it.
    pub document: Value,
    /// The key of the edit that it is about.
    pub key: Option<String>,
}

impl Problem {
    /// The last part of its type: `not-found`.
    pub fn slug(&self) -> &str {
        let kind = self.document["type"].as_str().unwrap_or_default();
        kind.rsplit('/').next().unwrap_or_default()
    }

    /// What happened, where to read more, and how to go on.
    fn told(&self) -> String {
        let text = |name: &str| self.document[name].as_str().map(crate::output::plain);
        let detail = text("detail").or_else(|| text("title")).unwrap_or_else(|| "no reason was given".into());
        let slug = crate::output::plain(self.slug());
        let mut told = format!("the hub refused: {detail} [{} {slug}", self.status);
        if let Some(request) = text("request_id") {
            told += &format!(", request {request}");
        }
        told.push(']');
        // Only where the edit may have been made: elsewhere a new one may be sent.
        if matches!(self.slug(), "outcome-unknown" | "internal") {
            told += &again(&self.key);
        }
        told
    }
}

/// How an edit is made once, when nobody knows whether it was made.
fn again(key: &Option<String>) -> String {
    let key = key.as_ref();
    key.map_or_else(String::new, |key| {
        format!("; it may have been done: send the same again with --idempotency-key {key}")
    })
}

impl HubError {
    /// What the program ends with.
    pub fn exit_code(&self) -> u8 {
        match self {
            HubError::Unreachable { .. } | HubError::Broken { .. } => exit::UNREACHABLE,
            HubError::Refused(problem) => exit::of_status(problem.status),
            HubError::NoToken { .. } => exit::NOT_ALLOWED,
            HubError::BadHeader { .. } => exit::USAGE,
            HubError::NoHub { .. } | HubError::Tls { .. } => exit::FAILED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problem(slug: &str, status: u16) -> Problem {
        let document = json!({
            "type": format!("/docs/problems/{slug}"), "title": "T", "status": status, "detail": "no\u{1b} way",
            "request_id": "r-1",
        });
        Problem { status, document, key: Some("k-1".into()) }
    }

    #[test]
    fn a_refusal_says_what_happened_and_how_to_go_on() {
        let told = problem("bad-edit", 422).to_string();
        assert_eq!(told, "the hub refused: no\\u{1b} way [422 bad-edit, request r-1]");
        let unknown = problem("outcome-unknown", 503).to_string();
        assert!(unknown.ends_with("send the same again with --idempotency-key k-1"), "{unknown}");
    }

    #[test]
    fn a_problem_without_members_is_told_all_the_same() {
        let bare = Problem { status: 418, document: json!({}), key: None };
        assert_eq!(bare.to_string(), "the hub refused: no reason was given [418 ]");
    }
}
