//! Histories are written, read back, and refused where they cannot have happened.

use super::*;
use crate::check::tests::story::{self, invoke, ms, ok, sound};
use crate::history::line::Line;
use crate::ledger::Mark;

fn refused(lines: &[Line]) -> String {
    let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
    read(text.as_bytes()).unwrap_err().to_string()
}

#[track_caller]
fn refuses(words: &str, mistake: impl FnOnce(&mut Vec<Line>)) {
    let mut lines = sound();
    mistake(&mut lines);
    let said = refused(&lines);
    assert!(said.contains(words), "{said}");
}

#[test]
fn what_is_recorded_is_read_back() {
    let mut recorder = Recorder::new(vec![], "leader-kill", 7).unwrap();
    let document = Document::from("d");
    let ask = |kind| Ask { client: ClientId(4), shard: Some(ShardId(2)), document: None, kind };
    let created = recorder.invoke(ms(1), ask(Kind::Create { mark: Mark(1) })).unwrap();
    let forgotten = recorder.invoke(ms(2), ask(Kind::Delete)).unwrap();
    let seen = recorder.seen(&document, vec![Mark(1)]).unwrap();
    let answer = Answer { document: Some(document.clone()), seen: Some(seen), ..Answer::default() };
    recorder.ok(ms(3), created, answer.clone()).unwrap();
    recorder.node(ms(4), "n1", Condition::Cut).unwrap();
    recorder.leader(ms(5), ShardId(2), 3, "n2").unwrap();
    recorder.opened(ms(5), ClientId(4)).unwrap();
    recorder.closed(ms(6), ClientId(4), Side::Hub, "1006").unwrap();
    recorder.last(&document, Some(vec![Mark(1)])).unwrap();
    recorder.replica(&document, "n1", Some("h".into())).unwrap();
    assert!(!recorder.is_full());
    let text = recorder.finish(ms(9)).unwrap();

    let history = read(&text[..]).unwrap();
    assert_eq!((&history.drill[..], history.seed, history.ends), ("leader-kill", 7, ms(9)));
    assert_eq!(history.operations.len(), 2);
    assert_eq!(history.operations[0].ok(), Some(&answer));
    assert_eq!(history.operations[0].subject(), Some(&document));
    assert_eq!(history.operations[0].place(), Some(ShardId(2)));
    assert_eq!(history.operations[1].id, forgotten);
    assert_eq!(history.operations[1].end, End::Unknown { at: ms(9) }, "what did not end is unknown");
    assert_eq!(history.states.marks(seen), [Mark(1)]);
    assert_eq!(history.nodes[0].became, Condition::Cut);
    assert_eq!(history.leaders[0].term, 3);
    assert_eq!((history.sockets, &history.closings[0].reason[..]), (1, "1006"));
    assert_eq!(history.finals[0].state, Some(seen), "the same marks are the same state");
    assert_eq!(history.replicas[0].heads.as_deref(), Some("h"));
}

#[test]
fn a_history_that_is_cut_off_is_refused() {
    refuses("is cut off", |lines| _ = lines.pop());
    assert!(refused(&[]).contains("is cut off after 0 lines"));
    let error = read(&b"{\"event\":\"start\",\"format\":1,\"drill\":\"d\",\"se"[..]).unwrap_err();
    assert!(matches!(error, ReadError::Syntax { line: 1, .. }));
}

#[test]
fn a_history_that_contradicts_itself_is_refused() {
    refuses("begins twice", |lines| lines.insert(20, invoke(0, 1, 50, "d", Kind::Read)));
    refuses("ends and is not under way", |lines| lines.insert(20, ok(0, 50, Answer::default())));
    refuses("is used by two operations", |lines| {
        lines.insert(20, invoke(99, 1, 50, "d", Kind::Create { mark: Mark(1) }));
    });
    refuses("has no end", |lines| lines.insert(20, invoke(99, 1, 50, "d", Kind::Read)));
    refuses("ends before it begins", |lines| {
        lines.splice(20..20, [invoke(99, 1, 50, "d", Kind::Read), ok(99, 49, Answer::default())]);
    });
    refuses("shows a state that is not of its document", |lines| {
        story::answer(lines, 23, |answer| {
            (answer.absent, answer.seen) = (false, Some(StateId(0)));
        });
    });
    refuses("answered for another document", |lines| {
        story::answer(lines, 9, |answer| answer.document = Some("e".into()));
    });
    refuses("a history begins with one `start`", |lines| _ = lines.remove(0));
    refuses("it comes after the end", |lines| lines.push(lines[1].clone()));
    refuses("this program reads 1", |lines| {
        lines[0] = Line::Start { format: 2, drill: String::new(), seed: 0 };
    });
    refuses("goes on until", |lines| {
        let end = lines.len() - 1;
        lines[end] = Line::End { at: ms(5) };
    });
}

#[test]
#[should_panic(expected = "ends once")]
fn an_operation_ends_once() {
    let mut recorder = Recorder::new(vec![], "d", 1).unwrap();
    let ask = Ask { client: ClientId(1), shard: None, document: None, kind: Kind::Read };
    let op = recorder.invoke(ms(1), ask).unwrap();
    recorder.unknown(ms(2), op).unwrap();
    recorder.unknown(ms(3), op).unwrap();
}
