//! The graph against plain ways to the same answers, and its kept form.

use std::collections::{BTreeMap, BTreeSet};

use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ObjType, ROOT, ReadDoc};
use proptest::prelude::*;

use super::run::Id;
use super::*;
use crate::admit::Limits;
use crate::admit::forge::{Forged, ForgedKey, ForgedOp};

/// Each step makes a change of one of twelve actors on the heads that some earlier change had seen, and its
/// actor's last.
fn random_graph(steps: &[(usize, usize, bool)]) -> (Graph, Vec<(Hash, Vec<Hash>)>) {
    let mut graph = Graph::new();
    let mut made: Vec<(Hash, Vec<Hash>)> = Vec::new();
    let mut last: BTreeMap<usize, (Hash, u64)> = BTreeMap::new();
    for (actor, seen, all) in steps {
        let mut deps: BTreeSet<Hash> =
            made.get(seen % (made.len() + 1)).map(|(hash, _)| *hash).into_iter().collect();
        if *all {
            deps = graph.heads().collect();
        }
        deps.extend(last.get(actor).map(|(hash, _)| *hash));
        let seq = last.get(actor).map_or(1, |(_, seq)| seq + 1);
        let first = Forged::first(&[*actor as u8 + 1; 16], vec![ForgedOp::set("k", "v")]);
        let change =
            Forged { deps: deps.iter().copied().collect(), seq, start_op: graph.max_op() + 1, ..first };
        let admission = graph.admit(&change.chunk().1, &Limits::default()).unwrap();
        let summary = &admission.changes[0].summary;
        assert!(graph.insert(summary).unwrap());
        last.insert(*actor, (summary.hash(), seq));
        made.push((summary.hash(), summary.deps().to_vec()));
    }
    (graph, made)
}

