//! Whatever is admitted, Automerge applies, saves and loads. The fuzzers look for the opposite for longer.

use proptest::prelude::*;

use super::super::forge::{envelope, play};
use super::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn what_is_admitted_of_random_histories(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert_eq!(survive(&play(&bytes)), Ok(()));
    }

    #[test]
    fn any_bytes_are_judged(body in proptest::collection::vec(any::<u8>(), 0..200), chunk_type in 0u8..4) {
        let _ = admit(&Graph::new(), &envelope(chunk_type, &body));
    }

    #[test]
    fn damaged_changes_are_judged(at in any::<prop::sample::Index>(), byte: u8) {
        let change = Forged::first(ALICE, vec![ForgedOp::set("key", "value"), ForgedOp::set("t", "").action(4)]);
        let mut body = change.chunk().1.split_off(10);
        let at = at.index(body.len());
        body[at] = byte;
        let chunk = envelope(1, &body);
        if admit(&Graph::new(), &chunk).is_ok_and(|admission| !admission.changes.is_empty()) {
            prop_assert_eq!(survive(&[chunk]), Ok(()));
        }
    }
}

#[test]
fn random_histories_are_not_all_refused() {
    let bytes: Vec<u8> = (0..4000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let admitted: usize = bytes.chunks(400).map(|bytes| play(bytes).len()).sum();
    assert!(admitted > 40, "only {admitted} changes are admitted");
}
