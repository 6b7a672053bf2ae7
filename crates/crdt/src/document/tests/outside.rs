//! Changes from outside: stock clients edit beside the hub, and damage is met with an error and no panic.

use super::*;
use crate::document::{ApplyError, HeadsError, LoadError, Poisoned};
use automerge::legacy::{Key, ObjectId, Op as LegacyOp, OpId, OpType};
use automerge::transaction::Transactable;
use automerge::{ActorId, Change, ExpandedChange, ObjType};
use base::{Hash, Unit};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

/// What happens next: a client types, or the hub edits at a version, or a client's changes arrive.
#[derive(Debug, Clone)]
enum Event {
    Typed { client: usize, at: Index, delete: usize },
    Edited { behind: Index, at: Index, delete: usize },
    Synced { client: usize },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (0usize..2, any::<Index>(), 0usize..3).prop_map(|(client, at, delete)| Event::Typed {
            client,
            at,
            delete
        }),
        (any::<Index>(), any::<Index>(), 0usize..3).prop_map(|(behind, at, delete)| Event::Edited {
            behind,
            at,
            delete
        }),
        (0usize..2).prop_map(|client| Event::Synced { client }),
    ];
    vec(event, 1..30)
}

/// Brings a client and the hub to the same changes.
fn sync(case: &mut Case, client: &mut Automerge) {
    let new: Vec<Vec<u8>> = client
        .get_changes(&[])
        .into_iter()
        .map(|change| change.raw_bytes().to_vec())
        .filter(|bytes| !case.chunks.contains(bytes))
        .collect();
    case.document.apply(&new.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    case.chunks.extend(new);
    let all = case.chunks.iter().map(|bytes| Change::from_bytes(bytes.clone()).unwrap()).collect::<Vec<_>>();
    client.apply_changes(all).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn stock_clients_and_thin_clients_end_with_one_text(events in events()) {
        let limits = Limits::default();
        let mut case = Case::new(Shape::Text, &json!("start"));
        let mut clients: Vec<Automerge> = (0..2).map(|_| stock(&case.chunks[0]).fork()).collect();
        let mut versions = vec![case.document.heads()];
        for event in events {
            match event {
                Event::Typed { client, at, delete } => {
                    let (_, id) = clients[client].get(ROOT, "content").unwrap().unwrap();
                    let length = clients[client].length(&id);
                    let mut tx = clients[client].transaction();
                    let at = at.index(length + 1);
                    tx.splice_text(&id, at, delete.min(length - at) as isize, "c").unwrap();
                    tx.commit();
                }
                Event::Edited { behind, at, delete } => {
                    let heads = &versions[behind.index(versions.len())];
                    let text = case.document.content_json_at(Shape::Text, heads).unwrap();
                    let length = serde_json::from_slice::<String>(&text).unwrap().len();
                    let at = at.index(length + 1);
                    let ops = [splice(at, delete.min(length - at), "h")];
                    let made = case.document.edit(Shape::Text, heads, &ops, Unit::Utf16, stamp(), &limits).unwrap();
                    case.keep(made);
                }
                Event::Synced { client } => sync(&mut case, &mut clients[client]),
            }
            versions.push(case.document.heads());
        }
        for _ in 0..2 {
            clients.iter_mut().for_each(|client| sync(&mut case, client));
        }
        let text = case.content(Shape::Text);
        for client in &clients {
            prop_assert_eq!(&text, &json!(stock_text(client)));
        }
        case.check_convergence(Shape::Text);
    }
}

#[test]
fn a_text_document_without_a_text_is_still_one() {
    let limits = Limits::default();
    for start in [json!({"content": 5}), json!({})] {
        let mut case = Case::new(Shape::Json, &start);
        assert_eq!(case.document.shape(), Shape::Json);
        assert_eq!(case.content(Shape::Text), "");
        let at = case.document.heads();
        let made = case
            .document
            .edit(Shape::Text, &at, &[splice(0, 0, "hi")], Unit::Utf16, stamp(), &limits)
            .unwrap();
        case.keep(made);
        assert_eq!(case.content(Shape::Text), "hi");
        assert_eq!(case.document.shape(), Shape::Text);
        assert_eq!(case.document.content_json_at(Shape::Text, &at).unwrap(), b"\"\"");
        case.check_convergence(Shape::Text);
    }
}

#[test]
fn what_does_not_load_is_an_error() {
    assert!(matches!(Document::load([&b"no document"[..]]), Err(LoadError::Invalid(_))));
    let mut case = Case::new(Shape::Text, &json!("a"));
    for text in ["ab", "abc"] {
        let at = case.document.heads();
        let made =
            case.document.replace(Shape::Text, &at, &json!(text), stamp(), &Limits::default()).unwrap();
        case.keep(made);
    }
    let compacted = Document::load([case.chunks[0].as_slice()]).unwrap().freeze().unwrap().save().unwrap();
    let gap = Document::load([compacted.as_slice(), case.chunks[2].as_slice()]);
    assert!(matches!(gap, Err(LoadError::Incomplete { missing }) if missing.len() == 1));
    let whole = Document::load([&compacted, &case.chunks[1], &case.chunks[2]].map(Vec::as_slice)).unwrap();
    assert_eq!(whole.heads(), case.document.heads());
}

#[test]
fn a_change_without_its_dependencies_is_not_taken() {
    let mut case = Case::new(Shape::Text, &json!("a"));
    let first = case.document.heads();
    for text in ["ab", "abc"] {
        let at = case.document.heads();
        let made =
            case.document.replace(Shape::Text, &at, &json!(text), stamp(), &Limits::default()).unwrap();
        case.keep(made);
    }
    let mut other = Document::load([case.chunks[0].as_slice()]).unwrap();
    assert!(matches!(other.apply(&[&case.chunks[2]]), Err(ApplyError::Incomplete { .. })));
    assert!(matches!(other.apply(&[&case.chunks[1], b"junk"]), Err(ApplyError::Chunk { index: 1, .. })));
    assert_eq!(other.heads(), first);
    other.apply(&[&case.chunks[2], &case.chunks[1], &case.chunks[0]]).unwrap();
    assert_eq!(other.heads(), case.document.heads());
    let unknown = Hash([9; 32]);
    assert_eq!(other.content_json_at(Shape::Text, &[unknown]), Err(HeadsError::Unknown { unknown }));
}

#[test]
fn a_panic_of_automerge_poisons_the_document_and_nothing_else() {
    let case = Case::new(Shape::Text, &json!("a"));
    let mut document = case.document;
    let nobody = ActorId::random();
    let change = Change::from(ExpandedChange {
        operations: vec![LegacyOp {
            action: OpType::Make(ObjType::Map),
            obj: ObjectId::Id(OpId(77, nobody)),
            key: Key::Map("key".into()),
            pred: Vec::<OpId>::new().into(),
            insert: false,
        }],
        actor_id: ActorId::random(),
        hash: None,
        seq: 7,
        start_op: 3.try_into().unwrap(),
        time: 0,
        message: None,
        deps: hashes(&document.heads()),
        extra_bytes: Vec::new(),
        author: None,
    });
    let applied = document.apply(&[change.raw_bytes()]);
    assert!(matches!(applied, Err(ApplyError::Poisoned(Poisoned) | ApplyError::Refused(_))), "{applied:?}");
    assert_eq!(document.content_json(Shape::Text), Err(Poisoned));
    assert!(matches!(document.apply(&[]), Err(ApplyError::Poisoned(Poisoned))));
    assert!(document.freeze().is_err());
    assert_eq!(
        Document::load([case.chunks[0].as_slice()]).unwrap().content_json(Shape::Text).unwrap(),
        b"\"a\""
    );
}