fn ancestors(made: &[(Hash, Vec<Hash>)], of: &[Hash]) -> BTreeSet<Hash> {
    let deps: BTreeMap<_, _> = made.iter().map(|(hash, deps)| (*hash, deps)).collect();
    let (mut seen, mut todo) = (BTreeSet::new(), of.to_vec());
    while let Some(hash) = todo.pop() {
        if seen.insert(hash) {
            todo.extend(deps[&hash]);
        }
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn ancestors_are_those_that_a_walk_finds(
        steps in proptest::collection::vec((0usize..12, 0usize..200, proptest::bool::weighted(0.1)), 1..150),
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let (graph, made) = random_graph(&steps);
        let picked: Vec<Hash> = picks.iter().map(|pick| made[pick.index(made.len())].0).collect();
        let walked = ancestors(&made, &picked);
        let since = graph.since(&picked);
        let expected: Vec<Hash> = made.iter().map(|(hash, _)| *hash).filter(|hash| !walked.contains(hash)).collect();
        prop_assert_eq!(&since, &expected);
        let joins = |hash: &Hash| hash.0[0] > 32;
        let left_out: Vec<Hash> = expected.iter().copied().filter(|hash| !joins(hash)).collect();
        let stays = |hash: &Hash| !ancestors(&made, &[*hash]).iter().any(|hash| left_out.contains(hash));
        let joined: Vec<Hash> = made.iter().map(|(hash, _)| *hash).filter(stays).collect();
        prop_assert_eq!(graph.joined(&picked, joins), graph.frontier(&joined));
        let (first, rest) = (picked[0], &picked[1..]);
        let newest: BTreeSet<Hash> = picked.iter().copied()
            .filter(|hash| !picked.iter().any(|other| other != hash && ancestors(&made, &[*other]).contains(hash)))
            .collect();
        prop_assert_eq!(graph.frontier(&picked), newest.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(graph.frontier(&[rest, &[first]].concat()), graph.frontier(&picked));
        let newest = picked[0];
        let walked = ancestors(&made, &[newest]);
        for (hash, deps) in &made {
            prop_assert_eq!(graph.is_ancestor(hash, &newest), walked.contains(hash));
            prop_assert_eq!(&graph.deps(hash).unwrap().collect::<Vec<_>>(), deps);
        }
        let depended_on: BTreeSet<Hash> = made.iter().flat_map(|(_, deps)| deps.iter().copied()).collect();
        let heads: BTreeSet<Hash> = made.iter().map(|(hash, _)| *hash).filter(|hash| !depended_on.contains(hash)).collect();
        prop_assert_eq!(graph.heads().collect::<BTreeSet<_>>(), heads);
    }

    #[test]
    fn elements_are_in_the_order_that_automerge_puts_them_in(
        edits in proptest::collection::vec((0usize..3, any::<prop::sample::Index>(), 1usize..5, proptest::bool::weighted(0.2)), 1..40),
    ) {
        let mut first = AutoCommit::new().with_actor(ActorId::from([9; 16]));
        let list = first.put_object(ROOT, "list", ObjType::List).unwrap();
        first.insert(&list, 0, 0).unwrap();
        let mut docs: Vec<AutoCommit> = (0..3u8).map(|n| first.fork().with_actor(ActorId::from([n * 5 + 1; 16]))).collect();
        for (writer, at, count, merge) in edits {
            if merge {
                let mut other = docs[(writer + 1) % 3].fork();
                docs[writer].merge(&mut other).unwrap();
            }
            let at = at.index(docs[writer].length(&list) + 1);
            (0..count).for_each(|n| docs[writer].insert(&list, at + n, 1).unwrap());
            docs[writer].commit();
        }
        let mut all = first;
        docs.iter_mut().for_each(|doc| assert!(all.merge(doc).is_ok()));
        let saved = all.save();
        let mut graph = Graph::new();
        graph.admit(&saved, &Limits::default()).unwrap().changes.iter().for_each(|change| assert!(graph.insert(&change.summary).unwrap()));

        let elements: Vec<Id> = all.list_range(&list, ..).map(|item| id_of(&graph, &item.id())).collect();
        let view = View::new(&graph);
        let heads: Vec<u32> = graph.heads().map(|head| view.index(&head).unwrap()).collect();
        let clock = view.clock_of(&heads);
        let scope = Scope::new(&view, clock, view.actor_count(), Actor::from(&[0xff; 16][..]), graph.max_op() as u32 + 1);
        for (i, a) in elements.iter().enumerate() {
            for (j, b) in elements.iter().enumerate() {
                prop_assert_eq!(is_before(&scope, *a, *b).map(|(before, _)| before), Some(i < j), "{} {}", i, j);
            }
        }
    }

    #[test]
    fn a_damaged_summary_is_judged(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
        let mut bytes = sample().encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(summary) = Summary::decode(&bytes) {
            let _ = Graph::new().insert(&summary);
        }
        let whole = sample().encode();
        prop_assert!(Summary::decode(&whole[..cut.index(whole.len())]).is_err());
    }
}

fn id_of(graph: &Graph, id: &automerge::ObjId) -> Id {
    match id {
        automerge::ObjId::Id(counter, actor, _) => {
            Id { counter: *counter as u32, actor: graph.by_actor[&Actor::from(actor.to_bytes())] }
        }
        automerge::ObjId::Root => panic!("an element is not the root"),
    }
}

/// A change with a run of every kind.
fn sample() -> Summary {
    let actor = [7; 2];
    let id = |counter| (counter, actor.to_vec());
    let letter = |after| ForgedOp::set("", "x").within(&id(1)).inserted(after);
    let ops = vec![
        ForgedOp::set("t", "").action(4),
        letter(None),
        letter(Some(&id(2))),
        letter(Some(&id(3))),
        ForgedOp::set("", "y").within(&id(1)).at(&id(3)).replacing(&id(3)),
        ForgedOp { key: ForgedKey::Element(id(4)), ..letter(None).action(3) }.at(&id(4)).replacing(&id(4)),
        ForgedOp::set("m", "").action(0),
        ForgedOp::set("n", "").value(8, &[1]).within(&id(7)),
        ForgedOp::set("n", "").within(&id(7)).replacing(&id(8)),
        ForgedOp::set("n", ""),
    ];
    let chunk = Forged::first(&actor, ops).chunk().1;
    Graph::new().admit(&chunk, &Limits::default()).unwrap().changes.remove(0).summary
}

#[test]
fn a_kept_summary_does_not_change_its_form() {
    let hex: String = sample().encode()[33..].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, GOLDEN, "stored summaries of version 1 must stay readable");
    assert_eq!(Summary::decode(&[9]), Err(NotASummary::Version(9)));
}

const GOLDEN: &str = "02070701010000082101740143010003450100030001000101016d01520700016e01470700014601";

#[test]
fn what_does_not_fit_is_said() {
    let mut graph = Graph::new();
    let first = sample();
    let hash = Hash([1; 32]);
    let other = Summary { hash, ..first.clone() };
    assert_eq!(graph.insert(&first), Ok(true));
    assert_eq!(graph.insert(&first), Ok(false));
    assert_eq!(graph.insert(&other), Err(Misfit::DuplicateSeq { change: hash, seq: 1, other: first.hash }));
    let later = Summary { seq: 3, ..other.clone() };
    assert_eq!(graph.insert(&later), Err(Misfit::SeqGap { change: hash, seq: 3, next: 2 }));
    let lost = Summary { deps: vec![hash], ..other.clone() };
    assert_eq!(graph.insert(&lost), Err(Misfit::MissingDependency { change: hash, dependency: hash }));
    let actor = Actor::from(&[5][..]);
    let strange = Summary { seq: 2, others: vec![actor.clone()], ..other };
    assert_eq!(graph.insert(&strange), Err(Misfit::UnknownActor { change: hash, actor }));
    assert_eq!(graph.len(), 1);
}
