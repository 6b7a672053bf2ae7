//! Makes changes that no library would make, with valid checksums, and asks Automerge what it thinks of them.
//! For tests and fuzzers alone; nothing that ships is built with it.

mod history;
mod oracle;

pub use history::play;
pub use oracle::{Broken, survive};

use base::Hash;

use super::change::Change;
use super::chunk::{ChangeChunk, seal};
use super::op::{Key, Op, OpId, Value};
use super::typing::Typed;

/// An operation id: the number, and the bytes of the actor.
pub type ForgedId = (u64, Vec<u8>);

/// Where a forged operation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForgedKey {
    /// At a key of a map.
    Map(String),
    /// At the start of a list.
    Head,
    /// At an element of a list.
    Element(ForgedId),
}

/// An operation that says whatever it likes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgedOp {
    /// The object; none is the root map.
    pub object: Option<ForgedId>,
    /// Where in the object.
    pub key: ForgedKey,
    /// Whether it says to make a new element.
    pub insert: bool,
    /// The number of the action.
    pub action: u64,
    /// The code of the value's type, and its bytes.
    pub value: (u8, Vec<u8>),
    /// What it says to replace.
    pub replaces: Vec<ForgedId>,
    /// Whether a mark grows.
    pub expand: bool,
    /// The name of a mark.
    pub mark: Option<String>,
}

impl ForgedOp {
    /// A text, set at a key of the root map.
    pub fn set(key: &str, text: &str) -> Self {
        ForgedOp {
            object: None,
            key: ForgedKey::Map(key.to_owned()),
            insert: false,
            action: 1,
            value: (6, text.as_bytes().to_vec()),
            replaces: Vec::new(),
            expand: false,
            mark: None,
        }
    }

    /// The same operation with another action, which carries no value.
    pub fn action(self, action: u64) -> Self {
        ForgedOp { action, value: (0, Vec::new()), ..self }
    }

    /// The same operation with another value.
    pub fn value(self, code: u8, bytes: &[u8]) -> Self {
        ForgedOp { value: (code, bytes.to_vec()), ..self }
    }

    /// The same operation in another object.
    pub fn within(self, object: &ForgedId) -> Self {
        ForgedOp { object: Some(object.clone()), ..self }
    }

    /// The same operation as a new element behind another, or at the start.
    pub fn inserted(self, after: Option<&ForgedId>) -> Self {
        let key = after.map_or(ForgedKey::Head, |after| ForgedKey::Element(after.clone()));
        ForgedOp { key, insert: true, ..self }
    }

    /// The same operation at an element of a list.
    pub fn at(self, element: &ForgedId) -> Self {
        ForgedOp { key: ForgedKey::Element(element.clone()), insert: false, ..self }
    }

    /// The same operation, replacing another.
    pub fn replacing(mut self, id: &ForgedId) -> Self {
        self.replaces.push(id.clone());
        self
    }

    /// The beginning of a mark behind an element.
    pub fn mark(self, name: &str) -> Self {
        ForgedOp { mark: Some(name.to_owned()), action: 7, ..self }
    }
}

/// A change that says whatever it likes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forged {
    /// What it says to depend on.
    pub deps: Vec<Hash>,
    /// Who says to have made it.
    pub actor: Vec<u8>,
    /// Its number among the actor's changes.
    pub seq: u64,
    /// The number of its first operation.
    pub start_op: u64,
    /// When.
    pub time: i64,
    /// A message.
    pub message: String,
    /// Its operations.
    pub ops: Vec<ForgedOp>,
    /// Bytes behind the operations.
    pub footer: Vec<u8>,
    /// Actors to list although no operation names them.
    pub idle_actors: Vec<Vec<u8>>,
}

impl Forged {
    /// The first change of an actor, on nothing.
    pub fn first(actor: &[u8], ops: Vec<ForgedOp>) -> Self {
        Forged {
            deps: Vec::new(),
            actor: actor.to_vec(),
            seq: 1,
            start_op: 1,
            time: 0,
            message: String::new(),
            ops,
            footer: Vec::new(),
            idle_actors: Vec::new(),
        }
    }

    /// The hash and the chunk of the change, with the columns and the table of actors that a library would
    /// write.
    pub fn chunk(&self) -> (Hash, Vec<u8>) {
        let others = self.others();
        let change = Change {
            deps: self.deps.clone(),
            actor: &self.actor,
            seq: self.seq,
            start_op: self.start_op,
            time: self.time,
            message: &self.message,
            ops: self.ops.iter().map(|op| self.op(op, &others)).collect(),
            others,
            footer: &self.footer,
        };
        let ChangeChunk { hash, chunk, .. } = ChangeChunk::wrap(&change.encode());
        (hash, chunk.to_vec())
    }

    fn others(&self) -> Vec<&[u8]> {
        let mut others: Vec<&[u8]> = self.idle_actors.iter().map(Vec::as_slice).collect();
        for op in &self.ops {
            let ids = op.object.iter().chain(&op.replaces).chain(match &op.key {
                ForgedKey::Element(id) => Some(id),
                _ => None,
            });
            others.extend(ids.map(|(_, actor)| actor.as_slice()).filter(|actor| *actor != self.actor));
        }
        others.sort_unstable();
        others.dedup();
        others
    }

    fn op<'a>(&'a self, op: &'a ForgedOp, others: &[&[u8]]) -> Op<'a> {
        let id = |(counter, actor): &ForgedId| {
            let index = others.iter().position(|other| other == actor);
            OpId { counter: *counter, actor: index.map_or(0, |index| index as u32 + 1) }
        };
        Op {
            object: op.object.as_ref().map(id),
            key: match &op.key {
                ForgedKey::Map(key) => Key::Map(key),
                ForgedKey::Head => Key::Head,
                ForgedKey::Element(element) => Key::Element(id(element)),
            },
            insert: op.insert,
            action: op.action,
            value: Value { code: op.value.0, raw: &op.value.1 },
            then: Typed::default(),
            replaces: op.replaces.iter().map(id).collect(),
            expand: op.expand,
            mark: op.mark.as_deref(),
        }
    }
}

/// Bytes with a valid envelope around them: chunk type, checksum and length.
pub fn envelope(chunk_type: u8, body: &[u8]) -> Vec<u8> {
    seal(chunk_type, body).1
}
