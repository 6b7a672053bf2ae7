//! Encoding the first change of a document without a document.
//!
//! Operations are numbered from 1 in the order in which they are added. All are of one actor, which is number 0 in the
//! change; none has a predecessor, because nothing was there before.

mod column;
#[cfg(test)]
mod tests;

use super::made::{Made, Stamp};
use crate::json::Content;
use base::Hash;
use column::{Booleans, Deltas, Runs, write_signed, write_unsigned};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The first bytes of every chunk.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// The type of a chunk that holds one change.
const CHANGE: u8 = 1;

const MAKE_MAP: u64 = 0;
const SET: u64 = 1;
const MAKE_LIST: u64 = 2;
const MAKE_TEXT: u64 = 4;

/// The number of an object: of the operation that made it. The root has none.
type Object = Option<u64>;

/// Where a value goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'c> {
    /// A key of a map.
    Key(Object, &'c str),
    /// Behind an item of a list, or at its start: behind 0.
    Behind(u64, u64),
}

/// The columns of one change.
#[derive(Debug, Default)]
pub(super) struct Encoder<'c> {
    operations: u64,
    object_actor: Runs<u64>,
    object: Runs<u64>,
    key_actor: Runs<u64>,
    key_number: Deltas,
    key: Runs<&'c str>,
    insert: Booleans,
    action: Runs<u64>,
    value_type: Runs<u64>,
    value: Vec<u8>,
}

impl<'c> Encoder<'c> {
    /// Adds all entries of the root map.
    pub(super) fn root(&mut self, entries: &'c BTreeMap<String, Content>) {
        for (key, content) in entries {
            self.content(Target::Key(None, key), content);
        }
    }

    /// Adds a text.
    pub(super) fn text(&mut self, target: Target<'c>, text: &str) {
        let object = self.operation(target, MAKE_TEXT);
        let characters = text.chars().count() as u64;
        if characters == 0 {
            return;
        }
        let first = self.operations + 1;
        self.operations += characters;
        self.object_actor.push_many(Some(0), characters);
        self.object.push_many(Some(object), characters);
        // The first character stands behind the start, which is number 0 of nobody, each other behind the one before.
        self.key_actor.push(None);
        self.key_actor.push_many(Some(0), characters - 1);
        self.key_number.push(Some(0));
        self.key_number.push_rising(first, characters - 1);
        self.key.push_many(None, characters);
        self.insert.push_many(true, characters);
        self.action.push_many(Some(SET), characters);
        if text.is_ascii() {
            self.value_type.push_many(Some(value_type(STRING, 1)), characters);
        } else {
            text.chars().for_each(|char| self.value_type.push(Some(value_type(STRING, char.len_utf8()))));
        }
        self.value.extend_from_slice(text.as_bytes());
    }

    /// The change as a chunk.
    pub(super) fn finish(self, actor: &[u8], stamp: Stamp) -> Made {
        let mut predecessors = Runs::default();
        predecessors.push_many(Some(0u64), self.operations);
        let columns = [
            (0x01, self.object_actor.finish()),
            (0x02, self.object.finish()),
            (0x11, self.key_actor.finish()),
            (0x13, self.key_number.finish()),
            (0x15, self.key.finish()),
            (0x34, self.insert.finish()),
            (0x42, self.action.finish()),
            (0x56, self.value_type.finish()),
            (0x57, self.value),
            (0x70, predecessors.finish()),
        ];
        let mut body = Vec::with_capacity(96 + columns.iter().map(|(_, bytes)| bytes.len()).sum::<usize>());
        body.push(0); // dependencies
        write_unsigned(actor.len() as u64, &mut body);
        body.extend_from_slice(actor);
        body.push(1); // the actor's first change
        body.push(1); // whose first operation is number 1
        write_signed(stamp.seconds(), &mut body);
        body.push(0); // no message
        body.push(0); // no other actors
        write_columns(&columns, &mut body);
        chunk(&body)
    }

