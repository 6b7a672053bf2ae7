//! Every format against bytes written down once: a change here breaks what is on people's disks.

use super::*;
use crate::raft::Position;
use crate::raft::types::{Entry, Membership, Payload, StoredMembership, Vote};
use bytes::Bytes;
use openraft::{BasicNode, EntryPayload};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const AT: Position = Position { term: 7, node: 3, index: 300 };

fn entry(payload: EntryPayload<Payload, u64, BasicNode>) -> Entry {
    Entry { log_id: AT.into(), payload }
}

fn membership() -> Membership {
    let nodes = BTreeMap::from([(3, BasicNode::new("a:1")), (4, BasicNode::new("b:2"))]);
    Membership::new(vec![BTreeSet::from([3])], nodes).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn check_entry(payload: EntryPayload<Payload, u64, BasicNode>, golden: &str) {
    let entry = entry(payload);
    let stored = encode_entry(&entry);
    assert_eq!((stored.index, stored.term), (AT.index, AT.term));
    assert_eq!(hex(&stored.payload), golden);
    assert_eq!(decode_entry(&stored).unwrap(), entry);
    assert_eq!(position_of_entry(&stored).unwrap(), AT);
}

#[test]
fn entries_are_written_as_ever() {
    check_entry(EntryPayload::Blank, "01000c000300000000000000");
    let commands = Payload::Commands(Bytes::from_static(b"commands"));
    check_entry(EntryPayload::Normal(commands), "01010c000300000000000000636f6d6d616e6473");
    check_entry(EntryPayload::Normal(Payload::Audit), "01030c000300000000000000");
    let body = "a300a3000701030219012c01818103028\
                2a200030163613a31a20004016362 3a32";
    let golden = format!("01020c000300000000000000{}", body.replace(' ', ""));
    check_entry(EntryPayload::Membership(membership()), &golden);
}

#[test]
fn votes_positions_and_memberships_are_written_as_ever() {
    let vote = Vote::new_committed(7, 3);
    assert_eq!(hex(&encode_vote(&vote)), "a300070103 02f5".replace(' ', ""));
    assert_eq!(decode_vote(&encode_vote(&vote)).unwrap(), vote);

    assert_eq!(hex(&encode_position(AT)), "a30007010302 19012c".replace(' ', ""));
    assert_eq!(decode_position(&encode_position(AT)).unwrap(), AT);

    let stored = StoredMembership::new(None, membership());
    assert_eq!(decode_membership(&encode_membership(&stored)).unwrap(), stored);
}

#[test]
fn fields_of_later_releases_are_skipped() {
    // {0: 7, 1: 3, 2: 300, 9: "new"}
    let later = [0xa4, 0, 7, 1, 3, 2, 0x19, 1, 0x2c, 9, 0x63, b'n', b'e', b'w'];
    assert_eq!(decode_position(&later).unwrap(), AT);

    let longer_head = Bytes::from_static(b"\x01\x01\x0e\x00\x03\0\0\0\0\0\0\0??body");
    let stored = wal::Entry { index: AT.index, term: AT.term, payload: longer_head };
    assert_eq!(
        decode_entry(&stored).unwrap(),
        entry(EntryPayload::Normal(Payload::Commands(Bytes::from_static(b"body"))))
    );
}

#[test]
fn what_only_a_newer_release_can_read_says_so() {
    let stored = |payload| wal::Entry { index: 0, term: 1, payload: Bytes::from_static(payload) };
    let format = decode_entry(&stored(b"\x02\x00\x0c\x00\x03\0\0\0\0\0\0\0")).unwrap_err();
    assert!(matches!(format, Undecodable::Format(2)), "{format}");
    let kind = decode_entry(&stored(b"\x01\x09\x0c\x00\x03\0\0\0\0\0\0\0")).unwrap_err();
    assert!(matches!(kind, Undecodable::Kind(9)), "{kind}");
    let short = decode_entry(&stored(b"\x01\x00\x0d\x00\x03\0\0\0\0\0\0\0")).unwrap_err();
    assert!(matches!(short, Undecodable::Short { len: 12 }), "{short}");
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), framed: bool) {
        let _ = (decode_vote(&bytes), decode_position(&bytes), decode_membership(&bytes));
        let mut payload = bytes;
        if framed && payload.len() >= 4 {
            payload[..4].copy_from_slice(&[1, 2, 12, 0]);
        }
        let stored = wal::Entry { index: 1, term: 1, payload: payload.into() };
        let _ = (decode_entry(&stored), position_of_entry(&stored));
    }
}
