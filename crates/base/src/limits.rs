//! Every limit that a client can meet, in one place: units last in the name, the reason above the number.
//!
//! Each is settable by a flag or an environment variable of the binary, and each has its own problem type.

use serde::Serialize;

/// The limits of a hub. What exceeds one is refused by name, before work is done for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// The body of one request. A document in JSON with its escapes has to fit.
    pub body_bytes: usize,
    /// The content of one document, as JSON. To open a text for the first time takes about 7 us a character.
    pub document_bytes: usize,
    /// One change, inflated: a compressed one that grows beyond this is refused before it is inflated whole. The longest
    /// frame of a sync socket has to fit.
    pub change_bytes: usize,
    /// How deeply objects and lists may nest. Readers recurse.
    pub json_depth: usize,
    /// Values in the JSON of one request. One takes up to half a kilobyte once it is parsed, however short its text.
    pub json_values: usize,
    /// The name of a document.
    pub name_bytes: usize,
    /// The Automerge file of one document, as it is handed out. It holds the whole history, and is in memory as a whole.
    pub export_bytes: usize,
    /// Labels of one document. They stand in its head record, which every access check reads.
    pub labels: usize,
    /// The key of a label.
    pub label_key_bytes: usize,
    /// The value of a label.
    pub label_value_bytes: usize,
    /// Operations in one `PATCH`.
    pub operations: usize,
    /// An `Idempotency-Key`.
    pub idempotency_key_bytes: usize,
    /// Entries in one document's access list.
    pub access_entries: usize,
    /// Requests that a gateway works on at once; the next one is asked to come back.
    pub requests_in_flight: usize,
    /// Documents on one page of a list.
    pub page_documents: usize,
    /// Change feeds of a gateway. One costs a connection, and what is read of the store for it.
    pub feeds: usize,
    /// Events on one page of a change feed.
    pub feed_page_events: usize,
    /// How long one page of a change feed may be waited for, in seconds: proxies cut what is silent for longer.
    pub feed_wait_seconds: usize,
    /// One message on a sync socket. A document of 30 MB has to fit, which a stock client sends in one.
    pub sync_frame_bytes: usize,
    /// Documents that one sync socket may ask for.
    pub sync_documents: usize,
    /// How long a sync ticket may live, in seconds. An access token is good for minutes and asks for a ticket that
    /// outlives it, because a stock client reconnects with what it has: so far, and no further.
    pub ticket_seconds: usize,
    /// Documents that one sync ticket may be restricted to. They stand in its URL.
    pub ticket_documents: usize,
    /// Sync sessions on one node: one socket has one for each document that it follows.
    pub sync_sessions: usize,
    /// Sync sessions at one document. A change costs about a microsecond for each of them.
    pub sync_document_sessions: usize,
    /// Bytes of changes of one sync session that may wait to be taken; its socket is not read from meanwhile.
    pub sync_waiting_bytes: usize,
    /// Changes of one message that wait for others.
    pub sync_orphans: usize,
    /// Bytes of changes of one sync session that wait for others.
    pub sync_orphan_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 16 << 20,
            document_bytes: 2 << 20,
            change_bytes: 64 << 20,
            json_depth: 64,
            json_values: 250_000,
            name_bytes: 512,
            export_bytes: 32 << 20,
            labels: 32,
            label_key_bytes: 128,
            label_value_bytes: 256,
            operations: 10_000,
            idempotency_key_bytes: 255,
            access_entries: 1_000,
            requests_in_flight: 4_096,
            page_documents: 200,
            feeds: 2_000,
            feed_page_events: 1_000,
            feed_wait_seconds: 60,
            sync_frame_bytes: 32 << 20,
            sync_documents: 16_384,
            ticket_seconds: 4 * 60 * 60,
            ticket_documents: 32,
            sync_sessions: 200_000,
            sync_document_sessions: 10_000,
            sync_waiting_bytes: 256 << 10,
            sync_orphans: 4_096,
            sync_orphan_bytes: 4 << 20,
        }
    }
}
