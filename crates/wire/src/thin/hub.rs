//! What a client hears.

use base::{DocId, Hash, Level, Op, Shape, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One message of the hub. The first behind `auth` is a snapshot, or an update from the version that the client has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromHub {
    /// The whole document.
    Snapshot(Snapshot),
    /// How it changed.
    Update(Update),
    /// An edit of this client is durable.
    Ack(Ack),
    /// What was asked cannot be done; the socket goes on.
    Error(Problem),
    /// What somebody else at the document said.
    Presence(Presence),
    /// What the client may do has changed.
    Access {
        /// What it may do from now on.
        access: Level,
    },
    /// The answer to `ping`.
    Pong,
    /// A kind that a later hub sends; to be passed over.
    #[serde(other)]
    Unknown,
}

/// A document, as `GET /documents/{id}` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The document.
    pub id: DocId,
    /// Its name.
    pub name: String,
    /// Text or JSON.
    pub doc_type: Shape,
    /// How many edits have changed it; creation is 1.
    pub version: u64,
    /// The exact version.
    pub heads: Vec<Hash>,
    /// Whose it is.
    pub owner: UserId,
    /// What the client may do.
    pub access: Level,
    /// When it was made.
    pub created_at: String,
    /// When its content last changed.
    pub updated_at: String,
    /// A string for a text, an object for JSON.
    pub content: Value,
}

/// How a document got from one version to a later one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// The version that the operations apply to: the one that the client has.
    pub from: u64,
    /// The version that they lead to. The same as `from`, and no operation, says that the client has the newest.
    pub version: u64,
    /// Its heads.
    pub heads: Vec<Hash>,
    /// Who made the edits in between, each once.
    pub authors: Vec<UserId>,
    /// When the version came to be.
    pub at: String,
    /// What to do to the plain copy, in order. Text positions are UTF-16 code units.
    pub ops: Vec<Op>,
    /// The raw changes in base64, if the client asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<String>,
}

/// An edit is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The client's name for the edit.
    pub id: String,
    /// A version that holds it.
    pub version: u64,
}

/// Problem details (RFC 9457) of one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The edit that it is about; none if it is about a message that has no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it is about, for people and programs: `title`, `status`, `detail`, and what else the problem has. Its `type`
    /// is in `problem`, because `type` is that of the message.
    pub problem: String,
    /// As over HTTP.
    pub status: u16,
    /// One sentence about this case.
    pub detail: String,
    /// The other members of the problem.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

/// What somebody else said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// A name of the connection that said it.
    pub from: String,
    /// What it said.
    #[serde(deserialize_with = "base::json::exact")]
    pub data: Value,
}

impl Problem {
    /// Whether the same edit, sent again under the same name, may be taken later.
    pub fn is_passing(&self) -> bool {
        self.status == 503 || self.status == 507 || self.status == 429
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(shown: Value) -> FromHub {
        let message: FromHub = serde_json::from_value(shown.clone()).unwrap();
        assert_eq!(serde_json::to_value(&message).unwrap(), shown);
        message
    }

    #[test]
    fn messages_look_as_the_reference_says() {
        let heads = json!(["00".repeat(32)]);
        check(json!({"type": "update", "from": 1, "version": 2, "heads": heads, "authors": ["ada"],
                     "at": "2026-01-01T00:00:00.000Z", "ops": [{"op": "delete", "path": ["a", 0]}]}));
        check(json!({"type": "ack", "id": "e1", "version": 2}));
        check(json!({"type": "access", "access": "read"}));
        check(json!({"type": "presence", "from": "p", "data": [1]}));
        check(json!({"type": "pong"}));
    }

    #[test]
    fn a_problem_keeps_all_its_members() {
        let message = check(json!({"type": "error", "id": "e1", "problem": "/docs/problems/bad-edit",
                                   "status": 422, "detail": "no", "title": "t", "operation": 3}));
        let FromHub::Error(problem) = message else { panic!("an error") };
        assert_eq!(problem.members["operation"], 3);
        assert!(!problem.is_passing());
    }

    #[test]
    fn a_kind_of_a_later_hub_is_passed_over() {
        let later = r#"{"type":"weather","sun":true}"#;
        assert_eq!(serde_json::from_str::<FromHub>(later).unwrap(), FromHub::Unknown);
    }
}
