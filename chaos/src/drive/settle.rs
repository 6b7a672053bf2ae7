//! What an answer means for the operation that it answers. Pure.

use std::time::Duration;

use serde_json::Value;

use super::notes;
use crate::history::{Answer, Revision};

/// The pause before the next attempt, where the hub does not say how long.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest pause that a hub may ask for: a clock that is wrong should not end a drill.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What a gateway answered.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// `Retry-After`, if there is one.
    pub retry_after: Option<Duration>,
    /// The entity tag, without its quotes.
    pub tag: Option<String>,
    /// `Hub-Revision`, if there is one.
    pub revision: Option<Revision>,
    /// The body; `Null` where it is no JSON.
    pub body: Value,
}

/// What is to be done about an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Done,
    /// It is not done, and will not be.
    Refused,
    /// It is refused, and an earlier attempt may be done nevertheless.
    Unclear,
    /// Ask again, after a pause.
    Again(Duration),
}

impl Reply {
    /// What is to be done. `doubt` says that an earlier attempt of the same operation has no clear answer.
    pub fn verdict(&self, doubt: bool) -> Verdict {
        match self.status {
            200..=299 => Verdict::Done,
            408 | 429 | 500..=599 => Verdict::Again(self.pause()),
            // What the document itself says, at its place in the log: the same edit cannot have been done before, or the
            // hub would have known it by its key. That there is no document says less: somebody may have deleted it, or
            // taken access away, after the edit was done.
            412 => Verdict::Refused,
            _ if doubt => Verdict::Unclear,
            _ => Verdict::Refused,
        }
    }

    /// Whether it says that there is no such document.
    pub fn is_absent(&self) -> bool {
        self.status == 404
    }

    /// What it says, but for the marks.
    pub fn answer(&self) -> Answer {
        // A refused condition names the tag in its body.
        let named = || self.body["tag"].as_str().map(str::to_owned);
        Answer {
            version: self.body["version"].as_u64(),
            tag: self.tag.clone().or_else(named),
            revision: self.revision,
            absent: self.is_absent(),
            ..Answer::default()
        }
    }

    /// The text that it shows.
    pub fn text(&self) -> Option<&str> {
        self.body["content"].as_str()
    }

    /// Why it refuses, for people.
    pub fn reason(&self) -> String {
        let slug = self.body["type"].as_str().and_then(|kind| kind.rsplit('/').next()).unwrap_or_default();
        let detail = self.body["detail"].as_str().unwrap_or_default();
        format!("{} {slug}: {detail}", self.status)
    }

    fn pause(&self) -> Duration {
        let exact = self.body["retry_after_ms"].as_u64().map(Duration::from_millis);
        exact.or(self.retry_after).unwrap_or(PAUSE).min(PAUSE_MAX)
    }
}

/// The value of `Retry-After`, in seconds.
pub fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

/// The value of `ETag`, if it is a strong one.
pub fn tag(value: &str) -> Option<String> {
    Some(value.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// The value of `Hub-Revision`.
pub fn revision(value: &str) -> Option<Revision> {
    notes::revision(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(status: u16, body: Value) -> Reply {
        Reply { status, body, ..Reply::default() }
    }

    #[test]
    fn only_a_clear_answer_ends_an_operation() {
        let verdict = |status, doubt| reply(status, Value::Null).verdict(doubt);
        for doubt in [false, true] {
            assert_eq!(verdict(200, doubt), Verdict::Done);
            assert_eq!(verdict(201, doubt), Verdict::Done);
            assert_eq!(verdict(412, doubt), Verdict::Refused);
            for passing in [408, 429, 500, 502, 503, 504, 507] {
                assert_eq!(verdict(passing, doubt), Verdict::Again(PAUSE), "{passing}");
            }
        }
        for refused in [400, 401, 403, 404, 413, 422, 428] {
            assert_eq!(verdict(refused, false), Verdict::Refused);
            assert_eq!(
                verdict(refused, true),
                Verdict::Unclear,
                "{refused} says nothing of earlier attempts"
            );
        }
    }

    #[test]
    fn the_hub_says_when_to_come_back() {
        let mut busy = reply(503, json!({"retry_after_ms": 120}));
        busy.retry_after = retry_after("1");
        assert_eq!(busy.verdict(false), Verdict::Again(Duration::from_millis(120)));
        busy.body = Value::Null;
        assert_eq!(busy.verdict(false), Verdict::Again(Duration::from_secs(1)));
        busy.retry_after = retry_after("86400");
        assert_eq!(busy.verdict(false), Verdict::Again(PAUSE_MAX));
        assert_eq!(retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), None);
    }

    #[test]
    fn an_answer_is_what_headers_and_body_say() {
        let mut shown = reply(200, json!({"version": 3, "content": "x"}));
        (shown.tag, shown.revision) = (tag("\"ab\""), revision("1.9"));
        let answer = shown.answer();
        assert_eq!((answer.version, answer.tag.as_deref(), answer.absent), (Some(3), Some("ab"), false));
        assert_eq!(answer.revision, revision("1.9"));
        assert_eq!(shown.text(), Some("x"));
        assert_eq!(reply(412, json!({"tag": "cd"})).answer().tag.as_deref(), Some("cd"));
        assert!(reply(404, Value::Null).answer().absent);
        assert_eq!(tag("W/\"ab\""), None);
    }

    #[test]
    fn a_refusal_says_why() {
        let refused = reply(422, json!({"type": "/docs/problems/bad-edit", "detail": "no"}));
        assert_eq!(refused.reason(), "422 bad-edit: no");
    }
}
