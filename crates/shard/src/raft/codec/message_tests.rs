//! Messages come back as they were sent; other bytes are errors.

use super::*;
use crate::raft::Position;
use crate::raft::audit::{Answer, Charge, Digest};
use crate::raft::types::{Entry, LogId, Membership, Payload, Vote};
use base::Hash;
use bytes::Bytes;
use openraft::{BasicNode, EntryPayload};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn log_id() -> impl Strategy<Value = LogId> {
    (any::<u64>(), any::<u64>(), any::<u64>())
        .prop_map(|(term, node, index)| Position { term, node, index }.into())
}

fn vote() -> impl Strategy<Value = Vote> {
    (any::<u64>(), any::<u64>(), any::<bool>()).prop_map(|(term, node, committed)| {
        if committed { Vote::new_committed(term, node) } else { Vote::new(term, node) }
    })
}

fn envelope() -> impl Strategy<Value = Envelope> {
    (any::<u64>(), any::<u64>(), any::<u32>()).prop_map(|(from, to, group)| Envelope { from, to, group })
}

fn payload() -> impl Strategy<Value = EntryPayload<Payload, u64, BasicNode>> {
    let voters = proptest::collection::btree_set(any::<u64>(), 1..4);
    prop_oneof![
        Just(EntryPayload::Blank),
        Just(EntryPayload::Normal(Payload::Audit)),
        proptest::collection::vec(any::<u8>(), 0..40)
            .prop_map(|bytes| EntryPayload::Normal(Payload::Commands(Bytes::from(bytes)))),
        voters.prop_map(|voters| {
            let nodes: BTreeMap<_, _> = voters.iter().map(|&node| (node, BasicNode::default())).collect();
            EntryPayload::Membership(Membership::new(vec![voters], nodes).unwrap())
        }),
    ]
}

/// Entries that follow each other, and the one before.
fn append() -> impl Strategy<Value = Append> {
    let previous = proptest::option::of((0..100_u64, 0..100_u64));
    let payloads = proptest::collection::vec(payload(), 0..5);
    (vote(), previous, proptest::option::of(log_id()), payloads).prop_map(
        |(vote, previous, commit, payloads)| {
            let at = |index| Position { term: 200, node: 1, index }.into();
            let next = previous.map_or(0, |(_, index)| index + 1);
            let entries = (next..).zip(payloads);
            let entries = entries.map(|(index, payload)| Entry { log_id: at(index), payload }).collect();
            let previous = previous.map(|(term, index)| Position { term, node: 1, index }.into());
            Append { vote, previous, commit, entries }
        },
    )
}

