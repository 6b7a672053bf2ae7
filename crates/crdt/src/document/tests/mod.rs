//! What a document promises, checked against Automerge itself.

mod json;
mod outside;
mod refused;
mod text;

use super::{Document, Made, New, Stamp, create, hashes};
use automerge::{Automerge, LoadOptions, ROOT, ReadDoc, TextEncoding};
use base::{Limits, Op, Shape};
use serde_json::Value;

/// A document and all chunks that it was made of.
struct Case {
    document: Document,
    chunks: Vec<Vec<u8>>,
}

impl Case {
    fn new(shape: Shape, content: &Value) -> Case {
        let New { change: made, heads, content: shown } =
            create(shape, content, stamp(), &Limits::default()).unwrap();
        let document = Document::load([made.bytes.as_slice()]).unwrap();
        assert_eq!(document.heads(), heads);
        assert_eq!(document.content_json(shape).unwrap(), shown);
        Case { document, chunks: vec![made.bytes] }
    }

    fn keep(&mut self, made: Option<Made>) -> Option<Made> {
        self.chunks.extend(made.iter().map(|made| made.bytes.clone()));
        made
    }

    fn content(&self, shape: Shape) -> Value {
        serde_json::from_slice(&self.document.content_json(shape).unwrap()).unwrap()
    }

    /// What Automerge makes of the same changes, in this order of arrival.
    fn again(&self, order: impl Iterator<Item = usize>) -> Document {
        let mut document = Document::load([self.chunks[0].as_slice()]).unwrap();
        let rest: Vec<&[u8]> = order.map(|index| self.chunks[index].as_slice()).collect();
        document.apply(&rest).unwrap();
        document
    }

    /// The same changes in other orders, and the compacted document, are the same document.
    fn check_convergence(&self, shape: Shape) {
        let whole = self.again((1..self.chunks.len()).rev());
        let compacted = self.document.freeze().unwrap().save().unwrap();
        let compacted = Document::load([compacted.as_slice()]).unwrap();
        for other in [whole, compacted] {
            assert_eq!(other.heads(), self.document.heads());
            assert_eq!(other.content_json(shape).unwrap(), self.document.content_json(shape).unwrap());
        }
    }
}

/// A document as a stock client has it.
fn stock(chunk: &[u8]) -> Automerge {
    let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
    Automerge::load_with_options(chunk, options).unwrap()
}

/// The text of a document, as a stock client reads it.
fn stock_text(doc: &Automerge) -> String {
    let (_, id) = doc.get(ROOT, "content").unwrap().unwrap();
    doc.text(id).unwrap()
}

fn stamp() -> Stamp {
    Stamp { unix_ms: 1_790_000_000_000 }
}

fn splice(position: usize, delete: usize, insert: &str) -> Op {
    Op::Splice { path: vec![], position, delete, insert: insert.to_owned() }
}
