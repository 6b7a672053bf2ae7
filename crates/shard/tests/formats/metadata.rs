//! Names and labels: commands of their own, and what they make of the records of a release that had none.

use crate::later::with_later_fields;
use crate::{golden, samples};
use base::{DocId, ShardId};
use shard::command::{Command, Entry};
use shard::machine::Machine;
use shard::raft::{Applicable, Kind, Position, StateMachine};
use shard::store::{FeedRecord, Head, Lookup, NodeStore, Space, StoreOptions, key};
use std::sync::Arc;

const METADATA: &str = include_str!("../golden/metadata.txt");
const ENTRIES: &str = include_str!("../golden/entries.txt");

/// The head after each command, and the feed after all.
const RECORDS: &str = include_str!("../golden/labels.txt");

#[test]
fn commands_are_written_and_read_as_ever() {
    let samples = samples::metadata();
    let today: Vec<_> = samples.iter().map(|(name, command)| (name.to_string(), command.encode())).collect();
    golden::check(METADATA, &today);
    for ((_, bytes), (name, command)) in golden::lines(METADATA).zip(samples) {
        assert_eq!(Command::decode(&bytes).as_ref(), Ok(&command), "{name}");
        assert_eq!(Command::decode(&with_later_fields(&bytes, 2)), Ok(command), "{name}");
        for length in 0..bytes.len() {
            assert!(Command::decode(&bytes[..length]).is_err(), "{name} cut at {length}");
        }
    }
}

/// A release that knows no labels refuses a creation with some by its kind: it would keep something else than the others.
#[test]
fn a_creation_with_labels_is_a_kind_of_its_own() {
    let [plain, labelled] = [samples::command("create"), samples::metadata().remove(0).1];
    assert_ne!(plain.encode()[1], labelled.encode()[1]);
}

/// The log of the first release, and then that of this one.
#[test]
fn an_old_log_goes_on_with_labels() {
    let folder = tempfile::tempdir().unwrap();
    let store = NodeStore::open(folder.path(), StoreOptions::default()).unwrap().shard(ShardId(0)).unwrap();
    let machine = Machine::open(store, Arc::default()).unwrap();
    let id = DocId::from_bytes(samples::DOCUMENT).unwrap();
    let head = || {
        let at = key::head(&key::document("acme", id.as_bytes(), id.slot()));
        machine.store().get(Space::Documents, &at).unwrap().unwrap().to_vec()
    };
    let mut index = 0;
    let mut feed = |payload: Vec<u8>| {
        index += 1;
        let kind = Kind::Commands(payload.into());
        machine.apply(vec![Applicable { position: Position { term: 7, node: 3, index }, kind }]).unwrap();
    };
    // Its keys and its creation, byte by byte as they stand on disks.
    golden::lines(ENTRIES).take(2).for_each(|(_, bytes)| feed(bytes));
    let old = head();
    assert_eq!(Head::from_record(&old).unwrap().labels, None);
    let mut today = vec![("create".to_owned(), old)];
    for (name, command) in samples::metadata().into_iter().skip(1) {
        feed(Entry::Commands(vec![command]).encode().to_vec());
        today.push((name.to_owned(), head()));
    }
    let told = machine.store().prefix(Space::Feed, &[]).map(|pair| pair.unwrap().1.to_vec());
    today.extend(told.enumerate().map(|(number, record)| (format!("feed-{number}"), record)));
    golden::check(RECORDS, &today);
    for (name, record) in golden::lines(RECORDS) {
        if name.starts_with("feed") {
            assert_eq!(FeedRecord::from_record(&record).unwrap().to_record(), record, "{name}");
            continue;
        }
        let head = Head::from_record(&record).unwrap();
        assert_eq!(head.to_record(), record, "{name}");
        assert_eq!(Head::from_record(&with_later_fields(&record, 1)), Ok(head), "{name}");
    }
    let now = Head::from_record(&head()).unwrap();
    assert_eq!((now.name.as_str(), now.version), ("plans", 1));
    assert_eq!(now.labels.unwrap()["team"], "b");
}
