//! A drill that never was: five nodes, eight shards, four faults, and a writer and a reader for each shard.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::check::tests::story::ms;
use crate::history::{
    Answer, Ask, ClientId, Condition, Document, History, Kind, Recorder, Revision, ShardId, Side, read,
};
use crate::ledger::Mark;

const SHARDS: u32 = 8;
const ENDS: u64 = 60_000;
/// Edits of a document before the next one is written to.
const DOCUMENT: usize = 60;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mistake {
    /// Nothing.
    None,
    /// A write is lost, a replica differs, a read is stale, a term has two leaders, a socket is closed.
    Many,
}

/// What happens to which node, when, and when it is over.
const FAULTS: [(u64, u64, usize, Condition); 4] = [
    (9_000, 14_000, 0, Condition::Killed),
    (22_000, 27_500, 1, Condition::Frozen),
    (35_000, 41_000, 2, Condition::Cut),
    (48_000, 52_000, 3, Condition::PowerCut),
];

/// The drill.
pub fn drill(mistake: Mistake) -> History {
    let mut dice = StdRng::seed_from_u64(11);
    let mut recorder = Recorder::new(vec![], "leader-kill", 11).unwrap();
    let mut leaders: BTreeMap<u32, Vec<(u64, usize)>> = BTreeMap::new();
    for shard in 0..SHARDS {
        let takeovers = takeovers(&mut dice, shard as usize % 4);
        for (term, (at, node)) in (1..).zip(&takeovers) {
            recorder.leader(ms(*at), ShardId(shard), term, &name(*node)).unwrap();
        }
        leaders.insert(shard, takeovers);
    }
    for node in 0..5 {
        recorder.node(ms(0), &name(node), Condition::Alive).unwrap();
    }
    for (from, to, node, became) in FAULTS {
        recorder.node(ms(from), &name(node), became).unwrap();
        recorder.node(ms(to), &name(node), Condition::Alive).unwrap();
    }
    for shard in 0..SHARDS {
        recorder.opened(ms(1), ClientId(shard)).unwrap();
        Writer {
            dice: &mut dice,
            recorder: &mut recorder,
            shard,
            mistake,
            marks: vec![],
            index: 0,
            document: 0,
        }
        .work(&leaders[&shard]);
    }
    if mistake == Mistake::Many {
        recorder.leader(ms(36_900), ShardId(2), 2, "n5").unwrap();
        recorder.closed(ms(22_400), ClientId(5), Side::Hub, "1006, the connection was reset").unwrap();
    }
    let text = recorder.finish(ms(ENDS)).unwrap();
    read(&text[..]).unwrap()
}

fn name(node: usize) -> String {
    format!("n{}", node + 1)
}

/// Who leads from when: after each fault of the leader another one, a good second later.
fn takeovers(dice: &mut StdRng, first: usize) -> Vec<(u64, usize)> {
    let mut takeovers = vec![(0, first)];
    for (at, _, node, _) in FAULTS {
        let (_, leader) = takeovers[takeovers.len() - 1];
        if leader == node {
            takeovers.push((at + dice.random_range(900..1_900), (node + dice.random_range(1..5)) % 5));
        }
    }
    takeovers
}

struct Writer<'a> {
    dice: &'a mut StdRng,
    recorder: &'a mut Recorder<Vec<u8>>,
    shard: u32,
    mistake: Mistake,
    marks: Vec<Mark>,
    index: u64,
    document: u32,
}

impl Writer<'_> {
    fn work(&mut self, leaders: &[(u64, usize)]) {
        let mut now = 50 + u64::from(self.shard) * 3;
        while now < ENDS - 500 {
            let down = leaders.windows(2).find_map(|pair| {
                let fault = FAULTS.iter().find(|fault| fault.2 == pair[0].1 && fault.0 >= pair[0].0)?.0;
                (fault..pair[1].0).contains(&now).then_some(pair[1].0)
            });
            let answered = down.unwrap_or(now) + self.dice.random_range(4..25);
            self.write(now, answered);
            if self.marks.len() % 7 == 3 {
                self.look(answered + 1, Kind::Read);
                let at_least = Some(self.revision());
                self.look(answered + 6, Kind::ReadAt { at_least });
            }
            if self.marks.len() >= DOCUMENT {
                self.close();
            }
            now = answered + self.dice.random_range(20..70);
        }
        self.close();
    }

    fn id(&self) -> Document {
        format!("0198f2c4-{:04x}-8{:03x}-b1d2-5fe0c7a84e{:02x}", self.document, self.shard, self.shard).into()
    }

    fn revision(&self) -> Revision {
        Revision { shard: ShardId(self.shard), index: self.index }
    }

    fn ask(&self, client: u32, kind: Kind) -> Ask {
        Ask { client: ClientId(client), shard: Some(ShardId(self.shard)), document: Some(self.id()), kind }
    }

    fn write(&mut self, now: u64, answered: u64) {
        self.index += 1;
        let mark = Mark(u64::from(self.shard) << 32 | self.index);
        let base = self.marks.len() as u64;
        let kind = if base == 0 { Kind::Create { mark } } else { Kind::Edit { mark, base } };
        let op = self.recorder.invoke(ms(now), self.ask(self.shard, kind)).unwrap();
        self.marks.push(mark);
        let answer = self.shown(false);
        self.recorder.ok(ms(answered), op, answer).unwrap();
    }

    fn look(&mut self, now: u64, kind: Kind) {
        let op = self.recorder.invoke(ms(now), self.ask(100 + self.shard, kind)).unwrap();
        let answer = self.shown(true);
        self.recorder.ok(ms(now + 4), op, answer).unwrap();
    }

    fn shown(&mut self, whole: bool) -> Answer {
        let document = self.id();
        let seen = whole.then(|| self.recorder.seen(&document, self.marks.clone()).unwrap());
        let version = self.marks.len() as u64;
        let tag = Some(format!("{:08x}", version.wrapping_mul(0x9e37_79b9) & 0xffff_ffff));
        Answer { version: Some(version), tag, seen, revision: Some(self.revision()), ..Answer::default() }
    }

    /// Looks at the document for the last time and goes on with the next.
    fn close(&mut self) {
        let wrong = self.mistake == Mistake::Many && self.document == 2;
        let document = self.id();
        if wrong && self.shard == 1 {
            self.stale();
        }
        let mut marks = std::mem::take(&mut self.marks);
        if wrong && self.shard == 3 {
            marks.remove(40);
        }
        self.recorder.last(&document, Some(marks)).unwrap();
        for node in 0..3 {
            let heads = if wrong && self.shard == 6 && node == 2 { "c41f" } else { "7be0" };
            self.recorder.replica(&document, &name(node), Some(heads.into())).unwrap();
        }
        self.document += 1;
    }

    /// A read that shows an older state than it may.
    fn stale(&mut self) {
        let at = 59_000;
        let op = self.recorder.invoke(ms(at), self.ask(200, Kind::Read)).unwrap();
        let cut = self.marks.split_off(self.marks.len() - 2);
        let answer = Answer { revision: None, ..self.shown(true) };
        self.marks.extend(cut);
        self.recorder.ok(ms(at + 3), op, answer).unwrap();
    }
}
