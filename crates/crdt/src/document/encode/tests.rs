//! The encoder against Automerge: the same operations are the same bytes.

use super::*;
use crate::edit::tree::{Place, Tree};
use automerge::transaction::CommitOptions;
use automerge::{ActorId, Automerge, ROOT, TextEncoding};
use proptest::prelude::*;

const ACTOR: [u8; 16] = [7; 16];
const STAMP: Stamp = Stamp { unix_ms: 1_790_000_000_123 };

fn by_automerge(entries: &BTreeMap<String, Content>) -> Option<Made> {
    let mut doc = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(ActorId::from(ACTOR));
    let mut tx = doc.transaction();
    let mut tree = Tree { tx: &mut tx, written: 0 };
    for (key, content) in entries {
        tree.write(&ROOT, key.as_str().into(), Place::Put, content).unwrap();
    }
    let (hash, _) = tx.commit_with(CommitOptions::default().with_time(STAMP.seconds()));
    use automerge::ReadDoc;
    hash.map(|hash| Made::of(&doc.get_change_by_hash(&hash).unwrap()))
}

fn encoded(entries: &BTreeMap<String, Content>) -> Made {
    let mut encoder = Encoder::default();
    encoder.root(entries);
    encoder.finish(&ACTOR, STAMP)
}

#[test]
fn an_empty_object_is_a_change_that_loads_and_saves() {
    let made = encoded(&BTreeMap::new());
    let doc = Automerge::load(&made.bytes).unwrap();
    assert_eq!(doc.get_heads(), super::super::made::hashes(&[made.hash]));
    assert_eq!(Automerge::load(&doc.save()).unwrap().get_heads(), doc.get_heads());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn creation_is_the_change_that_automerge_makes(entries in crate::json::content::strategy::entries()) {
        let made = encoded(&entries);
        if let Some(expected) = by_automerge(&entries) {
            prop_assert_eq!(made, expected);
        }
    }
}
