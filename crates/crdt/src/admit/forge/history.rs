//! Plays random histories, mostly sound and now and then hostile, from a string of bytes: the same bytes give
//! the same history, so that a fuzzer can steer it and a property test can shrink it.

use base::Hash;

use super::{Forged, ForgedId, ForgedKey, ForgedOp};
use crate::admit::Limits;
use crate::graph::Graph;

const ACTORS: [[u8; 16]; 3] = [[0x22; 16], [0x88; 16], [0xee; 16]];
const MOST_CHANGES: usize = 24;

/// Decisions, one for each byte. When the bytes are used up, everything is decided for the first possibility.
struct Dice<'a>(&'a [u8]);

impl Dice<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        let Some((byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*byte) % sides.max(1)
    }

    fn rarely(&mut self) -> bool {
        self.roll(24) == 23
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        from.get(self.roll(from.len()))
    }
}

/// What an operation made, as far as later ones may want to refer to it.
#[derive(Clone)]
struct Made {
    id: ForgedId,
    object: Option<ForgedId>,
    key: ForgedKey,
    action: u64,
    insert: bool,
}

struct History<'a> {
    dice: Dice<'a>,
    graph: Graph,
    made: Vec<Made>,
    hashes: Vec<Hash>,
    admitted: Vec<Vec<u8>>,
}

/// The chunks that are admitted of the history that the bytes describe, ancestors first.
pub fn play(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut history = History {
        dice: Dice(bytes),
        graph: Graph::new(),
        made: Vec::new(),
        hashes: Vec::new(),
        admitted: Vec::new(),
    };
    for _ in 0..MOST_CHANGES {
        if history.dice.0.is_empty() {
            break;
        }
        history.change();
    }
    history.admitted
}

