//! Writing one scalar as JSON: the one place that decides how a value looks, for documents and for contents.

use super::base64;
use super::content::Content;
use super::tag::{self, Tag};
use automerge::ScalarValueRef;
use std::io::Write as _;

/// Appends a scalar of a document.
pub(crate) fn write(scalar: &ScalarValueRef<'_>, out: &mut Vec<u8>) {
    match scalar {
        ScalarValueRef::Null => out.extend_from_slice(b"null"),
        ScalarValueRef::Boolean(value) => write_bool(*value, out),
        ScalarValueRef::Int(value) => write_display(value, out),
        ScalarValueRef::Uint(value) => write_display(value, out),
        ScalarValueRef::F64(value) => write_float(*value, out),
        ScalarValueRef::Str(text) => write_string(text, out),
        ScalarValueRef::Counter(value) => write_tagged_int(Tag::Counter, *value, out),
        ScalarValueRef::Timestamp(value) => write_tagged_int(Tag::Timestamp, *value, out),
        ScalarValueRef::Bytes(bytes) => write_bytes(bytes, out),
        ScalarValueRef::Unknown { type_code, bytes } => write_unknown(*type_code, bytes, out),
    }
}

/// Appends a content that is a scalar or a text. Says whether it was one.
pub(crate) fn write_content(content: &Content, out: &mut Vec<u8>) -> bool {
    match content {
        Content::Null => out.extend_from_slice(b"null"),
        Content::Bool(value) => write_bool(*value, out),
        Content::Int(value) => write_display(value, out),
        Content::Uint(value) => write_display(value, out),
        Content::Float(value) => write_float(*value, out),
        Content::Text(text) => write_string(text, out),
        Content::Counter(value) => write_tagged_int(Tag::Counter, *value, out),
        Content::Timestamp(value) => write_tagged_int(Tag::Timestamp, *value, out),
        Content::Bytes(bytes) => write_bytes(bytes, out),
        Content::Unknown { code, bytes } => write_unknown(*code, bytes, out),
        Content::List(_) | Content::Map(_) => return false,
    }
    true
}

/// A string with its quotes.
pub(crate) fn string(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_string(text, &mut out);
    out
}

/// Appends a string with its quotes.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a string goes into memory: nothing can fail");
}

fn write_bool(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

fn write_display(value: impl std::fmt::Display, out: &mut Vec<u8>) {
    write!(out, "{value}").expect("memory takes every write");
}

fn write_float(value: f64, out: &mut Vec<u8>) {
    match tag::float_name(value) {
        Some(name) => {
            open(Tag::Float, out);
            write_string(name, out);
            out.push(b'}');
        }
        None => {
            serde_json::to_writer(out, &value).expect("a finite double goes into memory: nothing can fail")
        }
    }
}

fn write_tagged_int(tag: Tag, value: i64, out: &mut Vec<u8>) {
    open(tag, out);
    write_display(value, out);
    out.push(b'}');
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    open(Tag::Bytes, out);
    write_base64(bytes, out);
    out.push(b'}');
}

fn write_unknown(code: u8, bytes: &[u8], out: &mut Vec<u8>) {
    open(Tag::Unknown, out);
    write!(out, "[{code},").expect("memory takes every write");
    write_base64(bytes, out);
    out.extend_from_slice(b"]}");
}

fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    base64::encode_into(bytes, out);
    out.push(b'"');
}

/// Appends `{"$tag":`.
pub(crate) fn open(tag: Tag, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(tag.key().as_bytes());
    out.extend_from_slice(b"\":");
}
