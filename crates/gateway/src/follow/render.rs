//! Messages as they go out: one JSON object each. `wire::thin::FromHub` reads them back.

use crate::problem::Problem;
use crate::render;
use base::{Hash, Level, Op, Timestamp, UserId};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use rpc::{Seen, Update};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

/// The answer to `ping`.
pub(super) const PONG: &[u8] = br#"{"type":"pong"}"#;

/// The document as `GET` shows it. Writes what is its own, and gives the rest, which is shared.
pub(super) fn snapshot(seen: &Seen, out: &mut Vec<u8>) -> Bytes {
    let body = seen.view.face(seen.level, || render::document(&seen.view, seen.level));
    debug_assert_eq!(body.first(), Some(&b'{'));
    out.extend_from_slice(br#"{"type":"snapshot","#);
    body.slice(1..)
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "update")]
struct Step<'u> {
    from: u64,
    version: u64,
    heads: &'u [Hash],
    authors: &'u [UserId],
    at: Timestamp,
    ops: &'u [Op],
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<String>,
}

/// An update, with the raw changes or without.
pub(super) fn update(update: &Update, with_changes: bool) -> Bytes {
    let Update { from, version, heads, authors, at, ops, changes, .. } = update;
    let changes = changes.as_ref().filter(|_| with_changes).map(|changes| BASE64_STANDARD.encode(changes));
    json(&Step { from: *from, version: *version, heads, authors, at: *at, ops, changes }).into()
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Short<'m> {
    Ack { id: &'m str, version: u64 },
    Access { access: Level },
    Presence { from: &'m str, data: &'m Value },
}

/// An edit is durable.
pub(super) fn ack(id: &str, version: u64) -> Vec<u8> {
    json(&Short::Ack { id, version })
}

/// What the client may do from now on.
pub(super) fn access(access: Level) -> Vec<u8> {
    json(&Short::Access { access })
}

/// What somebody else said.
pub(super) fn presence(from: &str, data: &Value) -> Vec<u8> {
    json(&Short::Presence { from, data })
}

/// What was asked cannot be done.
pub(super) fn error(id: Option<&str>, problem: &Problem) -> Vec<u8> {
    json(&Refused { id, problem })
}

struct Refused<'p> {
    id: Option<&'p str>,
    problem: &'p Problem,
}

impl Serialize for Refused<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Problem { kind, detail, members, retry_after, .. } = self.problem;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "error")?;
        if let Some(id) = self.id {
            map.serialize_entry("id", id)?;
        }
        map.serialize_entry("problem", &format_args!("/docs/problems/{}", kind.slug()))?;
        map.serialize_entry("title", kind.title())?;
        map.serialize_entry("status", &kind.status().as_u16())?;
        map.serialize_entry("detail", detail)?;
        for (name, value) in members {
            map.serialize_entry(name, value)?;
        }
        if let Some(after) = retry_after {
            map.serialize_entry("retry_after_ms", &(after.as_millis() as u64))?;
        }
        map.end()
    }
}

fn json(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("messages have string keys and finite numbers")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Kind;
    use base::{DocId, Shape, Slot};
    use rpc::{UpdateParts, View, ViewParts};
    use std::sync::Arc;
    use std::time::Duration;
    use wire::thin::{Ack, FromHub};

    fn read(text: &[u8]) -> FromHub {
        serde_json::from_slice(text).unwrap()
    }

    #[test]
    fn a_snapshot_is_what_get_shows() {
        let view = View::new(ViewParts {
            id: DocId::mint(Slot::new(1).unwrap(), [7; 16]),
            name: "a note".into(),
            shape: Shape::Text,
            owner: UserId::new("ada").unwrap(),
            version: 3,
            heads: vec![Hash([1; 32])],
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
            content: "\"hello\"".into(),
            labels: [("team".to_owned(), "a".to_owned())].into(),
        });
        let revision = rpc::Revision { shard: base::ShardId(0), index: 3 };
        let seen = Seen { view: Arc::new(view), level: Level::Write, revision };
        let mut text = Vec::new();
        let rest = snapshot(&seen, &mut text);
        text.extend_from_slice(&rest);
        let FromHub::Snapshot(shown) = read(&text) else { panic!("a snapshot") };
        assert_eq!((shown.version, shown.access, shown.content), (3, Level::Write, "hello".into()));
    }

    #[test]
    fn an_update_has_the_changes_for_those_who_asked() {
        let step = Update::new(UpdateParts {
            from: 3,
            version: 5,
            heads: vec![Hash([2; 32])],
            authors: vec![UserId::new("ada").unwrap()],
            at: Timestamp(2),
            ops: vec![Op::Splice { path: vec![], position: 1, delete: 0, insert: "x".into() }],
            changes: Some(Bytes::from_static(&[0, 1, 2])),
        });
        for (with_changes, expected) in [(false, None), (true, Some("AAEC"))] {
            let FromHub::Update(shown) = read(&update(&step, with_changes)) else { panic!("an update") };
            assert_eq!((shown.from, shown.version, shown.changes.as_deref()), (3, 5, expected));
            assert_eq!(shown.ops, step.ops);
        }
    }

    #[test]
    fn an_error_is_a_problem_with_the_name_of_its_edit() {
        let problem =
            Problem::new(Kind::ShardBusy, "later").retry_after(Duration::from_millis(250)).with("a", 1);
        let FromHub::Error(shown) = read(&error(Some("e1"), &problem)) else { panic!("an error") };
        assert_eq!((shown.id.as_deref(), shown.status), (Some("e1"), 503));
        assert!(shown.is_passing() && shown.problem == "/docs/problems/shard-busy");
        assert_eq!(
            (&shown.members["a"], &shown.members["retry_after_ms"]),
            (&Value::from(1), &Value::from(250))
        );
        assert!(!error(None, &problem).windows(4).any(|bytes| bytes == b"\"id\""));
    }

    #[test]
    fn short_messages_are_read_back() {
        assert_eq!(read(PONG), FromHub::Pong);
        assert_eq!(read(&ack("e", 4)), FromHub::Ack(Ack { id: "e".into(), version: 4 }));
        assert_eq!(read(&access(Level::Read)), FromHub::Access { access: Level::Read });
        let FromHub::Presence(shown) = read(&presence("p", &Value::from(1))) else { panic!("presence") };
        assert_eq!((shown.from.as_str(), shown.data), ("p", Value::from(1)));
    }
}
