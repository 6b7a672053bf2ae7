//! Changes that Automerge does not survive, each refused by its name. Each test shows first that Automerge
//! really fails, so that a check is not kept for a reason that is gone.

use super::super::forge::{Broken, ForgedKey, envelope};
use super::*;

fn id(counter: u64, actor: &[u8]) -> ForgedId {
    (counter, actor.to_vec())
}

fn text() -> ForgedOp {
    ForgedOp::set("text", "").action(4)
}

fn list() -> ForgedOp {
    ForgedOp::set("list", "").action(2)
}

fn letter(letter: &str) -> ForgedOp {
    ForgedOp::set("", letter)
}

/// Alice's document: a text "ab" and a list of one counter; operations 1 to 6.
fn base() -> Forged {
    let (t, l) = (id(1, ALICE), id(4, ALICE));
    Forged::first(
        ALICE,
        vec![
            text(),
            letter("a").within(&t).inserted(None),
            letter("b").within(&t).inserted(Some(&id(2, ALICE))),
            list(),
            letter("").value(8, &[1]).within(&l).inserted(None),
            ForgedOp::set("k", "v"),
        ],
    )
}

/// Bob's first change, on top of Alice's.
fn on_base(ops: Vec<ForgedOp>) -> Forged {
    Forged { deps: vec![base().chunk().0], start_op: 7, ..Forged::first(BOB, ops) }
}

fn attack(change: &Forged) -> (Result<(), Broken>, Result<Admission, Refused>, Hash) {
    let alice = base().chunk().1;
    let (hash, chunk) = change.chunk();
    let graph = graph_of(&[&alice]);
    (survive(&[alice, chunk.clone()]), admit(&graph, &chunk), hash)
}

#[track_caller]
fn refused(change: &Forged) -> Refused {
    let (automerge, admission, _) = attack(change);
    assert!(automerge.is_err(), "Automerge survives this");
    admission.expect_err("refused")
}

/// Refused although Automerge survives it: no library makes it.
#[track_caller]
fn refused_as_odd(change: &Forged) -> Refused {
    attack(change).1.expect_err("refused")
}

fn hash_of(change: &Forged) -> Hash {
    change.chunk().0
}

#[test]
fn the_base_is_sound() {
    let (automerge, admission, hash) =
        attack(&on_base(vec![ForgedOp::set("k", "w").replacing(&id(6, ALICE))]));
    assert_eq!(automerge, Ok(()));
    assert_eq!(admission.unwrap().changes[0].summary.hash(), hash);
}

#[test]
fn an_unknown_actor_that_starts_in_the_middle() {
    let change = Forged { seq: 7, ..on_base(vec![ForgedOp::set("x", "y")]) };
    assert_eq!(refused(&change), Refused::SeqGap { change: hash_of(&change), seq: 7, next: 1 });
}

#[test]
fn an_object_that_does_not_exist() {
    let change = on_base(vec![ForgedOp::set("x", "y").within(&id(99, ALICE))]);
    assert_eq!(refused(&change), Refused::UnknownObject { change: hash_of(&change), op: 7 });
}

#[test]
fn a_predecessor_of_an_unknown_actor() {
    let change = on_base(vec![ForgedOp::set("k", "w").replacing(&id(6, &[0xee; 16]))]);
    assert_eq!(refused(&change), Refused::UnknownActor { change: hash_of(&change) });
}

#[test]
fn a_list_element_that_does_not_exist() {
    let change = on_base(vec![letter("x").within(&id(1, ALICE)).inserted(Some(&id(99, ALICE)))]);
    assert_eq!(refused(&change), Refused::UnknownElement { change: hash_of(&change), op: 7 });
}

#[test]
fn a_predecessor_that_does_not_exist() {
    let change = on_base(vec![ForgedOp::set("k", "w").replacing(&id(99, ALICE))]);
    assert!(
        matches!(attack(&change).0, Err(Broken::DoesNotLoad(_) | Broken::Panics(_))),
        "{:?}",
        attack(&change).0
    );
    assert_eq!(refused(&change), Refused::UnknownPredecessor { change: hash_of(&change), op: 7 });
}

