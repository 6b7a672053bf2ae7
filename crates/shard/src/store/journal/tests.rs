//! Journals that are torn and rotten in every way, opened by the store.

use super::*;
use crate::store::{NodeStore, Space, Store, StoreError, StoreOptions};
use base::ShardId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::ops::Range;

const KEY: &[u8] = b"applied";

/// A store at rest whose last write was not fsynced, as files.
struct Torn {
    folder: tempfile::TempDir,
    /// The journal up to the end of the last write.
    journal: Vec<u8>,
    /// Where the last write is in it.
    last: Range<usize>,
}

impl Torn {
    fn new() -> Torn {
        let folder = tempfile::tempdir().unwrap();
        let node = open(folder.path()).unwrap();
        let store = node.shard(ShardId(0)).unwrap();
        (1..=3).for_each(|number| write(&store, number));
        let start = journal_of(folder.path());
        write(&store, 4);
        let journal = journal_of(folder.path());
        Torn { folder, last: start.len()..journal.len(), journal }
    }

    /// Opens a copy whose journal begins with these bytes; the number that was written last.
    fn opened_with(&self, journal: &[u8]) -> u8 {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), copy.path());
        let file = File::create(copy.path().join("0.jnl")).unwrap();
        io::copy(&mut &journal[..], &mut &file).unwrap();
        file.set_len(64 << 10).unwrap();
        let node = open(copy.path()).unwrap();
        let seen = applied(&node);
        assert!(files(copy.path(), ASIDE).unwrap().is_empty(), "what was cut is forgotten");
        // And it goes on from there.
        write(&node.shard(ShardId(0)).unwrap(), 9);
        drop(node);
        assert_eq!(applied(&open(copy.path()).unwrap()), 9);
        seen
    }
}

fn open(folder: &Path) -> Result<NodeStore, StoreError> {
    NodeStore::open(folder, StoreOptions::default())
}

/// One batch over two spaces, fsynced.
fn write(store: &Store, number: u8) {
    let mut txn = store.begin();
    txn.put(Space::State, KEY.to_vec(), vec![number]);
    txn.put(Space::Documents, vec![b'd', number], vec![number; 40]);
    txn.remove(Space::Edits, vec![b'e', number]);
    txn.commit().unwrap();
    store.make_durable().unwrap();
}

/// The number that was written last, with everything that was written before it.
fn applied(node: &NodeStore) -> u8 {
    let store = node.shard(ShardId(0)).unwrap();
    let number = store.get(Space::State, KEY).unwrap().unwrap()[0];
    let documents = store.prefix(Space::Documents, b"d").map(|pair| pair.unwrap().1[0]);
    let last = documents.last().unwrap();
    assert_eq!(last, number, "a batch is there as a whole or not at all");
    number
}

