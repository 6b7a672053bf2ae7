//! What many clients write into one text at the same time: the graph of all their changes, and the text to come.
//!
//! Header-only clients do not know what a change is made of, so they could not make the next one. The ledger knows it for
//! all of them: which changes a change depends on, and how far operations are numbered. Each hand writes behind an anchor
//! of its own, and only behind its own last character, so that the text in the end is known: anchors in order, each
//! followed by what its hand wrote.

use super::{Hash, TEXT};
use anyhow::{Context, Result};
use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType, SortedVec};
use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, Change, ChangeHash, ExpandedChange, ObjType, ROOT, ScalarValue};
use bytes::Bytes;
use rand::Rng;
use std::collections::HashMap;
use std::num::NonZeroU64;

/// What stands in the text before a hand's words.
const ANCHOR: char = '#';
/// The number of the operation that makes the text; those of the anchors follow it.
const TEXT_OP: u64 = 1;

/// The graph.
pub struct Ledger {
    entries: Vec<Entry>,
    index: HashMap<Hash, usize>,
    base: Box<AutoCommit>,
    text: OpId,
    pens: Vec<Pen>,
}

struct Entry {
    hash: Hash,
    /// The hand that made it; the change with the anchors has none.
    hand: Option<usize>,
    deps: Vec<usize>,
    last_op: u64,
}

/// Where a hand is.
struct Pen {
    actor: ActorId,
    seq: u64,
    /// The character that the next one follows.
    last: OpId,
    written: String,
}

/// A change that was just made.
#[derive(Debug)]
pub struct Made {
    /// Its place in the ledger. What it depends on has lower ones.
    pub number: usize,
    /// Its chunk.
    pub bytes: Bytes,
}

impl Ledger {
    /// The place of the change that makes the text with its anchors.
    pub const BASE: usize = 0;

    /// An anchor for each of `hands` hands.
    pub fn new(hands: usize) -> Result<Ledger> {
        let author = random_actor();
        let mut base = AutoCommit::new().with_actor(author.clone());
        let content = base.put_object(ROOT, TEXT, ObjType::Text)?;
        base.splice_text(&content, 0, 0, &String::from(ANCHOR).repeat(hands))?;
        let change = base.get_last_local_change().context("a change was just made")?;
        let last_op = TEXT_OP + hands as u64;
        let first = Entry { hash: change.hash().0, hand: None, deps: Vec::new(), last_op };
        let pens = (1..=hands as u64).map(|anchor| Pen {
            actor: random_actor(),
            seq: 0,
            last: OpId::new(TEXT_OP + anchor, &author),
            written: String::new(),
        });
        Ok(Ledger {
            index: HashMap::from([(first.hash, Ledger::BASE)]),
            entries: vec![first],
            base: Box::new(base),
            text: OpId::new(TEXT_OP, &author),
            pens: pens.collect(),
        })
    }

    /// The document with the anchors alone.
    pub fn base(&self) -> Box<AutoCommit> {
        self.base.clone()
    }

    /// A hand writes `text` as one change, knowing `deps` and everything that they depend on.
    pub fn write(&mut self, hand: usize, text: &str, mut deps: Vec<usize>) -> Made {
        deps.sort_unstable();
        let start_op = 1 + deps.iter().map(|dep| self.entries[*dep].last_op).max().unwrap_or(0);
        let pen = &mut self.pens[hand];
        pen.seq += 1;
        pen.written.push_str(text);
        let operations = insertions(pen, &self.text, start_op, text);
        let last_op = start_op + operations.len() as u64 - 1;
        let mut hashes: Vec<ChangeHash> =
            deps.iter().map(|dep| ChangeHash(self.entries[*dep].hash)).collect();
        hashes.sort_unstable();
        let change = Change::from(ExpandedChange {
            operations,
            actor_id: pen.actor.clone(),
            hash: None,
            seq: pen.seq,
            start_op: NonZeroU64::new(start_op).expect("it is one more than something"),
            time: 0,
            message: None,
            deps: hashes,
            extra_bytes: Vec::new(),
            author: None,
        });
        let number = self.entries.len();
        let hash = change.hash().0;
        self.index.insert(hash, number);
        self.entries.push(Entry { hash, hand: Some(hand), deps, last_op });
        Made { number, bytes: Bytes::copy_from_slice(change.raw_bytes()) }
    }

    /// The place of a change.
    pub fn number_of(&self, hash: &Hash) -> Option<usize> {
        self.index.get(hash).copied()
    }

    /// The hashes of changes, in the order in which messages list them.
    pub fn hashes(&self, numbers: &[usize]) -> Vec<Hash> {
        let mut hashes: Vec<Hash> = numbers.iter().map(|number| self.entries[*number].hash).collect();
        hashes.sort_unstable();
        hashes
    }

    /// What a change depends on.
    pub fn deps(&self, number: usize) -> &[usize] {
        &self.entries[number].deps
    }

    /// Who made a change.
    pub fn hand_of(&self, number: usize) -> Option<usize> {
        self.entries[number].hand
    }

    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing; never so, since there is always the change with the anchors.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The heads once everything has come everywhere.
    pub fn heads(&self) -> Vec<Hash> {
        let mut is_head = vec![true; self.entries.len()];
        for dep in self.entries.iter().flat_map(|entry| &entry.deps) {
            is_head[*dep] = false;
        }
        let heads: Vec<usize> = (0..self.entries.len()).filter(|number| is_head[*number]).collect();
        self.hashes(&heads)
    }

    /// The text once everything has come everywhere.
    pub fn text(&self) -> String {
        self.pens.iter().flat_map(|pen| std::iter::once(ANCHOR).chain(pen.written.chars())).collect()
    }
}

/// One operation a character, each behind the one before.
fn insertions(pen: &mut Pen, text: &OpId, start_op: u64, characters: &str) -> Vec<Op> {
    let insert = |(number, character): (u64, char)| {
        let after = std::mem::replace(&mut pen.last, OpId::new(number, &pen.actor));
        Op {
            action: OpType::Put(ScalarValue::Str(character.to_string().into())),
            obj: ObjectId::Id(text.clone()),
            key: Key::Seq(ElementId::Id(after)),
            pred: SortedVec::new(),
            insert: true,
        }
    };
    (start_op..).zip(characters.chars()).map(insert).collect()
}

fn random_actor() -> ActorId {
    ActorId::from(rand::rng().random::<[u8; 16]>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use automerge::ReadDoc;

    fn text_of(document: &AutoCommit) -> String {
        let (_, content) = document.get(ROOT, TEXT).unwrap().unwrap();
        document.text(content).unwrap()
    }

    #[test]
    fn automerge_takes_the_changes_and_comes_to_the_text_foretold() {
        let mut ledger = Ledger::new(3).unwrap();
        let first = ledger.write(0, "ab", vec![Ledger::BASE]);
        let beside = ledger.write(2, "x", vec![Ledger::BASE]);
        let after_both = ledger.write(0, "c", vec![first.number, beside.number]);
        let alone = ledger.write(2, "y", vec![beside.number]);
        let mut document = ledger.base();
        for made in [alone, after_both, beside, first] {
            document.load_incremental(&made.bytes).unwrap();
        }
        assert_eq!(text_of(&document), "#abc##xy");
        assert_eq!(text_of(&document), ledger.text());
        assert_eq!(document.get_heads().iter().map(|head| head.0).collect::<Vec<_>>(), ledger.heads());
        assert_eq!(AutoCommit::load(&document.save()).unwrap().get_heads(), document.get_heads());
    }
}