#[test]
fn operation_numbers_that_run_out() {
    let change = Forged { start_op: u64::from(u32::MAX), ..on_base(vec![ForgedOp::set("x", "y")]) };
    assert_eq!(
        refused_as_odd(&change),
        Refused::StartOpTooHigh { change: hash_of(&change), max_op: u32::MAX.into() }
    );
}

#[test]
fn an_empty_change_that_leaves_numbers_out() {
    let change = Forged { start_op: 9, ..on_base(vec![]) };
    assert_eq!(
        refused(&change),
        Refused::GapBeforeNothing { change: hash_of(&change), start_op: 9, next: 7 }
    );
}

#[test]
fn a_start_below_the_dependencies() {
    let change = Forged { start_op: 6, ..on_base(vec![ForgedOp::set("x", "y")]) };
    assert_eq!(refused(&change), Refused::StartOpTooLow { change: hash_of(&change), start_op: 6, max_op: 6 });
}

#[test]
fn a_second_change_with_the_same_number() {
    let change = Forged::first(ALICE, vec![ForgedOp::set("x", "y")]);
    let other = hash_of(&base());
    assert_eq!(refused(&change), Refused::DuplicateSeq { change: hash_of(&change), seq: 1, other });
}

#[test]
fn a_change_that_does_not_follow_its_actors_last() {
    let change = Forged { seq: 2, start_op: 7, ..Forged::first(ALICE, vec![ForgedOp::set("x", "y")]) };
    let previous = hash_of(&base());
    assert_eq!(
        refused_as_odd(&change),
        Refused::PreviousChangeNotAncestor { change: hash_of(&change), previous }
    );
}

#[test]
fn predecessors_elsewhere() {
    let (t, l) = (id(1, ALICE), id(4, ALICE));
    let (a, b, counter) = (id(2, ALICE), id(3, ALICE), id(5, ALICE));
    let elsewhere = [
        ForgedOp::set("k2", "w").replacing(&id(6, ALICE)),
        ForgedOp::set("k2", "").action(3).replacing(&id(6, ALICE)),
        letter("").within(&t).at(&a).action(3).replacing(&b),
        letter("").within(&t).at(&a).action(3).replacing(&counter),
        letter("").within(&l).at(&counter).action(3).replacing(&id(6, ALICE)),
        ForgedOp::set("k", "").action(3).replacing(&a),
    ];
    for op in elsewhere {
        let change = on_base(vec![op]);
        assert_eq!(refused(&change), Refused::UnknownPredecessor { change: hash_of(&change), op: 7 });
    }
}

#[test]
fn deletions_that_a_document_does_not_keep() {
    let a = id(2, ALICE);
    let lost = [
        ForgedOp::set("k", "").action(3),
        ForgedOp::set("k", "").action(3).value(6, b"x").replacing(&id(6, ALICE)),
        letter("").within(&id(1, ALICE)).at(&a).action(3).replacing(&a).inserted(Some(&a)),
    ];
    for op in lost {
        let change = on_base(vec![op]);
        assert_eq!(refused(&change), Refused::BadOperation { change: hash_of(&change), op: 7 });
    }
}

#[test]
fn predecessors_out_of_order_or_twice() {
    let twice = on_base(vec![ForgedOp::set("k", "w").replacing(&id(6, ALICE)).replacing(&id(6, ALICE))]);
    let (k, c) = (id(7, BOB), id(6, ALICE));
    let backwards =
        on_base(vec![ForgedOp::set("k", "w"), ForgedOp::set("k", "x").replacing(&k).replacing(&c)]);
    assert_eq!(refused_as_odd(&twice), Refused::UnorderedPredecessors { change: hash_of(&twice), op: 7 });
    assert_eq!(refused(&backwards), Refused::UnorderedPredecessors { change: hash_of(&backwards), op: 8 });
}

