//! The decoders of what clients send, for fuzzers: each takes any bytes and never panics.

use crate::handlers::bodies;
use crate::request::base::parse_heads;
use crate::request::etag::Tags;
use crate::request::json;
use crate::request::query::Query;

/// Reads a body as each verb that takes one would.
pub fn decode_body(bytes: &[u8]) {
    let depth = base::Limits::default().json_depth;
    let _ = json::parse::<bodies::Create>(bytes, depth);
    let _ = json::parse::<bodies::Replace>(bytes, depth);
    let _ = json::parse::<bodies::Patch>(bytes, depth);
    let _ = json::parse::<bodies::Share>(bytes, depth);
}

/// Reads a query, and its parameters.
pub fn decode_query(raw: &str) {
    if let Ok(query) = Query::parse(Some(raw), &["limit", "cursor", "version", "heads"]) {
        let _ = query.number::<u64>("version");
        let _ = query.number::<usize>("limit");
        let _ = query.get("heads").map(|heads| parse_heads(heads.split(',')));
    }
}

/// Reads the value of `If-Match` or `If-None-Match`.
pub fn decode_tags(value: &str) {
    let _ = Tags::parse(value);
}

/// Reads a document id as it stands in a path.
pub fn decode_document(name: &str) {
    let _ = crate::handlers::document(name);
}
