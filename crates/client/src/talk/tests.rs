//! Conversations, word by word.

use super::*;
use crate::error::EditError;
use serde_json::json;
use tokio::sync::oneshot;

fn heard(talk: &mut Talk, message: Value) -> Result<Heard, OutOfStep> {
    talk.hear(serde_json::from_value(message).unwrap())
}

fn snapshot(version: u64, content: &str) -> Value {
    json!({"type": "snapshot", "id": "automerge:4NMNnkMhL8jXrdJ9jamS58PAVdXu", "name": "n", "doc_type": "Text",
           "version": version, "heads": [], "owner": "ada", "access": "write", "created_at": "", "updated_at": "",
           "content": content, "url": ""})
}

fn update(from: u64, version: u64, ops: Value) -> Value {
    json!({"type": "update", "from": from, "version": version, "heads": [], "authors": ["bob"], "at": "", "ops": ops})
}

fn insert(position: usize, text: &str) -> Vec<Op> {
    vec![Op::Splice { path: vec![], position, delete: 0, insert: text.into() }]
}

fn begun() -> (Talk, SharedCopy) {
    let copy = SharedCopy::default();
    let mut talk = Talk::new(copy.clone(), false);
    assert_eq!(talk.hello("t".into()), r#"{"type":"auth","token":"t"}"#);
    assert_eq!(heard(&mut talk, snapshot(3, "ab")), Ok(Heard::Snapshot));
    (talk, copy)
}

fn content(copy: &SharedCopy) -> Value {
    copy.read().as_ref().unwrap().content.clone()
}

#[test]
fn the_copy_follows_and_a_new_socket_goes_on_from_it() {
    let (mut talk, copy) = begun();
    let ops = json!([{"op": "splice", "position": 1, "insert": "X"}]);
    assert!(matches!(heard(&mut talk, update(3, 5, ops)), Ok(Heard::Update(_))));
    assert_eq!(content(&copy), "aXb");
    assert_eq!(talk.hello("t2".into()), r#"{"type":"auth","token":"t2","since":5}"#);
    assert!(!talk.is_open());
    // Nothing has happened meanwhile.
    assert_eq!(heard(&mut talk, update(5, 5, json!([]))), Ok(Heard::Nothing));
    assert!(talk.is_open());
}

#[test]
fn an_update_that_does_not_fit_asks_for_the_document_anew() {
    let beyond = json!([{"op": "splice", "position": 0, "insert": "X"}, {"op": "splice", "position": 9}]);
    for wrong in [update(4, 5, json!([])), update(3, 4, beyond)] {
        let (mut talk, copy) = begun();
        assert!(heard(&mut talk, wrong).is_err());
        assert_eq!(content(&copy), "ab");
        assert_eq!(talk.hello("t".into()), r#"{"type":"auth","token":"t"}"#);
    }
}

#[test]
fn an_edit_is_sent_again_word_for_word_until_it_is_answered() {
    let (mut talk, _) = begun();
    let (reply, mut answer) = oneshot::channel();
    let sent = talk.edit("e1".into(), 3, insert(0, "x"), reply).unwrap();
    assert_eq!(talk.again().collect::<Vec<_>>(), [sent.as_str()]);
    let passing = json!({"type": "error", "id": "e1", "problem": "p", "status": 503, "detail": "d",
                         "retry_after_ms": 5});
    let later = Heard::Later { id: "e1".into(), after: Duration::from_millis(5) };
    assert_eq!(heard(&mut talk, passing), Ok(later));
    assert_eq!(talk.again_one("e1"), Some(sent.as_str()));
    assert!(answer.try_recv().is_err());
    heard(&mut talk, json!({"type": "ack", "id": "e1", "version": 4})).unwrap();
    assert_eq!(answer.try_recv().unwrap(), Ok(4));
    assert_eq!((talk.again().count(), talk.again_one("e1")), (0, None));
}

#[test]
fn a_refused_edit_is_told_and_the_others_go_on() {
    let (mut talk, _) = begun();
    let (first, mut refused) = oneshot::channel();
    let (second, mut waits) = oneshot::channel();
    talk.edit("e1".into(), 3, insert(9, "x"), first);
    talk.edit("e2".into(), 3, insert(0, "y"), second);
    let bad = json!({"type": "error", "id": "e1", "problem": "p", "status": 422, "detail": "out of range"});
    heard(&mut talk, bad).unwrap();
    let Ok(Err(EditError::Refused(problem))) = refused.try_recv() else { panic!("refused") };
    assert_eq!(problem.detail, "out of range");
    assert!(waits.try_recv().is_err());
    talk.end(&Ended::LetGo);
    assert_eq!(waits.try_recv().unwrap(), Err(EditError::Ended(Ended::LetGo)));
}

#[test]
fn an_error_without_a_name_is_that_of_the_only_message_that_it_can_mean() {
    let (mut talk, _) = begun();
    let refused = || json!({"type": "error", "problem": "p", "status": 413, "detail": "too large"});
    let (first, mut waits) = oneshot::channel();
    talk.edit("e1".into(), 3, insert(0, "x"), first);
    talk.say(json!("hello"));
    heard(&mut talk, refused()).unwrap();
    assert!(waits.try_recv().is_err(), "the presence may be meant");

    talk.hello("t".into());
    let (second, mut other) = oneshot::channel();
    talk.edit("e2".into(), 3, insert(0, "y"), second);
    heard(&mut talk, refused()).unwrap();
    assert!(waits.try_recv().is_err() && other.try_recv().is_err(), "either may be meant");
    heard(&mut talk, json!({"type": "ack", "id": "e2", "version": 4})).unwrap();
    heard(&mut talk, refused()).unwrap();
    assert!(matches!(waits.try_recv(), Ok(Err(EditError::Refused(_)))));
}

#[test]
fn an_edit_that_no_hub_takes_is_not_sent() {
    let (mut talk, _) = begun();
    let (reply, mut answer) = oneshot::channel();
    assert_eq!(talk.edit("e1".into(), 3, insert(0, &"x".repeat(32 << 20)), reply), None);
    assert!(matches!(answer.try_recv(), Ok(Err(EditError::TooLong { .. }))));
    assert_eq!(talk.again().count(), 0);
}

#[test]
fn no_more_edits_than_the_hub_takes_are_under_way() {
    let (mut talk, _) = begun();
    let answers: Vec<_> = (0..crate::edits::IN_FLIGHT_MAX)
        .map(|number| {
            assert!(talk.has_room());
            let (reply, answer) = oneshot::channel();
            talk.edit(number.to_string(), 3, insert(0, "x"), reply);
            answer
        })
        .collect();
    assert!(!talk.has_room());
    drop(answers);
    heard(&mut talk, json!({"type": "ack", "id": "7", "version": 4})).unwrap();
    assert!(talk.has_room());
}
