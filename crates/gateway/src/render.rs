//! How documents, lists and access lists look in JSON.

use crate::list::Listed;
use crate::openapi::with_member;
use base::{DocId, Hash, Labels, Level, Shape, Timestamp, UserId};
use bytes::Bytes;
use rpc::{Access, AccessEntry, Summary, View};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::json;
use std::borrow::Cow;

/// A document without its content.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DocumentSummary")]
pub(crate) struct Document<'a> {
    id: DocId,
    /// The URL by which automerge-repo clients name it.
    url: String,
    /// What people call it; may be empty.
    name: &'a str,
    labels: &'a Labels,
    doc_type: Shape,
    /// How many times its content has changed, its creation among them. 0 for a state of the past that no version ended with.
    version: u64,
    /// The exact state.
    heads: &'a [Hash],
    owner: &'a UserId,
    access: Level,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A document as [`document`] prints it: for its schema alone.
pub(crate) struct Whole;

impl JsonSchema for Whole {
    fn schema_name() -> Cow<'static, str> {
        "Document".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let content = json!({
            "description": "A text, or an object, as the type says. Counters, bytes and times in it are tagged objects.",
            "type": ["string", "object"],
        });
        let mut whole = with_member(Document::json_schema(generator), "content", content);
        whole.insert("description".to_owned(), "A document.".into());
        whole
    }
}

/// A document with its content, for a reader with `level`.
pub(crate) fn document(view: &View, level: Level) -> Bytes {
    let head = Document {
        id: view.id,
        url: view.id.automerge_url(),
        name: &view.name,
        labels: &view.labels,
        doc_type: view.shape,
        version: view.version,
        heads: &view.heads,
        owner: &view.owner,
        access: level,
        created_at: view.created_at,
        updated_at: view.updated_at,
    };
    let mut body = Vec::with_capacity(view.content.len() + 512 + view.heads.len() * 67);
    serde_json::to_writer(&mut body, &head).expect("writing to memory does not fail, and keys are strings");
    // The content is JSON text already: it goes in as it stands, behind the other members.
    let brace = body.pop();
    debug_assert_eq!(brace, Some(b'}'));
    body.extend_from_slice(b",\"content\":");
    body.extend_from_slice(&view.content);
    body.push(b'}');
    Bytes::from(body)
}

/// A page of a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DocumentList")]
pub(crate) struct Listing<'a> {
    documents: Vec<Document<'a>>,
    /// Where the next page begins; `null` on the last.
    next_cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

/// A page of a list, without contents.
pub(crate) fn listing(page: &Listed) -> Listing<'_> {
    Listing {
        documents: page.documents.iter().map(summary).collect(),
        next_cursor: page.next.as_deref(),
        count: page.count,
    }
}

fn summary(summary: &Summary) -> Document<'_> {
    Document {
        id: summary.id,
        url: summary.id.automerge_url(),
        name: &summary.name,
        labels: &summary.labels,
        doc_type: summary.shape,
        version: summary.version,
        heads: &summary.heads,
        owner: &summary.owner,
        access: summary.level,
        created_at: summary.created_at,
        updated_at: summary.updated_at,
    }
}

/// Who may do what.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AccessList")]
pub(crate) struct AccessList<'a> {
    owner: &'a UserId,
    /// Everyone else who has access.
    entries: Vec<Entry<'a>>,
}

/// What one user may do.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AccessEntry")]
struct Entry<'a> {
    principal: &'a UserId,
    access_level: Level,
}

/// Who may do what.
pub(crate) fn access(access: &Access) -> AccessList<'_> {
    AccessList { owner: &access.owner, entries: access.entries.iter().map(entry).collect() }
}

fn entry(entry: &AccessEntry) -> Entry<'_> {
    Entry { principal: &entry.principal, access_level: entry.level }
}
