//! A small drill, told line by line: the leader of shard 0 is killed and comes back; every kind of operation and of
//! outcome is there.

use crate::history::line::{Invoke, Line, StateLine};
use crate::history::{
    Answer, ClientId, Closing, Condition, Final, History, Kind, Leadership, Micros, NodeChange, OperationId,
    Replica, Revision, ShardId, Side, StateId, read,
};
use crate::ledger::Mark;

/// Milliseconds.
pub fn ms(ms: u64) -> Micros {
    Micros(ms * 1_000)
}

/// The `n`th revision of a shard.
pub fn revision(shard: u32, index: u64) -> Revision {
    Revision { shard: ShardId(shard), index }
}

/// An answer that shows a version, its tag and a state.
pub fn shows(version: u64, state: u32, revision: Revision) -> Answer {
    Answer {
        version: Some(version),
        tag: Some(format!("t{version}")),
        seen: Some(StateId(state)),
        revision: Some(revision),
        ..Answer::default()
    }
}

/// An operation's beginning.
pub fn invoke(op: u64, client: u32, at: u64, document: &str, kind: Kind) -> Line {
    Line::Invoke(Invoke {
        at: ms(at),
        op: OperationId(op),
        client: ClientId(client),
        shard: None,
        document: Some(document.into()),
        kind,
    })
}

/// An operation's good end.
pub fn ok(op: u64, at: u64, answer: Answer) -> Line {
    Line::Ok { at: ms(at), op: OperationId(op), answer }
}

/// An operation's bad end.
pub fn failed(op: u64, at: u64, answer: Answer) -> Line {
    Line::Failed { at: ms(at), op: OperationId(op), reason: "412".into(), answer }
}

/// A state of a document in full.
pub fn state(document: &str, state: u32, marks: &[u64]) -> Line {
    let new = marks.iter().copied().map(Mark).collect();
    Line::State(StateLine { document: document.into(), state: StateId(state), from: None, gone: vec![], new })
}

/// A node that became something else.
pub fn node(at: u64, node: &str, became: Condition) -> NodeChange {
    NodeChange { at: ms(at), node: node.into(), became }
}

fn leader(at: u64, shard: u32, term: u64, node: &str) -> Line {
    Line::Leader(Leadership { at: ms(at), shard: ShardId(shard), term, node: node.into() })
}

fn create(mark: u64) -> Kind {
    Kind::Create { mark: Mark(mark) }
}

fn edit(mark: u64, base: u64) -> Kind {
    Kind::Edit { mark: Mark(mark), base }
}

fn swap(mark: u64, tag: &str) -> Kind {
    Kind::Swap { mark: Mark(mark), tag: tag.into() }
}

fn at_least(revision: Revision) -> Kind {
    Kind::ReadAt { at_least: Some(revision) }
}

/// The story.
pub fn sound() -> Vec<Line> {
    let mut lines = vec![
        Line::Start { format: 1, drill: "leader-kill".into(), seed: 7 },
        leader(0, 0, 1, "n1"),
        leader(0, 1, 1, "n2"),
    ];
    lines.extend((1..=3).map(|client| Line::Opened { at: ms(1), client: ClientId(client) }));
    lines.extend(before_the_kill());
    lines.extend(after_the_kill());
    lines.extend(another_document());
    lines.extend((1..=3).map(|client| {
        Line::Closed(Closing {
            at: ms(2_100),
            client: ClientId(client),
            by: Side::Client,
            reason: "the drill is over".into(),
        })
    }));
    lines.push(Line::Final(Final { document: "d".into(), state: Some(StateId(5)) }));
    lines.push(Line::Final(Final { document: "e".into(), state: None }));
    for name in ["n1", "n2", "n3"] {
        let replica = |document: &str, heads: Option<&str>| {
            Line::Replica(Replica {
                document: document.into(),
                node: name.into(),
                heads: heads.map(str::to_owned),
            })
        };
        lines.extend([replica("d", Some("h6")), replica("e", None)]);
    }
    lines.push(Line::End { at: ms(2_200) });
    lines
}

