//! What a client says.

use base::{Op, Unit};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One message of a client. The first of a connection is `auth`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromClient {
    /// Who speaks, and what it has already.
    Auth(Auth),
    /// An edit.
    Edit(Edit),
    /// Something to be passed on to everyone at the document, and not to be kept.
    Presence {
        /// Whatever the application likes.
        #[serde(deserialize_with = "base::json::exact")]
        data: Value,
    },
    /// Asks for a `pong`.
    Ping,
}

/// The first message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// An access token.
    pub token: String,
    /// The version that the client has: it wants what came since, not a snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Whether updates carry the raw changes, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changes: bool,
}

/// An edit against a version that the client has seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The client's own name for it: an edit that is sent again under it, word for word, is done once.
    pub id: String,
    /// The version that the operations were made for.
    pub version: u64,
    /// What to do, in order: each operation sees what those before it did.
    pub ops: Vec<Op>,
    /// What text positions count.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unit: Unit,
}

impl std::fmt::Debug for Auth {
    /// Without the token, which is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Auth { token: _, since, changes } = self;
        f.debug_struct("Auth").field("since", since).field("changes", changes).finish_non_exhaustive()
    }
}

fn is_default(unit: &Unit) -> bool {
    *unit == Unit::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(message: FromClient, shown: Value) {
        assert_eq!(serde_json::to_value(&message).unwrap(), shown);
        assert_eq!(serde_json::from_value::<FromClient>(shown).unwrap(), message);
    }

    #[test]
    fn messages_look_as_the_reference_says() {
        let auth = |since, changes| FromClient::Auth(Auth { token: "t".into(), since, changes });
        check(auth(None, false), json!({"type": "auth", "token": "t"}));
        check(auth(Some(7), true), json!({"type": "auth", "token": "t", "since": 7, "changes": true}));
        let ops = vec![Op::Splice { path: vec![], position: 1, delete: 0, insert: "x".into() }];
        check(
            FromClient::Edit(Edit { id: "e1".into(), version: 3, ops, unit: Unit::Utf16 }),
            json!({"type": "edit", "id": "e1", "version": 3,
                   "ops": [{"op": "splice", "path": [], "position": 1, "delete": 0, "insert": "x"}]}),
        );
        check(
            FromClient::Presence { data: json!({"cursor": 4}) },
            json!({"type": "presence", "data": {"cursor": 4}}),
        );
        check(FromClient::Ping, json!({"type": "ping"}));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let read = |text: &str| serde_json::from_str::<FromClient>(text);
        assert!(read(r#"{"type":"auth"}"#).is_err());
        assert!(read(r#"{"type":"auth","token":"t","tokn":1}"#).is_err());
        assert!(read(r#"{"type":"nope"}"#).is_err());
        assert!(read(r#"{"type":"presence","data":{"a":1,"a":2}}"#).is_err());
        assert!(read(r#"[]"#).is_err());
    }

    #[test]
    fn a_token_is_not_printed() {
        let auth = Auth { token: "secret".into(), since: None, changes: false };
        assert!(!format!("{auth:?}").contains("secret"));
    }
}