#[test]
fn objects_of_the_wrong_kind() {
    let (t, l, a) = (id(1, ALICE), id(4, ALICE), id(2, ALICE));
    let wrong = [
        ForgedOp::set("x", "y").within(&t),
        ForgedOp::set("x", "y").within(&l),
        ForgedOp { key: ForgedKey::Element(a.clone()), insert: true, ..ForgedOp::set("", "y") },
        letter("").mark("bold").within(&l).inserted(None),
    ];
    for op in wrong {
        let change = on_base(vec![op]);
        assert_eq!(refused_as_odd(&change), Refused::WrongObjectKind { change: hash_of(&change), op: 7 });
    }
}

#[test]
fn an_element_of_another_list() {
    let change = on_base(vec![letter("x").within(&id(4, ALICE)).inserted(Some(&id(2, ALICE)))]);
    assert_eq!(refused(&change), Refused::UnknownElement { change: hash_of(&change), op: 7 });
}

#[test]
fn operations_inside_a_table() {
    let change = on_base(vec![ForgedOp::set("t", "").action(6), ForgedOp::set("x", "y").within(&id(7, BOB))]);
    assert_eq!(refused(&change), Refused::WrongObjectKind { change: hash_of(&change), op: 8 });
}

#[test]
fn marks_that_end_before_they_begin() {
    let t = id(1, ALICE);
    let (a, b) = (id(2, ALICE), id(3, ALICE));
    let begin = |after: Option<&ForgedId>| letter("").value(2, &[]).mark("bold").within(&t).inserted(after);
    let end = |after: Option<&ForgedId>| letter("").action(7).within(&t).inserted(after);
    for (begins, ends) in [(Some(&b), Some(&a)), (Some(&a), None), (None, None), (Some(&b), Some(&b))] {
        let change = on_base(vec![begin(begins), end(ends)]);
        assert_eq!(
            refused(&change),
            Refused::BadMark { change: hash_of(&change), op: 8 },
            "{begins:?} {ends:?}"
        );
    }
    for (begins, ends) in [(None, Some(&a)), (Some(&a), Some(&b)), (Some(&b), Some(&id(7, BOB)))] {
        let (automerge, admission, _) = attack(&on_base(vec![begin(begins), end(ends)]));
        assert_eq!((automerge, admission.map(drop)), (Ok(()), Ok(())), "{begins:?} {ends:?}");
    }
    let alone = on_base(vec![end(Some(&a))]);
    assert_eq!(refused(&alone), Refused::BadMark { change: hash_of(&alone), op: 7 });
    let open = on_base(vec![begin(Some(&a))]);
    assert_eq!(refused_as_odd(&open), Refused::BadMark { change: hash_of(&open), op: 7 });
}

#[test]
fn increments_of_what_is_no_counter() {
    let by_one = |op: ForgedOp| op.action(5).value(4, &[1]);
    let text = on_base(vec![by_one(ForgedOp::set("k", "")).replacing(&id(6, ALICE))]);
    assert_eq!(refused_as_odd(&text), Refused::BadIncrement { change: hash_of(&text), op: 7 });
    let counter = id(5, ALICE);
    let fine = by_one(letter("").within(&id(4, ALICE)).at(&counter)).replacing(&counter);
    let by_text = on_base(vec![fine.clone().value(6, b"x")]);
    assert_eq!(refused(&by_text), Refused::BadIncrement { change: hash_of(&by_text), op: 7 });
    let huge =
        on_base(vec![fine.clone().value(4, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0])]);
    assert_eq!(refused_as_odd(&huge), Refused::BadIncrement { change: hash_of(&huge), op: 7 });
    let (automerge, admission, _) = attack(&on_base(vec![fine]));
    assert_eq!((automerge, admission.map(drop)), (Ok(()), Ok(())));
}

