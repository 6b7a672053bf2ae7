//! What is kept of a change beside its bytes, so that the graph can be built and later changes be checked
//! without opening a document.
//!
//! The encoding, version 1: the version; hash; actor; seq; first operation; dependencies; the other actors
//! that its operations name; the runs, each with its length, where a key that is that of the last run with a
//! key is left out. Numbers are LEB128, texts and lists have their length before them. Decoding is total: it
//! never panics and never takes more memory than a small multiple of the bytes.

use std::fmt;
use std::sync::Arc;

use base::Hash;
use thiserror::Error;

use super::run::{Id, Kind, Place, Runs};
use crate::admit::MAX_OP;
use crate::admit::reader::{Malformed, Reader};
use crate::admit::writer::{put_bytes, put_unsigned};

const VERSION: u8 = 1;

/// Who made a change: the id of one run of a library on one device.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor(Arc<[u8]>);

impl Actor {
    /// The bytes of the id.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Actor {
    fn from(bytes: &[u8]) -> Self {
        Actor(bytes.into())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// A change without its content. Ids in its runs index its own actors: 0 is `actor`, 1 is the first of
/// `others`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub(crate) hash: Hash,
    pub(crate) actor: Actor,
    pub(crate) seq: u32,
    pub(crate) start_op: u32,
    pub(crate) deps: Vec<Hash>,
    pub(crate) others: Vec<Actor>,
    pub(crate) runs: Runs,
}

/// Bytes that are not a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotASummary {
    /// Written by a newer program.
    #[error("the summary of a change has version {0}, and this program knows version {VERSION}; update it")]
    Version(u8),
    /// Damaged.
    #[error("the summary of a change is damaged: {0}")]
    Malformed(#[from] Malformed),
}

impl Summary {
    /// The hash of the change.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Who made it.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Its number among its actor's changes, from 1.
    pub fn seq(&self) -> u64 {
        self.seq.into()
    }

    /// The number of its first operation.
    pub fn start_op(&self) -> u64 {
        self.start_op.into()
    }

    /// The number of its last operation; one below the first if it has none.
    pub fn max_op(&self) -> u64 {
        self.start_op() + u64::from(self.runs.len()) - 1
    }

    /// The changes that it was made on.
    pub fn deps(&self) -> &[Hash] {
        &self.deps
    }

    /// The bytes to keep.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.hash.0);
        put_bytes(&mut out, self.actor.as_bytes());
        put_unsigned(&mut out, self.seq());
        put_unsigned(&mut out, self.start_op());
        put_unsigned(&mut out, self.deps.len() as u64);
        self.deps.iter().for_each(|dep| out.extend_from_slice(&dep.0));
        put_unsigned(&mut out, self.others.len() as u64);
        self.others.iter().for_each(|actor| put_bytes(&mut out, actor.as_bytes()));
        let runs = self.runs.iter();
        put_unsigned(&mut out, runs.len() as u64);
        let mut last_key = None;
        for (run, len) in runs {
            put_place(&mut out, &run.place, &mut last_key);
            put_unsigned(&mut out, len.into());
        }
        out
    }

    /// The summary that `encode` wrote.
    pub fn decode(bytes: &[u8]) -> Result<Summary, NotASummary> {
        let mut from = Reader::new(bytes);
        match from.byte()? {
            VERSION => {}
            version => return Err(NotASummary::Version(version)),
        }
        let hash = from.hash()?;
        let actor = Actor::from(from.bytes()?);
        let seq = number(&mut from)?;
        let start_op = number(&mut from)?;
        let deps = list(&mut from, |from| from.hash())?;
        let others = list(&mut from, |from| Ok(Actor::from(from.bytes()?)))?;
        let runs = read_runs(&mut from, others.len() as u32)?;
        let end = u64::from(start_op) + u64::from(runs.len());
        if seq == 0 || start_op == 0 || end > MAX_OP + 1 || !from.is_empty() {
            return Err(Malformed("its numbers contradict each other").into());
        }
        Ok(Summary { hash, actor, seq, start_op, deps, others, runs })
    }
}

const SILENT: u8 = 0;
const ROOT_KEY: u8 = 1;
const KEY: u8 = 2;
const INSERTED_FIRST: u8 = 3;
const INSERTED: u8 = 4;
const UPDATED: u8 = 5;
const ROOT_SAME_KEY: u8 = 6;
const SAME_KEY: u8 = 7;

