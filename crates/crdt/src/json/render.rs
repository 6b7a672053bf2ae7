//! A document's content as JSON bytes.
//!
//! The form is canonical: keys in the document's order, no spaces, one form a value. Two values are the same content
//! exactly if they render to the same bytes; the difference of lists relies on it. Documents from outside may nest
//! without end, so that rendering keeps its own stack and never recurses.

use super::content::Content;
use super::scalar;
use super::tag::{self, Tag};
use automerge::iter::{ListRange, MapRange};
use automerge::{ChangeHash, ObjId, ObjType, ROOT, ReadDoc, ValueRef};
use std::iter::Peekable;

/// Appends the object `id`, of type `kind`, as it is now or as it was at `heads`.
pub(crate) fn object<D: ReadDoc>(
    doc: &D,
    heads: Option<&[ChangeHash]>,
    id: &ObjId,
    kind: ObjType,
    out: &mut Vec<u8>,
) {
    let mut renderer = Renderer { doc, heads, stack: Vec::new(), out };
    renderer.open(id, kind);
    renderer.run();
}

/// Appends the root map.
pub(crate) fn root<D: ReadDoc>(doc: &D, heads: Option<&[ChangeHash]>, out: &mut Vec<u8>) {
    object(doc, heads, &ROOT, ObjType::Map, out);
}

/// Appends a content in the same canonical form. A content's depth was limited when it was read: this one recurses.
pub(crate) fn content(value: &Content, out: &mut Vec<u8>) {
    match value {
        Content::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                comma(index == 0, out);
                content(item, out);
            }
            out.push(b']');
        }
        Content::Map(entries) => {
            let wrapped = entries.len() == 1 && entries.keys().all(|key| tag::is_reserved(key));
            if wrapped {
                scalar::open(Tag::Map, out);
            }
            out.push(b'{');
            for (index, (key, item)) in entries.iter().enumerate() {
                comma(index == 0, out);
                scalar::write_string(key, out);
                out.push(b':');
                content(item, out);
            }
            out.push(b'}');
            if wrapped {
                out.push(b'}');
            }
        }
        scalar => {
            scalar::write_content(scalar, out);
        }
    }
}

struct Renderer<'d, 'o, D> {
    doc: &'d D,
    heads: Option<&'d [ChangeHash]>,
    stack: Vec<Frame<'d>>,
    out: &'o mut Vec<u8>,
}

/// An object that is open in the output.
enum Frame<'d> {
    Map { rest: Peekable<MapRange<'d>>, first: bool, wrapped: bool },
    List { rest: ListRange<'d>, first: bool },
}

impl<D: ReadDoc> Renderer<'_, '_, D> {
    fn run(&mut self) {
        while let Some(frame) = self.stack.last_mut() {
            let next = match frame {
                Frame::Map { rest, first, .. } => rest.next().map(|entry| {
                    comma(std::mem::take(first), self.out);
                    scalar::write_string(&entry.key, self.out);
                    self.out.push(b':');
                    child(&entry.value, || entry.id(), self.out)
                }),
                Frame::List { rest, first } => rest.next().map(|item| {
                    comma(std::mem::take(first), self.out);
                    child(&item.value, || item.id(), self.out)
                }),
            };
            match next {
                Some(Some((id, kind))) => self.open(&id, kind),
                Some(None) => {}
                None => self.close(),
            }
        }
    }

    fn open(&mut self, id: &ObjId, kind: ObjType) {
        match kind {
            ObjType::Map | ObjType::Table => {
                let mut rest = match self.heads {
                    Some(heads) => self.doc.map_range_at(id, .., heads),
                    None => self.doc.map_range(id, ..),
                }
                .peekable();
                let wrapped =
                    rest.peek().is_some_and(|entry| tag::is_reserved(&entry.key)) && self.entries(id) == 1;
                if wrapped {
                    scalar::open(Tag::Map, self.out);
                }
                self.out.push(b'{');
                self.stack.push(Frame::Map { rest, first: true, wrapped });
            }
            ObjType::List => {
                let rest = match self.heads {
                    Some(heads) => self.doc.list_range_at(id, .., heads),
                    None => self.doc.list_range(id, ..),
                };
                self.out.push(b'[');
                self.stack.push(Frame::List { rest, first: true });
            }
            ObjType::Text => {
                let text = match self.heads {
                    Some(heads) => self.doc.text_at(id, heads),
                    None => self.doc.text(id),
                };
                scalar::write_string(&text.expect("the id came from this document"), self.out);
            }
        }
    }

    fn entries(&self, id: &ObjId) -> usize {
        match self.heads {
            Some(heads) => self.doc.length_at(id, heads),
            None => self.doc.length(id),
        }
    }

    fn close(&mut self) {
        match self.stack.pop() {
            Some(Frame::Map { wrapped: true, .. }) => self.out.extend_from_slice(b"}}"),
            Some(Frame::Map { .. }) => self.out.push(b'}'),
            Some(Frame::List { .. }) => self.out.push(b']'),
            None => {}
        }
    }
}

/// Appends a scalar; hands back an object, to be opened.
fn child(value: &ValueRef<'_>, id: impl FnOnce() -> ObjId, out: &mut Vec<u8>) -> Option<(ObjId, ObjType)> {
    match value {
        ValueRef::Object(kind) => Some((id(), *kind)),
        ValueRef::Scalar(value) => {
            scalar::write(value, out);
            None
        }
    }
}

fn comma(first: bool, out: &mut Vec<u8>) {
    if !first {
        out.push(b',');
    }
}
