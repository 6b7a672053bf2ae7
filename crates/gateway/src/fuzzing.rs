//! The decoders of what clients send, for fuzzers: each takes any bytes and never panics.

use crate::coding::Given;
use crate::cors::Cors;
use crate::feed::Places;
use crate::gate::Gate;
use crate::handlers::bodies;
use crate::list::{Asked, Cursor};
use crate::patch::{self, Form};
use crate::request::accept;
use crate::request::base::parse_heads;
use crate::request::etag::Tags;
use crate::request::format;
use crate::request::json;
use crate::request::prefer;
use crate::request::query::Query;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};

/// Reads a body as each verb that takes one would.
pub fn decode_body(bytes: &[u8]) {
    let limits = base::Limits::default();
    let mut room = Gate::new(usize::MAX).pass();
    let _ = json::parse::<bodies::Create>(bytes, &limits, &mut room);
    let _ = json::parse::<bodies::Replace>(bytes, &limits, &mut room);
    let _ = json::parse::<bodies::Patch>(bytes, &limits, &mut room);
    let _ = json::parse::<bodies::Restore>(bytes, &limits, &mut room);
    let _ = json::parse::<bodies::Share>(bytes, &limits, &mut room);
    let _ = json::parse::<bodies::Metadata>(bytes, &limits, &mut room);
    let _ = json::parse::<bodies::Ticket>(bytes, &limits, &mut room);
}

/// Reads a patch in each of its forms, and applies what is one to contents of both shapes.
pub fn decode_patch(content: &str, patch: &[u8]) {
    let limits = base::Limits::default();
    let gate = Gate::new(usize::MAX);
    let text = serde_json::Value::from(content).to_string();
    for form in [Form::JsonPatch, Form::MergePatch, Form::Unified, Form::SearchReplace] {
        for (shape, content) in [(base::Shape::Text, text.as_str()), (base::Shape::Json, content)] {
            let mut room = gate.pass();
            if let Ok(decoded) = patch::decode(form, patch, &limits, &mut room) {
                let _ = decoded.patch.apply(shape, content.as_bytes(), &limits, &mut room);
            }
        }
    }
}

/// Reads a query, and its parameters.
pub fn decode_query(raw: &str) {
    let _ = Asked::parse(Some(raw), &base::Limits::default());
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

/// Reads the value of `Accept`.
pub fn decode_accept(value: &str) {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(ACCEPT, value);
    }
    let usual = format::is_usual(&headers);
    let wanted = format::wanted(None, &headers);
    assert!(!usual || wanted.is_ok_and(|wanted| wanted == format::Format::Json), "what is usual is JSON");
}

/// Reads what a client says of the forms that it takes and prefers. What is given was offered.
pub fn decode_wishes(text: &str) {
    const OFFERED: [&str; 3] = ["application/json", "text/plain; charset=utf-8", "text/html"];
    let Ok(value) = HeaderValue::from_str(text) else { return };
    let mut headers = HeaderMap::new();
    for name in [ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, prefer::PREFER] {
        headers.insert(name, value.clone());
    }
    assert!(accept::media(&headers, &OFFERED).is_none_or(|place| place < OFFERED.len()));
    let _ = accept::codings(&headers);
    let _ = prefer::wants_minimal(&headers);
    let _ = Given::of(&headers);
}

/// Reads the origins whose pages may read answers. What is taken reads the same once it is written again.
pub fn decode_origins(text: &str) {
    if let Ok(cors) = text.parse::<Cors>() {
        let again = match &cors {
            Cors::Off => String::new(),
            Cors::Any => "*".to_owned(),
            Cors::Exact(origins) => origins.join(","),
        };
        assert_eq!(again.parse(), Ok(cors));
    }
}

/// Reads a body that says that it is encoded. What is given has no more bytes than the limit.
pub fn decode_encoded_body(bytes: &[u8]) {
    const LIMIT: usize = 1 << 20;
    for coding in ["gzip", "zstd"] {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(coding))]);
        let Ok(Some(given)) = Given::of(&headers) else { panic!("{coding} is taken") };
        let gate = Gate::new(usize::MAX);
        let (mut memory, mut room) = (gate.pass(), gate.pass());
        if let Ok(body) = given.decode(bytes, LIMIT, &mut memory, &mut room) {
            assert!(body.len() <= LIMIT && room.held() == body.len());
        }
    }
}

/// Reads a document id as it stands in a path.
pub fn decode_document(name: &str) {
    let _ = crate::handlers::document(name);
}

/// Reads the cursor of a list. What is taken reads the same once it is written again.
pub fn decode_cursor(text: &str) {
    if let Some(cursor) = Cursor::from_text(text) {
        assert_eq!(cursor.to_text(), text, "it was written again");
    }
}

/// Reads a token of a feed. The same places have one form.
pub fn decode_feed_token(text: &str) {
    if let Some(places) = Places::from_text(text) {
        assert_eq!(places.to_text(), text, "it was written again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Text that looks like what the decoders take, with its parts in any order.
    fn nearly(parts: &'static [&'static str]) -> impl Strategy<Value = String> {
        proptest::collection::vec(proptest::sample::select(parts), 0..24).prop_map(|parts| parts.concat())
    }

    const JSON: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\"ops\"",
        "\"op\"",
        "\"splice\"",
        "\"set\"",
        "\"path\"",
        "\"position\"",
        "\"content\"",
        "\"name\"",
        "\"doc_type\"",
        "\"Text\"",
        "\"version\"",
        "1",
        "-1",
        "1e999",
        "null",
        "\"\\ud800\"",
        "\u{fffd}",
    ];

    proptest! {
        #[test]
        fn no_decoder_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in ".{0,64}") {
            decode_body(&bytes);
            decode_patch(&text, &bytes);
            decode_query(&text);
            decode_tags(&text);
            decode_accept(&text);
            decode_wishes(&text);
            decode_origins(&text);
            decode_encoded_body(&bytes);
            decode_document(&text);
            decode_cursor(&text);
            decode_feed_token(&text);
        }

        #[test]
        fn no_decoder_panics_on_what_is_nearly_right(
            json in nearly(JSON),
            query in nearly(&["version", "heads", "limit", "label", "sort", "name", "-", ":", "=", "&", "%", "%25", "%ff", "5", ",", "00"]),
            tags in nearly(&["\"", "W/", "*", ",", " ", "a", "\t"]),
            wishes in nearly(&["text/", "*", "/", "html", ";", "q", "=", "0.", "1", ",", " ", "\"", "\\", "gzip", "minimal"]),
            origins in nearly(&["http", "s", "://", "a.example", ":", "80", "*", ",", " ", "/", "[::1]"]),
            document in nearly(&["automerge:", "%3A", "-", "0", "8", "f", "936da01f", "2", "é"]),
        ) {
            decode_body(json.as_bytes());
            decode_patch(r#"{"path":["set",1]}"#, json.as_bytes());
            decode_query(&query);
            decode_tags(&tags);
            decode_wishes(&wishes);
            decode_origins(&origins);
            decode_document(&document);
        }
    }
}
