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
    /// One change, inflated: a compressed one that grows beyond this is refused before it is inflated whole.
    pub change_bytes: usize,
    /// How deeply objects and lists may nest. Readers recurse.
    pub json_depth: usize,
    /// Values in the JSON of one request. One takes up to half a kilobyte once it is parsed, however short its text.
    pub json_values: usize,
    /// The name of a document.
    pub name_bytes: usize,
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
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 16 << 20,
            document_bytes: 2 << 20,
            change_bytes: 16 << 20,
            json_depth: 64,
            json_values: 250_000,
            name_bytes: 512,
            operations: 10_000,
            idempotency_key_bytes: 255,
            access_entries: 1_000,
            requests_in_flight: 4_096,
            page_documents: 200,
        }
    }
}