    fn content(&mut self, target: Target<'c>, content: &'c Content) {
        match content {
            Content::Text(text) => self.text(target, text),
            Content::Map(entries) => {
                let map = self.operation(target, MAKE_MAP);
                for (key, item) in entries {
                    self.content(Target::Key(Some(map), key), item);
                }
            }
            Content::List(items) => {
                let list = self.operation(target, MAKE_LIST);
                let mut behind = 0;
                for item in items {
                    let next = self.operations + 1;
                    self.content(Target::Behind(list, behind), item);
                    behind = next;
                }
            }
            scalar => {
                self.place(target, SET);
                let (kind, bytes) = scalar_bytes(scalar);
                self.value_type.push(Some(value_type(kind, bytes.len())));
                self.value.extend_from_slice(&bytes);
            }
        }
    }

    /// Adds an operation that makes an object, and gives its number.
    fn operation(&mut self, target: Target<'c>, action: u64) -> u64 {
        self.value_type.push(Some(value_type(NULL, 0)));
        self.place(target, action)
    }

    fn place(&mut self, target: Target<'c>, action: u64) -> u64 {
        self.operations += 1;
        self.action.push(Some(action));
        let object = match target {
            Target::Key(object, key) => {
                self.key_actor.push(None);
                self.key_number.push_nulls(1);
                self.key.push(Some(key));
                self.insert.push_many(false, 1);
                object
            }
            Target::Behind(list, item) => {
                self.key_actor.push((item > 0).then_some(0));
                self.key_number.push(Some(item));
                self.key.push(None);
                self.insert.push_many(true, 1);
                Some(list)
            }
        };
        self.object_actor.push(object.map(|_| 0));
        self.object.push(object);
        self.operations
    }
}

const NULL: u64 = 0;
const STRING: u64 = 6;

/// A value's type in the low four bits, and its length in bytes above them.
fn value_type(kind: u64, length: usize) -> u64 {
    (length as u64) << 4 | kind
}

fn scalar_bytes(scalar: &Content) -> (u64, Vec<u8>) {
    let signed = |value: i64| {
        let mut out = Vec::new();
        write_signed(value, &mut out);
        out
    };
    match scalar {
        Content::Bool(false) => (1, Vec::new()),
        Content::Bool(true) => (2, Vec::new()),
        Content::Uint(value) => {
            let mut out = Vec::new();
            write_unsigned(*value, &mut out);
            (3, out)
        }
        Content::Int(value) => (4, signed(*value)),
        Content::Float(value) => (5, value.to_le_bytes().to_vec()),
        Content::Bytes(bytes) => (7, bytes.clone()),
        Content::Counter(value) => (8, signed(*value)),
        Content::Timestamp(value) => (9, signed(*value)),
        Content::Unknown { code, bytes } => (u64::from(*code), bytes.clone()),
        Content::Null | Content::Text(_) | Content::List(_) | Content::Map(_) => (NULL, Vec::new()),
    }
}

fn write_columns(columns: &[(u64, Vec<u8>)], out: &mut Vec<u8>) {
    let present = || columns.iter().filter(|(_, bytes)| !bytes.is_empty());
    write_unsigned(present().count() as u64, out);
    for (id, bytes) in present() {
        write_unsigned(*id, out);
        write_unsigned(bytes.len() as u64, out);
    }
    present().for_each(|(_, bytes)| out.extend_from_slice(bytes));
}

/// Puts the header in front: magic, the first bytes of the hash, type and length. The last two are hashed too.
fn chunk(body: &[u8]) -> Made {
    let mut head = vec![CHANGE];
    write_unsigned(body.len() as u64, &mut head);
    let hash: [u8; 32] = Sha256::new().chain_update(&head).chain_update(body).finalize().into();
    let mut bytes = Vec::with_capacity(MAGIC.len() + 4 + head.len() + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&hash[..4]);
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(body);
    Made { hash: Hash(hash), deps: Vec::new(), bytes }
}
