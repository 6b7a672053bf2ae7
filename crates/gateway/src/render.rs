//! How documents, lists and access lists look in JSON.

use crate::list::Listed;
use base::{DocId, Hash, Labels, Level, Shape, Timestamp, UserId};
use bytes::Bytes;
use rpc::{Access, AccessEntry, Summary, View};
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    id: DocId,
    url: String,
    name: &'a str,
    labels: &'a Labels,
    doc_type: Shape,
    version: u64,
    heads: &'a [Hash],
    owner: &'a UserId,
    access: Level,
    created_at: Timestamp,
    updated_at: Timestamp,
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
#[derive(Serialize)]
pub(crate) struct Listing<'a> {
    documents: Vec<Document<'a>>,
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

/// An access list.
#[derive(Serialize)]
pub(crate) struct AccessList<'a> {
    owner: &'a UserId,
    entries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
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