fn charge() -> impl Strategy<Value = Charge> {
    (any::<u64>(), any::<u32>(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(
        |(index, rules, expected, own)| Charge { index, rules, expected: Hash(expected), own: Hash(own) },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::Later),
        Just(Answer::Never),
        (any::<u32>(), any::<[u8; 32]>())
            .prop_map(|(rules, hash)| Answer::Hashed(Digest { rules, hash: Hash(hash) })),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let ballot =
        || {
            (vote(), proptest::option::of(log_id()), any::<bool>())
                .prop_map(|(vote, last, transfer)| Ballot { vote, last, transfer })
        };
    prop_oneof![
        append().prop_map(Request::Append),
        ballot().prop_map(Request::Vote),
        ballot().prop_map(Request::PreVote),
        (vote(), any::<u64>(), proptest::option::of(log_id()))
            .prop_map(|(vote, successor, last)| Request::Transfer(Transfer { vote, successor, last })),
        vote().prop_map(Request::Standing),
        (vote(), any::<u64>()).prop_map(|(vote, index)| Request::Audit { vote, index }),
        (vote(), charge()).prop_map(|(vote, charge)| Request::Quarantine { vote, charge }),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    let log = || proptest::option::of(log_id());
    prop_oneof![
        Just(Response::Appended(Appended::All)),
        Just(Response::Appended(Appended::Conflict)),
        log().prop_map(|log| Response::Appended(Appended::Upto(log))),
        vote().prop_map(|vote| Response::Appended(Appended::HigherVote(vote))),
        vote().prop_map(|vote| Response::Installed { vote }),
        any::<Option<u64>>().prop_map(Response::Standing),
        answer().prop_map(Response::Audited),
        Just(Response::Quarantined),
        (vote(), any::<bool>(), log()).prop_map(|(vote, granted, last)| Response::Voted {
            vote,
            granted,
            last
        }),
        (vote(), any::<bool>(), log()).prop_map(|(vote, accepted, last)| Response::Transferred {
            accepted,
            vote,
            last
        }),
    ]
}

fn head() -> impl Strategy<Value = SnapshotMessage> {
    let membership =
        proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20).prop_map(Bytes::from));
    let numbers = (any::<u64>(), any::<u64>(), any::<[u8; 32]>());
    (envelope(), vote(), log_id(), membership, numbers).prop_map(
        |(envelope, vote, position, membership, (records, bytes, hash))| {
            let position = position.into();
            SnapshotMessage { envelope, vote, position, membership, records, bytes, hash }
        },
    )
}

proptest! {
    #[test]
    fn requests_come_back(envelope in envelope(), request in request()) {
        let message = encode_request(envelope, &request);
        prop_assert_eq!(decode_request(message).unwrap(), (envelope, request));
    }

    #[test]
    fn a_request_that_is_cut_short_is_an_error(
        envelope in envelope(), request in request(), cut in any::<prop::sample::Index>(),
    ) {
        let message = encode_request(envelope, &request);
        let cut = cut.index(message.len());
        if let Ok((_, shorter)) = decode_request(message.slice(..cut)) {
            // Between two entries nothing shows that one is missing; the leader sees it by the answer.
            let (Request::Append(shorter), Request::Append(whole)) = (shorter, request) else {
                return Err(TestCaseError::fail("only an append can be shorter"));
            };
            prop_assert!(whole.entries.starts_with(&shorter.entries));
        }
    }

    #[test]
    fn responses_come_back(response in response()) {
        prop_assert_eq!(decode_response(&encode_response(&response)).unwrap(), response);
    }

    #[test]
    fn heads_of_snapshots_come_back(head in head()) {
        prop_assert_eq!(decode_snapshot_head(&encode_snapshot_head(&head)).unwrap(), head);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..96), framed: bool) {
        let mut bytes = bytes;
        if framed && bytes.len() >= 6 {
            let kind = bytes[1] % 8;
            bytes[..6].copy_from_slice(&[1, kind, 20, 0, 0, 0]);
        }
        let _ = (decode_response(&bytes), decode_snapshot_head(&bytes));
        let _ = decode_request(bytes.into());
    }

    #[test]
    fn no_changed_byte_makes_a_decoder_panic(
        envelope in envelope(), request in request(), place in any::<prop::sample::Index>(), byte: u8,
    ) {
        let mut message = encode_request(envelope, &request).to_vec();
        let place = place.index(message.len());
        message[place] = byte;
        let _ = decode_request(message.into());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn messages_are_written_as_ever() {
    let envelope = Envelope { from: 1, to: 2, group: 3 };
    let at = |index| LogId::from(Position { term: 4, node: 1, index });
    let vote = Vote::new_committed(4, 1);
    let entries = vec![Entry {
        log_id: at(6),
        payload: EntryPayload::Normal(Payload::Commands(Bytes::from_static(b"x"))),
    }];
    let append = Request::Append(Append { vote, previous: Some(at(5)), commit: Some(at(5)), entries });
    assert_eq!(
        hex(&encode_request(envelope, &append)),
        "01011f000000 a600010102020303a30004010102f504a300040101020505a3000401010205\
         0600000000000000 0400000000000000 0d000000 01010c000100000000000000 78"
            .replace(' ', "")
    );
    let hash = Hash([0xaa; 32]);
    let audit = Request::Audit { vote, index: 7 };
    assert_eq!(hex(&encode_request(envelope, &audit)), "010611000000a500010102020303a30004010102f50807");
    let charge = Charge { index: 7, rules: 1, expected: hash, own: Hash([0xbb; 32]) };
    assert_eq!(
        hex(&encode_request(envelope, &Request::Quarantine { vote, charge })),
        format!(
            "010759000000a800010102020303a30004010102f5080709010a5820{}0b5820{}",
            "aa".repeat(32),
            "bb".repeat(32)
        )
    );
    let audited = Response::Audited(Answer::Hashed(Digest { rules: 1, hash }));
    assert_eq!(
        hex(&encode_response(&audited)),
        format!("01a3000905010658 20{}", "aa".repeat(32)).replace(' ', "")
    );
    assert_eq!(hex(&encode_response(&Response::Audited(Answer::Later))), "01a2000903f5");
    assert_eq!(hex(&encode_response(&Response::Quarantined)), "01a1000a");
    let voted = Response::Voted { vote, granted: true, last: None };
    assert_eq!(hex(&encode_response(&voted)), "01a3000501a300040101 02f503f5".replace(' ', ""));
}

#[test]
fn entries_that_leave_a_hole_are_refused() {
    let envelope = Envelope { from: 1, to: 2, group: 3 };
    let at = |index| LogId::from(Position { term: 4, node: 1, index });
    let vote = Vote::new_committed(4, 1);
    for (previous, index) in [(None, 1), (Some(5), 5), (Some(5), 7), (Some(u64::MAX), 0)] {
        let entries = vec![Entry { log_id: at(index), payload: EntryPayload::Blank }];
        let append = Append { vote, previous: previous.map(at), commit: None, entries };
        let decoded = decode_request(encode_request(envelope, &Request::Append(append)));
        assert!(matches!(decoded, Err(Undecodable::Order { .. })), "{decoded:?}");
    }
}

#[test]
fn what_a_newer_release_says_is_named_so() {
    let envelope = Envelope { from: 1, to: 2, group: 3 };
    let ballot = Ballot { vote: Vote::new(1, 1), last: None, transfer: false };
    let mut message = encode_request(envelope, &Request::Vote(ballot)).to_vec();
    message[0] = 2;
    assert!(matches!(decode_request(message.clone().into()), Err(Undecodable::Message(2))));
    message[..2].copy_from_slice(&[1, 9]);
    assert!(matches!(decode_request(message.into()), Err(Undecodable::Kind(9))));
    assert!(matches!(decode_response(&[2, 0xa0]), Err(Undecodable::Message(2))));
    let no_kind = decode_response(&[1, 0xa1, 0, 19]);
    assert!(matches!(no_kind, Err(Undecodable::Kind(19))), "{no_kind:?}");
}
