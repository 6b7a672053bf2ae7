//! The codec against Automerge's: both read what the other writes, and mean the same.

use std::sync::Arc;

use automerge::ChangeHash;
use automerge::sync as stock;
use base::Hash;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::sync::plan::Has;
use crate::sync::{Bloom, Content, Flags, Limits, Message, Plan, SyncError, Version, bloom, oracle};

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn sorted(count: usize) -> impl Strategy<Value = Vec<Hash>> {
    proptest::collection::btree_set(any::<[u8; 32]>(), 0..count)
        .prop_map(|hashes| hashes.into_iter().map(Hash).collect())
}

fn theirs(hashes: &[Hash]) -> Vec<ChangeHash> {
    hashes.iter().map(|hash| ChangeHash(hash.0)).collect()
}

fn filter(changes: &[Hash]) -> stock::BloomFilter {
    stock::BloomFilter::from_hashes(theirs(changes).into_iter())
}

prop_compose! {
    fn plan()(
        heads in sorted(4),
        needs in sorted(4),
        have in proptest::option::of((sorted(3), vec(hash(), 0..20))),
        v2: bool,
        flags in 0u8..8,
    ) -> Plan {
        let all = [Flags::RESET, Flags::READ_ONLY, Flags::KNOWS_RESET];
        let chosen = (0..3).filter(|bit| flags >> bit & 1 == 1).map(|bit| all[bit]);
        Plan {
            version: if v2 { Version::V2 } else { Version::V1 },
            flags: chosen.fold(Flags::none(), Flags::and),
            heads: heads.into(),
            needs: needs.into(),
            have: have.map(|(last_sync, since)| Has { last_sync: Arc::from(last_sync), filter: bloom::encode(&since) }),
            content: Content::Nothing,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn stock_reads_what_we_write(plan in plan(), chunks in vec(vec(any::<u8>(), 1..40), 0..4)) {
        let bytes = plan.encode(&chunks);
        let read = stock::Message::decode(&bytes).unwrap();
        prop_assert_eq!(&read.heads, &theirs(&plan.heads));
        prop_assert_eq!(&read.need, &theirs(&plan.needs));
        prop_assert_eq!(read.changes.iter().collect::<Vec<_>>().concat(), chunks.concat());
        let elements = if plan.takes_documents() { chunks.len().min(1) } else { chunks.len() };
        prop_assert_eq!(read.changes.len(), elements);
        prop_assert_eq!(read.have.len(), plan.have.iter().len());
        for (read, have) in read.have.iter().zip(&plan.have) {
            prop_assert_eq!(&read.last_sync, &theirs(&have.last_sync));
            prop_assert_eq!(&read.bloom.to_bytes(), &have.filter);
        }
        let flags = read.flags.unwrap();
        prop_assert_eq!(flags.contains(stock::MessageFlags::SYNC_RESET), plan.flags.has(Flags::RESET));
        prop_assert_eq!(flags.contains(stock::MessageFlags::READ_ONLY), plan.flags.has(Flags::READ_ONLY));
        prop_assert_eq!(flags.contains(stock::MessageFlags::SUPPORTS_SYNC_RESET), plan.flags.has(Flags::KNOWS_RESET));
        prop_assert_eq!(read.encode(), bytes);
    }

    #[test]
    fn we_read_what_stock_writes(
        heads in sorted(4), needs in sorted(4), last_sync in sorted(3), since in vec(hash(), 0..20), others in vec(hash(), 0..20),
        haves in 0usize..3, changes in vec(vec(any::<u8>(), 0..40), 0..4), flags in proptest::option::of(0u8..8),
    ) {
        let have = stock::Have { last_sync: theirs(&last_sync), bloom: filter(&since) };
        let flags = flags.map(|bits| {
            let mut flags = stock::MessageFlags::new();
            flags.set(bits);
            flags
        });
        let message = stock::Message {
            heads: theirs(&heads), need: theirs(&needs), have: vec![have.clone(); haves],
            changes: changes.clone().into(), flags, version: stock::MessageVersion::V1,
        };
        let bytes = message.encode();
        let read = Message::decode(&bytes, &Limits::default()).unwrap();
        prop_assert!(read.heads.are(&heads) && read.needs.are(&needs));
        prop_assert_eq!(read.haves.iter().count(), haves);
        for read in read.haves.iter() {
            prop_assert!(read.last_sync.are(&last_sync));
            for change in since.iter().chain(&others) {
                prop_assert_eq!(read.filter.claims(change), have.bloom.contains_hash(&ChangeHash(change.0)));
            }
        }
        prop_assert_eq!(read.changes.iter().collect::<Vec<_>>(), changes.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert_eq!(read.changes.joined().into_owned(), changes.concat());
        prop_assert_eq!(read.flags.is_some(), flags.is_some());
        if let (Some(read), Some(flags)) = (read.flags, flags) {
            prop_assert_eq!(read.has(Flags::READ_ONLY), flags.contains(stock::MessageFlags::READ_ONLY));
            prop_assert_eq!(read.has(Flags::RESET), flags.contains(stock::MessageFlags::SYNC_RESET));
        }
    }

    #[test]
    fn filters_are_stock_filters(changes in vec(hash(), 0..200)) {
        prop_assert_eq!(bloom::encode(&changes), filter(&changes).to_bytes());
    }

    #[test]
    fn whatever_comes_is_judged(mut bytes in vec(any::<u8>(), 0..200), v2: bool) {
        if let Some(first) = bytes.first_mut() {
            *first = if v2 { 0x43 } else { 0x42 };
        }
        let _ = oracle::read(&bytes, &Limits::default());
    }

    #[test]
    fn a_message_that_is_cut_off_is_not_read(plan in plan(), cut in any::<prop::sample::Index>()) {
        let bytes = plan.encode(&[b"chunk"]);
        let body = bytes.len() - 3;
        prop_assert!(Message::decode(&bytes[..cut.index(body)], &Limits::default()).is_err());
    }
}

#[test]
fn what_is_too_much_is_named() {
    let limits = Limits { heads: 2, needs: 2, haves: 1, probes: 7, orphan_bytes: 0 };
    let judge = |bytes: &[u8]| Message::decode(bytes, &limits).unwrap_err();
    assert_eq!(judge(&[0x41]), SyncError::UnknownVersion { found: 0x41 });
    assert_eq!(judge(&[0x42, 3]), SyncError::TooManyHeads { count: 3, limit: 2 });
    assert_eq!(judge(&[0x42, 0, 3]), SyncError::TooManyNeeds { count: 3, limit: 2 });
    assert_eq!(judge(&[0x42, 0, 0, 2]), SyncError::TooManyHaves { count: 2, limit: 1 });
    assert_eq!(judge(&[0x42, 0, 0, 1, 3]), SyncError::TooManyHeads { count: 3, limit: 2 });
    for huge in [&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1][..], &[0x80]] {
        assert!(Message::decode(&[&[0x42], huge].concat(), &Limits::default()).is_err());
        assert!(Message::decode(&[&[0x42, 0, 0, 0], huge].concat(), &Limits::default()).is_err());
    }
}

/// Automerge divides by zero at the first of these, and allocates sixteen gigabytes at the second.
#[test]
fn filters_that_stock_does_not_survive_are_named() {
    let limits = Limits::default();
    let without_bits = Bloom::decode(&[1, 0, 7], &limits).unwrap_err();
    assert!(matches!(without_bits, SyncError::Malformed(_)), "{without_bits}");
    let probes = u32::MAX;
    let greedy = Bloom::decode(&[1, 10, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0], &limits).unwrap_err();
    assert_eq!(greedy, SyncError::BadProbes { probes, limit: limits.probes });
    let blind = Bloom::decode(&[1, 10, 0, 0, 0], &limits).unwrap_err();
    assert_eq!(blind, SyncError::BadProbes { probes: 0, limit: limits.probes });
    let short = Bloom::decode(&[9, 10, 7, 0], &limits).unwrap_err();
    assert!(matches!(short, SyncError::Malformed(_)), "{short}");
}