impl History<'_> {
    fn change(&mut self) {
        let actor = ACTORS[self.dice.roll(ACTORS.len())];
        let (change, made) = self.forge(&actor);
        let (hash, chunk) = change.chunk();
        let Ok(admission) = self.graph.admit(&chunk, &Limits::default()) else { return };
        for change in &admission.changes {
            self.graph.insert(&change.summary).expect("what was admitted fits");
            self.hashes.push(hash);
            self.admitted.push(change.chunk.to_vec());
            self.made.extend(made.iter().cloned());
        }
    }

    fn forge(&mut self, actor: &[u8]) -> (Forged, Vec<Made>) {
        let own: Vec<Hash> = self.own(actor);
        let mut deps: Vec<Hash> = match self.dice.roll(4) {
            0 | 1 => self.graph.heads().collect(),
            2 => self.dice.pick(&self.hashes).into_iter().copied().collect(),
            _ => Vec::new(),
        };
        deps.extend(own.last().filter(|_| !self.dice.rarely()));
        if !self.dice.rarely() {
            deps.sort_unstable();
            deps.dedup();
        }
        let jump = if self.dice.rarely() { self.dice.roll(1 << 8) as u64 } else { 0 };
        let start_op = (self.graph.max_op() + 1 + jump).saturating_sub(u64::from(self.dice.rarely()));
        let seq = own.len() as u64 + 1 + u64::from(self.dice.rarely());
        let mut change = Forged { deps, seq, start_op, ..Forged::first(actor, Vec::new()) };
        let mut made: Vec<Made> = Vec::new();
        for _ in 0..self.dice.roll(8) {
            self.add(&mut change, &mut made);
        }
        (change, made)
    }

    fn own(&self, actor: &[u8]) -> Vec<Hash> {
        let actor = actor.into();
        (1..).map_while(|seq| self.graph.change_of(&actor, seq)).collect()
    }

    fn add(&mut self, change: &mut Forged, made: &mut Vec<Made>) {
        let known: Vec<Made> = self.made.iter().chain(made.iter()).cloned().collect();
        let mut ops = self.ops(&known, change);
        if self.dice.rarely() {
            self.spoil(&mut ops[0], &known);
        }
        for op in ops {
            let id = (change.start_op + change.ops.len() as u64, change.actor.clone());
            let key = if op.insert { ForgedKey::Element(id.clone()) } else { op.key.clone() };
            made.push(Made { id, object: op.object.clone(), key, action: op.action, insert: op.insert });
            change.ops.push(op);
        }
    }

    /// One operation, or two that belong together.
    fn ops(&mut self, known: &[Made], change: &Forged) -> Vec<ForgedOp> {
        let objects: Vec<&Made> = known.iter().filter(|made| matches!(made.action, 0 | 2 | 4)).collect();
        let object = match self.dice.roll(4) {
            0 => None,
            _ => self.dice.pick(&objects).copied(),
        };
        match object {
            Some(object) if object.action != 0 => self.in_list(known, object, change),
            object => vec![self.in_map(known, object)],
        }
    }

    fn in_map(&mut self, known: &[Made], object: Option<&Made>) -> ForgedOp {
        let key = ["a", "b", "c", ""][self.dice.roll(4)];
        let object = object.map(|object| object.id.clone());
        let op = ForgedOp { object: object.clone(), ..ForgedOp::set(key, "v") };
        let key = ForgedKey::Map(key.to_owned());
        self.with_action(op, known, &object, &key)
    }

    fn in_list(&mut self, known: &[Made], object: &Made, change: &Forged) -> Vec<ForgedOp> {
        let inside = Some(object.id.clone());
        let elements: Vec<&Made> = known.iter().filter(|made| made.insert && made.object == inside).collect();
        let element = self.dice.pick(&elements).map(|made| made.id.clone());
        let after = element.as_ref().filter(|_| self.dice.roll(5) > 0);
        let letter = ForgedOp::set("", ["x", "é", "🙂", "yz"][self.dice.roll(4)]).within(&object.id);
        match self.dice.roll(5) {
            0 | 1 => vec![self.value(letter).inserted(after)],
            2 if object.action == 4 => {
                let begin = (change.start_op + change.ops.len() as u64, change.actor.clone());
                let end = if self.dice.roll(3) == 0 {
                    Some(&begin)
                } else {
                    self.dice.pick(&elements).map(|made| &made.id)
                };
                let mut opening = letter.clone().value(2, &[]).inserted(after).mark("bold");
                opening.expand = self.dice.roll(2) == 0;
                vec![opening, letter.action(7).inserted(end)]
            }
            _ => match element {
                None => vec![letter.inserted(None)],
                Some(element) => {
                    let key = ForgedKey::Element(element.clone());
                    vec![self.with_action(letter.at(&element), known, &inside, &key)]
                }
            },
        }
    }

    fn with_action(
        &mut self,
        op: ForgedOp,
        known: &[Made],
        object: &Option<ForgedId>,
        key: &ForgedKey,
    ) -> ForgedOp {
        let there = known
            .iter()
            .filter(|made| made.object == *object && made.key == *key && !matches!(made.action, 3 | 5 | 7));
        let mut there: Vec<ForgedId> = there.map(|made| made.id.clone()).collect();
        there.sort();
        if self.dice.roll(3) == 0 && !there.is_empty() {
            there.remove(self.dice.roll(there.len()));
        }
        let mut op = match self.dice.roll(5) {
            0 if !there.is_empty() => op.action(3),
            1 if !there.is_empty() => op.action(5).value(4, &[self.dice.roll(100) as u8 & 0x3f]),
            _ => self.value(op),
        };
        op.replaces = there;
        op
    }

    fn value(&mut self, op: ForgedOp) -> ForgedOp {
        match self.dice.roll(10) {
            0 => op.action(0),
            1 => op.action(2),
            2 => op.action(4),
            3 => op.action(6),
            4 => op.value(8, &[self.dice.roll(64) as u8]),
            5 => op.value(0, &[]),
            6 => op.value(7, &[1, 2]),
            _ => op,
        }
    }

    /// Makes an operation wrong in one way.
    fn spoil(&mut self, op: &mut ForgedOp, known: &[Made]) {
        let other = self.dice.pick(known).map(|made| made.id.clone());
        let other = other.unwrap_or((self.dice.roll(300) as u64, ACTORS[self.dice.roll(3)].to_vec()));
        match self.dice.roll(9) {
            0 => op.insert = !op.insert,
            1 => op.action = self.dice.roll(9) as u64,
            2 => op.object = Some(other),
            3 => op.key = ForgedKey::Element(other),
            4 => op.key = ForgedKey::Head,
            5 => op.replaces.push(other),
            6 => op.expand = !op.expand,
            7 => op.mark = Some("m".to_owned()),
            _ => op.value = (self.dice.roll(16) as u8, vec![self.dice.roll(256) as u8]),
        }
    }
}