/// What is written of the only journal in a folder.
fn journal_of(folder: &Path) -> Vec<u8> {
    let mut bytes = fs::read(folder.join("0.jnl")).unwrap();
    let Seen { sound, torn_bytes } = look(&folder.join("0.jnl"), None).unwrap();
    assert_eq!(torn_bytes, 0, "what fjall writes is understood");
    bytes.truncate(sound.bytes as usize);
    bytes
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy_folder(&path, &target);
        } else if path.extension() != Some(JOURNAL.as_ref()) {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn whole_journals_are_left_as_they_are() {
    let torn = Torn::new();
    assert_eq!(torn.opened_with(&torn.journal), 4);
}

#[test]
fn a_write_that_breaks_off_is_gone() {
    let torn = Torn::new();
    for end in torn.last.clone() {
        assert_eq!(torn.opened_with(&torn.journal[..end]), 3, "{end}");
    }
}

#[test]
fn a_write_of_which_any_part_is_garbled_is_gone() {
    let torn = Torn::new();
    let mut dice = StdRng::seed_from_u64(7);
    for at in torn.last.clone() {
        let mut journal = torn.journal.clone();
        let end = dice.random_range(at + 1..=torn.last.end);
        match dice.random_range(0..3) {
            0 => journal[at..end].fill(0),
            1 => journal[at..end].fill(0xff),
            _ => dice.fill(&mut journal[at..end]),
        }
        let seen = torn.opened_with(&journal);
        let items = journal[at..] != torn.journal[at..] && end > torn.last.start + 13;
        assert!(seen == 3 || !items, "{at}..{end}");
    }
}

#[test]
fn garbage_behind_the_last_write_is_cut() {
    let torn = Torn::new();
    let mut dice = StdRng::seed_from_u64(7);
    for length in 1..40 {
        let mut journal = torn.journal.clone();
        journal.extend((0..length).map(|_| dice.random::<u8>()));
        assert_eq!(torn.opened_with(&journal), 4);
    }
}

#[test]
fn lengths_are_believed_only_as_far_as_there_are_bytes() {
    let torn = Torn::new();
    let mut journal = torn.journal.clone();
    // A batch of one item whose value would take 4 GiB.
    journal.extend([1, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    journal.extend([2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    assert_eq!(torn.opened_with(&journal), 4);
}

#[test]
fn a_flipped_bit_ends_what_is_sound() {
    let torn = Torn::new();
    let whole = sound(&torn.journal[..], torn.journal.len() as u64, None).unwrap();
    for bit in torn.last.start * 8..torn.last.end * 8 {
        let mut journal = torn.journal.clone();
        journal[bit / 8] ^= 1 << (bit % 8);
        let seen = sound(&journal[..], journal.len() as u64, None).unwrap();
        // A sequence number is under no checksum; it may be a little higher than it was.
        let sequence_end = torn.last.start + 13;
        let harmless = (sequence_end - 8..sequence_end).contains(&(bit / 8)) && seen.newest > whole.newest;
        let expected = if harmless { whole.bytes } else { torn.last.start as u64 };
        assert_eq!(seen.bytes, expected, "bit {bit}");
    }
}

#[test]
fn an_older_journal_that_is_damaged_is_refused_and_not_touched() {
    let torn = Torn::new();
    let folder = torn.folder.path();
    File::create(folder.join("1.jnl")).unwrap().set_len(64 << 10).unwrap();
    let mut journal = torn.journal.clone();
    journal[torn.last.start] = 77;
    fs::write(folder.join("0.jnl"), &journal).unwrap();
    let Err(StoreError::Journal(JournalError::Damaged { path, offset })) = open(folder) else {
        panic!("it is opened")
    };
    assert_eq!((path, offset), (folder.join("0.jnl"), torn.last.start as u64));
    assert_eq!(fs::read(folder.join("0.jnl")).unwrap(), journal);
}

#[test]
fn damage_in_front_of_what_is_in_tables_is_refused_at_every_start() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path()).unwrap();
    let store = node.shard(ShardId(0)).unwrap();
    (1..=3).for_each(|number| write(&store, number));
    let third = journal_of(folder.path()).len();
    write(&store, 4);
    store.spaces[Space::Documents as usize].rotate_memtable_and_wait().unwrap();
    drop((store, node));

    let path = folder.path().join("0.jnl");
    let mut journal = fs::read(&path).unwrap();
    journal[third + 1] ^= 1;
    fs::write(&path, &journal).unwrap();
    for _ in 0..2 {
        let Err(StoreError::Journal(JournalError::Damaged { path: damaged, offset })) = open(folder.path())
        else {
            panic!("half of a batch is served")
        };
        assert_eq!((damaged, offset), (path.clone(), third as u64));
    }
    fs::remove_file(&path).unwrap();
    let kept = fs::read(aside(&path)).unwrap();
    journal[third + 1] ^= 1;
    assert_eq!(kept.len(), journal.len());
    fs::write(aside(&path), journal).unwrap();
    assert_eq!(applied(&open(folder.path()).unwrap()), 4, "with the bit as it was it opens");
}
