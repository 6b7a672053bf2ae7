//! Offers of several senders on one intake.

use super::*;

fn first(actor: &[u8], key: &str) -> (Hash, Vec<u8>) {
    Forged::first(actor, vec![ForgedOp::set(key, "v")]).chunk()
}

#[test]
fn a_wrong_offer_leaves_no_trace_for_the_next() {
    let (alice, bob) = (first(ALICE, "a"), first(BOB, "b"));
    // Bob's change, and then one of his that jumps a number.
    let gap = Forged {
        deps: vec![bob.0],
        seq: 3,
        start_op: 2,
        ..Forged::first(BOB, vec![ForgedOp::set("c", "v")])
    };
    let wrong = [&bob.1[..], &gap.chunk().1].concat();

    let graph = Graph::new();
    let mut intake = graph.intake();
    assert_eq!(intake.admit(&alice.1, &Limits::default()).unwrap().changes.len(), 1);
    let refused = intake.admit(&wrong, &Limits::default()).unwrap_err();
    assert!(matches!(refused, Refused::SeqGap { seq: 3, next: 2, .. }), "{refused}");
    assert_eq!(intake.heads(), [alice.0]);

    // Somebody else's change of the same actor and number is not in the way of Bob's real one.
    assert_eq!(intake.admit(&bob.1, &Limits::default()).unwrap().changes.len(), 1);
    let mut both = vec![alice.0, bob.0];
    both.sort_unstable();
    assert_eq!(intake.heads(), both);
}

#[test]
fn an_offer_builds_on_those_before_it() {
    let alice = first(ALICE, "a");
    let next =
        Forged { deps: vec![alice.0], start_op: 2, ..Forged::first(BOB, vec![ForgedOp::set("b", "v")]) };
    let (hash, chunk) = next.chunk();

    let graph = Graph::new();
    let mut intake = graph.intake();
    let early = intake.admit(&chunk, &Limits::default()).unwrap();
    assert_eq!((early.changes.len(), early.orphans.len()), (0, 1));
    intake.admit(&alice.1, &Limits::default()).unwrap();
    // What waited is offered again by its sender: one offer's orphans are not another's.
    let again = intake.admit(&chunk, &Limits::default()).unwrap();
    assert_eq!(again.changes.len(), 1);
    assert_eq!(intake.heads(), [hash]);
    assert!(intake.admit(&chunk, &Limits::default()).unwrap().changes.is_empty());
}