fn before_the_kill() -> Vec<Line> {
    vec![
        invoke(0, 1, 10, "d", create(1)),
        state("d", 0, &[1]),
        ok(0, 20, shows(1, 0, revision(0, 1))),
        invoke(1, 1, 30, "d", edit(2, 1)),
        state("d", 1, &[1, 2]),
        ok(1, 40, shows(2, 1, revision(0, 2))),
        invoke(2, 2, 50, "d", Kind::Read),
        ok(2, 60, shows(2, 1, revision(0, 2))),
        invoke(3, 2, 70, "d", swap(3, "t2")),
        state("d", 2, &[1, 2, 3]),
        ok(3, 80, shows(3, 2, revision(0, 3))),
        invoke(4, 1, 90, "d", edit(4, 2)),
    ]
}

fn after_the_kill() -> Vec<Line> {
    vec![
        Line::Node(node(100, "n1", Condition::Killed)),
        invoke(5, 2, 105, "d", edit(5, 3)),
        invoke(6, 3, 110, "d", at_least(revision(0, 3))),
        ok(6, 130, shows(3, 2, revision(0, 3))),
        leader(1_000, 0, 2, "n3"),
        state("d", 3, &[1, 2, 3, 5]),
        ok(5, 1_200, shows(4, 3, revision(0, 5))),
        invoke(7, 3, 1_300, "d", at_least(revision(0, 5))),
        ok(7, 1_310, shows(4, 3, revision(0, 5))),
        invoke(8, 2, 1_400, "d", swap(9, "t2")),
        failed(8, 1_410, Answer { tag: Some("t4".into()), ..Answer::default() }),
        Line::Unknown { at: ms(1_500), op: OperationId(4) },
        Line::Node(node(1_600, "n1", Condition::Alive)),
        invoke(9, 1, 1_700, "d", Kind::Read),
        state("d", 4, &[1, 2, 3, 4, 5]),
        ok(9, 1_710, shows(5, 4, revision(0, 6))),
        invoke(10, 2, 1_800, "d", edit(6, 4)),
        state("d", 5, &[1, 2, 3, 4, 5, 6]),
        ok(10, 1_810, shows(6, 5, revision(0, 7))),
        invoke(11, 1, 1_900, "d", Kind::Read),
        ok(11, 1_910, shows(6, 5, revision(0, 7))),
    ]
}

fn another_document() -> Vec<Line> {
    let absent = Answer { absent: true, ..Answer::default() };
    vec![
        invoke(20, 1, 21, "e", create(7)),
        state("e", 6, &[7]),
        ok(20, 29, shows(1, 6, revision(1, 1))),
        invoke(21, 3, 140, "e", edit(8, 1)),
        state("e", 7, &[7, 8]),
        ok(21, 150, shows(2, 7, revision(1, 2))),
        invoke(22, 3, 1_320, "e", Kind::Delete),
        ok(22, 1_330, Answer::default()),
        invoke(23, 3, 1_340, "e", Kind::Read),
        ok(23, 1_350, absent),
    ]
}

/// A history from its lines, through the form in which it is stored.
pub fn history(lines: &[Line]) -> History {
    let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
    read(text.as_bytes()).unwrap()
}

/// Changes the end of an operation.
pub fn answer(lines: &mut [Line], wanted: u64, change: impl Fn(&mut Answer)) {
    for line in lines {
        match line {
            Line::Ok { op, answer, .. } | Line::Failed { op, answer, .. } if op.0 == wanted => change(answer),
            _ => {}
        }
    }
}

/// Lets `d` hold these marks at the end.
pub fn end(lines: &mut Vec<Line>, marks: &[u64]) {
    let place = lines.iter().position(|line| matches!(line, Line::Final(_))).unwrap();
    lines[place] = Line::Final(Final { document: "d".into(), state: Some(StateId(8)) });
    lines.insert(place, state("d", 8, marks));
}

/// Adds lines before the last look.
pub fn insert(lines: &mut Vec<Line>, others: impl IntoIterator<Item = Line>) {
    let place = lines.iter().position(|line| matches!(line, Line::Final(_))).unwrap();
    lines.splice(place..place, others);
}

/// Changes the heads of a replica at the end.
pub fn replica(lines: &mut [Line], wanted: &str, name: &str, value: Option<&str>) {
    for line in lines {
        if let Line::Replica(replica) = line
            && *replica.document == *wanted
            && replica.node == name
        {
            replica.heads = value.map(str::to_owned);
        }
    }
}