#[test]
fn values_that_are_not_of_their_type() {
    let wrong: [(u8, &[u8]); 6] =
        [(6, &[0xff]), (5, &[0; 4]), (4, &[0x80]), (0, &[1]), (3, &[0x80, 0]), (12, &[1])];
    for (code, bytes) in wrong {
        let change = on_base(vec![ForgedOp::set("x", "").value(code, bytes)]);
        assert_eq!(refused_as_odd(&change), Refused::BadValue { change: hash_of(&change), op: 7 });
    }
}

#[test]
fn an_unknown_action() {
    let change = on_base(vec![ForgedOp::set("x", "y").action(8)]);
    assert_eq!(refused(&change), Refused::UnknownAction { change: hash_of(&change), op: 7, action: 8 });
}

#[test]
fn actors_that_nobody_named() {
    let change = Forged { idle_actors: vec![ALICE.to_vec()], ..on_base(vec![ForgedOp::set("x", "y")]) };
    assert_eq!(refused(&change), Refused::NotCanonical { change: hash_of(&change) });
}

#[test]
fn dependencies_named_twice() {
    let change = on_base(vec![ForgedOp::set("x", "y")]);
    let change = Forged { deps: [change.deps.clone(), change.deps].concat(), ..change };
    assert_eq!(refused_as_odd(&change), Refused::DuplicateDependency { change: hash_of(&change) });
}

#[test]
fn footers_that_name_no_author() {
    let change = Forged { footer: vec![9, 9], ..on_base(vec![ForgedOp::set("x", "y")]) };
    assert_eq!(refused_as_odd(&change), Refused::BadFooter { change: hash_of(&change) });
    let base = hash_of(&base());
    let second = Forged {
        seq: 2,
        start_op: 7,
        deps: vec![base],
        footer: vec![0, 1, 65],
        ..Forged::first(ALICE, vec![])
    };
    assert_eq!(refused_as_odd(&second), Refused::BadFooter { change: hash_of(&second) });
    let (automerge, admission, _) =
        attack(&Forged { footer: vec![0, 1, 65], ..on_base(vec![ForgedOp::set("x", "y")]) });
    assert_eq!((automerge, admission.map(drop)), (Ok(()), Ok(())));
}

#[test]
fn times_that_no_clock_shows() {
    for time in [i64::MIN, i64::MAX] {
        let change = Forged { time, ..on_base(vec![]) };
        assert_eq!(refused_as_odd(&change), Refused::BadTime { change: hash_of(&change) });
    }
}

#[test]
fn bytes_that_are_no_chunks() {
    let graph = Graph::new();
    let (_, chunk) = base().chunk();
    let damaged = |at: usize, bits: u8| {
        let mut chunk = chunk.clone();
        chunk[at] ^= bits;
        admit(&graph, &chunk).unwrap_err()
    };
    assert_eq!(damaged(0, 1), Refused::NotAChunk);
    assert_eq!(damaged(4, 1), Refused::BadChecksum);
    assert_eq!(damaged(chunk.len() - 1, 1), Refused::BadChecksum);
    assert_eq!(
        admit(&graph, &envelope(3, b"bundle")).unwrap_err(),
        Refused::UnknownChunkType { chunk_type: 3 }
    );
    assert!(matches!(admit(&graph, &chunk[..chunk.len() - 1]), Err(Refused::Malformed(_))));
    assert!(admit(&graph, &[]).unwrap().changes.is_empty());
}

#[test]
fn changes_that_wait_for_others() {
    let bob = on_base(vec![ForgedOp::set("x", "y")]);
    let (hash, chunk) = bob.chunk();
    let admission = admit(&Graph::new(), &chunk).unwrap();
    assert!(admission.changes.is_empty());
    assert_eq!((admission.orphans[0].hash, admission.orphans[0].missing), (hash, hash_of(&base())));
    let limits = Limits { orphans: 0, ..Limits::default() };
    assert_eq!(Graph::new().admit(&chunk, &limits).unwrap_err(), Refused::TooManyOrphans { limit: 0 });
    let both = [chunk, base().chunk().1].concat();
    assert_eq!(admit(&Graph::new(), &both).unwrap().changes.len(), 2);
}
