//! The local store: every key and every record that the sample commands lead to.

use crate::later::with_later_fields;
use crate::{golden, samples};
use base::ShardId;
use bytes::Bytes;
use shard::machine::Machine;
use shard::raft::{Applicable, Kind, Position, StateMachine};
use shard::store::{
    Compacted, DocumentRecord, FeedRecord, Head, Lookup, NodeStore, PartRecord, PartSize, Receipt,
    RecordError, Space, StoreOptions, VersionRecord, key,
};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

/// What each entry of the log writes: `entry/space/key` and the value.
const STORE: &str = include_str!("../golden/store.txt");

/// Written by each replica when it likes, so that no command leads to it.
const COMPACTED: &str = include_str!("../golden/compacted.txt");

/// Everything in a store, by space and key.
type Dump = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

fn dump(machine: &Machine) -> Dump {
    let mut dump = Dump::new();
    for space in Space::ALL {
        for pair in machine.store().prefix(space, &[]) {
            let (key, value) = pair.unwrap();
            dump.insert((space as u8, key.to_vec()), value.to_vec());
        }
    }
    dump
}

/// Who votes, then the sample entries.
fn log() -> impl Iterator<Item = (&'static str, Applicable)> {
    let membership = [("membership", Kind::Membership(Bytes::from_static(b"who votes")))];
    let entries = samples::entries().into_iter();
    let entries = entries.map(|(name, entry)| (name, Kind::Commands(entry.encode())));
    let kinds = membership.into_iter().chain(entries);
    kinds.zip(1..).map(|((name, kind), index)| {
        (name, Applicable { position: Position { term: 7, node: 3, index }, kind })
    })
}

#[test]
fn keys_and_records_are_written_and_read_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    let store = NodeStore::open(folder.path(), StoreOptions::default()).unwrap().shard(ShardId(0)).unwrap();
    let machine = Machine::open(store, Arc::default()).unwrap();
    let (mut before, mut today) = (Dump::new(), Vec::new());
    for (entry, applicable) in log() {
        machine.apply(vec![applicable]).unwrap();
        let after = dump(&machine);
        for ((space, key), value) in &after {
            if before.get(&(*space, key.clone())) != Some(value) {
                let space = Space::from_number(*space).unwrap();
                check_value(space, key, value);
                today.push((format!("{entry}/{space:?}/{}", key.escape_ascii()), value.clone()));
            }
        }
        before = after;
    }
    golden::check(STORE, &today);
}

fn check_value(space: Space, key: &[u8], value: &[u8]) {
    match (space, key::record_kind(key)) {
        (Space::Documents, Some(DocumentRecord::Head)) => check_record::<Head>(value),
        (Space::Documents, Some(DocumentRecord::Version)) => check_record::<VersionRecord>(value),
        (Space::Documents, None) => panic!("{} is no key of a document", key.escape_ascii()),
        (Space::Edits, _) => check_record::<Receipt>(value),
        (Space::Feed, _) => check_record::<FeedRecord>(value),
        _ => {}
    }
}

/// A record reads back, tolerates later fields, and names a newer format.
#[track_caller]
fn check_record<T: Lookup + PartialEq + Debug>(bytes: &[u8]) {
    let record = T::from_record(bytes).unwrap();
    assert_eq!(record.to_record(), bytes);
    assert_eq!(T::from_record(&with_later_fields(bytes, 1)), Ok(record));
    let newer = [&[2], &bytes[1..]].concat();
    assert_eq!(T::from_record(&newer), Err(RecordError::Format { what: T::WHAT, format: 2 }));
    for length in 0..bytes.len() {
        assert!(matches!(T::from_record(&bytes[..length]), Err(RecordError::Damaged { .. })));
    }
}

#[test]
fn compacted_documents_are_written_and_read_as_ever() {
    let compacted = Compacted { version: 300, chunk: vec![0xcc; 20] }.to_record();
    check_record::<Compacted>(&compacted);
    let size = Some(PartSize { changes: 2, bytes: 400 });
    let part = PartRecord { author: "ada".to_owned(), heads: vec![0xaa; 32], changes: vec![], size };
    let emptied = VersionRecord { time_ms: 7, parts: vec![part] }.to_record();
    check_record::<VersionRecord>(&emptied);
    golden::check(COMPACTED, &[("compacted".to_owned(), compacted), ("emptied".to_owned(), emptied)]);
}