fn put_place<'a>(out: &mut Vec<u8>, place: &'a Place, last_key: &mut Option<&'a str>) {
    let mut head = |tag: u8, kind: Kind| out.push(tag | (kind as u8) << 4);
    match place {
        Place::Silent => out.push(SILENT),
        Place::Key { object, key, kind } => {
            let same = last_key.replace(key) == Some(key);
            match (object, same) {
                (None, false) => head(ROOT_KEY, *kind),
                (None, true) => head(ROOT_SAME_KEY, *kind),
                (Some(_), false) => head(KEY, *kind),
                (Some(_), true) => head(SAME_KEY, *kind),
            }
            object.iter().for_each(|object| put_id(out, *object));
            if !same {
                put_bytes(out, key.as_bytes());
            }
        }
        Place::Inserted { object, after: None, kind } => {
            head(INSERTED_FIRST, *kind);
            put_id(out, *object);
        }
        Place::Inserted { object, after: Some(after), kind } => {
            head(INSERTED, *kind);
            put_id(out, *object);
            put_id(out, *after);
        }
        Place::Updated { object, element, kind } => {
            head(UPDATED, *kind);
            put_id(out, *object);
            put_id(out, *element);
        }
    }
}

fn put_id(out: &mut Vec<u8>, id: Id) {
    put_unsigned(out, id.counter.into());
    put_unsigned(out, id.actor.into());
}

fn read_runs(from: &mut Reader<'_>, others: u32) -> Result<Runs, Malformed> {
    let mut runs = Runs::default();
    let mut last_key = None;
    for _ in 0..from.unsigned()? {
        let place = read_place(from, others, &mut last_key)?;
        let len = number(from)?;
        let alone = matches!(place, Place::Key { .. } | Place::Updated { .. });
        if len == 0 || (alone && len > 1) {
            return Err(Malformed("a run has the wrong length"));
        }
        runs.push_run(place, len).ok_or(Malformed("there are more operations than numbers"))?;
    }
    Ok(runs)
}

fn read_place(
    from: &mut Reader<'_>,
    others: u32,
    last_key: &mut Option<Arc<str>>,
) -> Result<Place, Malformed> {
    let head = from.byte()?;
    if head == SILENT {
        return Ok(Place::Silent);
    }
    let kind = Kind::from_number(u64::from(head >> 4)).ok_or(Malformed("a run has an unknown kind"))?;
    let id = |from: &mut Reader<'_>| {
        let id = Id { counter: number(from)?, actor: number(from)? };
        match id.actor <= others && id.counter > 0 {
            true => Ok(id),
            false => Err(Malformed("a run names an actor that is not listed, or operation 0")),
        }
    };
    let mut new_key = |from: &mut Reader<'_>| Ok(Arc::clone(last_key.insert(from.text()?.into())));
    let no_key = Malformed("a run has the key of a run that is not there");
    Ok(match head & 0xf {
        ROOT_KEY => Place::Key { object: None, key: new_key(from)?, kind },
        KEY => Place::Key { object: Some(id(from)?), key: new_key(from)?, kind },
        ROOT_SAME_KEY => Place::Key { object: None, key: last_key.clone().ok_or(no_key)?, kind },
        SAME_KEY => Place::Key { object: Some(id(from)?), key: last_key.clone().ok_or(no_key)?, kind },
        INSERTED_FIRST => Place::Inserted { object: id(from)?, after: None, kind },
        INSERTED => Place::Inserted { object: id(from)?, after: Some(id(from)?), kind },
        UPDATED => Place::Updated { object: id(from)?, element: id(from)?, kind },
        _ => return Err(Malformed("a run is at an unknown place")),
    })
}

fn number(from: &mut Reader<'_>) -> Result<u32, Malformed> {
    u32::try_from(from.unsigned()?).map_err(|_| Malformed("a number has more than 32 bits"))
}

/// A list with its length before it. Every item takes bytes, so that the list is never longer than the input
/// is.
fn list<'a, T>(
    from: &mut Reader<'a>,
    mut item: impl FnMut(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let len = from.unsigned()?;
    (0..len).map(|_| item(from)).collect()
}
