//! Healthy replicas mean the same, whatever became of them on the way; and what the log has decided is in the hash.

use super::*;
use crate::command::Ticket;
use crate::store::{Compacted, PartSize, Store, VersionRecord};

/// What becomes of a replica on its way through the log.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It stops, and its store is opened anew.
    Restart,
    /// It takes the snapshot of one that has come as far.
    Snapshot,
    /// It compacts its documents, which the others do not.
    Compact,
}

/// A replica on its way, whose database can be opened anew.
struct Replica {
    folder: tempfile::TempDir,
    machine: Option<Machine>,
}

impl Replica {
    fn new() -> Replica {
        let mut replica = Replica { folder: tempfile::tempdir().unwrap(), machine: None };
        replica.open();
        replica
    }

    fn open(&mut self) {
        self.machine = None;
        let store = NodeStore::open(self.folder.path(), StoreOptions::default()).unwrap();
        self.machine = Some(Machine::open(store.shard(ShardId(0)).unwrap(), Arc::default()).unwrap());
    }

    fn machine(&self) -> &Machine {
        self.machine.as_ref().unwrap()
    }

    fn meets(&mut self, fate: Fate, other: &Machine) {
        match fate {
            Fate::Restart => self.open(),
            Fate::Snapshot => self.machine().install(other.snapshot().unwrap()).unwrap(),
            Fate::Compact => self.machine().while_quiet(compact).unwrap(),
        }
    }
}

/// Does to every living document what a compaction does.
fn compact(store: &Store) {
    let mut txn = store.begin();
    for pair in store.prefix(Space::Documents, &[]) {
        let (key, value) = pair.unwrap();
        match key::record_kind(&key) {
            Some(key::DocumentRecord::Head) => {
                let head = Head::from_record(&value).unwrap();
                if head.deleted_ms.is_none() {
                    let chunk = Compacted { version: head.version, chunk: vec![4; 30] };
                    txn.put(Space::Documents, key::compacted(&key[..key.len() - 1]), chunk.to_record());
                }
            }
            Some(key::DocumentRecord::Version) => {
                let mut version = VersionRecord::from_record(&value).unwrap();
                for part in &mut version.parts {
                    part.changes.clear();
                    part.size = Some(PartSize { changes: 1, bytes: 40 });
                }
                txn.put(Space::Documents, key.to_vec(), version.to_record());
            }
            _ => {}
        }
    }
    txn.commit().unwrap();
}

/// What happens beside documents.
#[derive(Debug, Clone)]
enum More {
    Act(Act),
    /// A ticket, used up or taken back, that ends in so many hours.
    Ticket(u8, bool, u64),
    /// A part of a long command, which nobody claims.
    Part(u8),
    /// A leader's first entry, or an audit: they clear away, too.
    Nothing(bool),
}

fn more() -> impl Strategy<Value = More> {
    prop_oneof![
        6 => acts().prop_map(More::Act),
        1 => (0..4u8, any::<bool>(), 1..40u64).prop_map(|(id, spent, hours)| More::Ticket(id, spent, hours)),
        1 => (0..4u8).prop_map(More::Part),
        1 => any::<bool>().prop_map(More::Nothing),
    ]
}

fn play_more(shard: &mut Shard, more: More) {
    match more {
        More::Act(act) => play(shard, act),
        More::Ticket(id, spent, hours) => {
            let origin = shard.origin("ada");
            let expires_ms = shard.time_ms + hours * HOUR_MS;
            let ticket = Ticket { origin, id: [id; 16], slot: 5, expires_ms };
            let command = if spent { Command::SpendTicket(ticket) } else { Command::RevokeTicket(ticket) };
            shard.feed(Entry::Commands(vec![command]));
        }
        More::Part(transfer) => {
            let part =
                Part { transfer: [transfer; 16], number: 0, bytes: vec![1; 9], time_ms: shard.time_ms };
            shard.feed(Entry::Part(part));
        }
        More::Nothing(audit) => {
            let position = Position { term: 1, node: 1, index: shard.log.len() as u64 };
            let entry = Applicable { position, kind: if audit { Kind::Audit } else { Kind::Blank } };
            shard.machine.apply(vec![entry.clone()]).unwrap();
            shard.log.push(entry);
        }
    }
}

fn fates() -> impl Strategy<Value = Vec<Option<Fate>>> {
    let fate = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Fate::Restart)),
        1 => Just(Some(Fate::Snapshot)),
        2 => Just(Some(Fate::Compact)),
    ];
    prop::collection::vec(fate, 12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Whatever a replica went through, it means the same as the others at the same entry. The one that it takes snapshots
    /// of goes through something of its own.
    #[test]
    fn healthy_replicas_mean_the_same_at_every_entry(
        story in prop::collection::vec(more(), 1..50),
        batch in 1..9usize,
        one in fates(),
        other in fates(),
    ) {
        let mut leader = shard();
        story.into_iter().for_each(|more| play_more(&mut leader, more));
        let (plain, mut first, mut second) = (Replica::new(), Replica::new(), Replica::new());
        let fates = one.into_iter().zip(other).cycle();
        for (entries, (one, other)) in leader.log.chunks(batch).zip(fates) {
            for entry in entries {
                plain.machine().apply(vec![entry.clone()]).unwrap();
            }
            first.machine().apply(entries.to_vec()).unwrap();
            if let Some(fate) = one {
                first.meets(fate, plain.machine());
            }
            // It may have been away, and takes what it has missed from a snapshot.
            if matches!(other, Some(Fate::Snapshot)) {
                second.meets(Fate::Snapshot, first.machine());
            } else {
                second.machine().apply(entries.to_vec()).unwrap();
                other.into_iter().for_each(|fate| second.meets(fate, first.machine()));
            }
            let expected = state_hash(plain.machine());
            prop_assert_eq!(state_hash(first.machine()), expected);
            prop_assert_eq!(state_hash(second.machine()), expected);
        }
    }
}

/// A replica with something of everything.
fn full() -> Shard {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.edit(doc(1), 1, vec![part("ada", 2)]);
    shard.share(doc(1), "ada", "bob", Some(Level::Read), 3).unwrap();
    shard.create(doc(2), "ada", 4).unwrap();
    shard.delete(doc(2), "ada", None, 5).unwrap();
    shard.create(doc(3), "ada", 6).unwrap();
    let origin = shard.origin("ada");
    let expires_ms = shard.time_ms + HOUR_MS;
    let ticket = Ticket { origin, id: [1; 16], slot: 5, expires_ms };
    shard.feed(Entry::Commands(vec![Command::SpendTicket(ticket)]));
    shard
}

#[test]
fn a_lost_record_of_every_covered_kind_shows() {
    use key::DocumentRecord::{Access, Head, Ticket, Version};
    let shard = full();
    let before = state_hash(&shard.machine);
    let mut covered = Vec::new();
    for space in Space::ALL {
        for pair in shard.machine.store.prefix(space, &[]) {
            let (key, value) = pair.unwrap();
            let kind = key::record_kind(&key);
            let expected = match space {
                Space::Documents => matches!(kind, Some(Head | Version | Access | Ticket)),
                Space::State => [key::state::CLOCK, key::state::FEED].contains(&&*key),
                Space::Edits | Space::Lists | Space::Feed => true,
            };
            // Without it nothing can be hashed at all.
            if space == Space::State && *key == *key::state::APPLIED {
                continue;
            }
            let mut txn = shard.machine.store.begin();
            txn.remove(space, key.to_vec());
            txn.commit().unwrap();
            let differs = state_hash(&shard.machine) != before;
            assert_eq!(differs, expected, "{space:?} {kind:?} {:?}", String::from_utf8_lossy(&key));
            covered.extend(differs.then_some((space, kind)));
            let mut txn = shard.machine.store.begin();
            txn.put(space, key.to_vec(), value.to_vec());
            txn.commit().unwrap();
        }
    }
    assert_eq!(state_hash(&shard.machine), before);
    for kind in [Head, Version, Access, Ticket] {
        assert!(covered.contains(&(Space::Documents, Some(kind))), "there was no {kind:?}");
    }
    for space in [Space::Edits, Space::Lists, Space::Feed] {
        assert!(covered.iter().any(|(it, _)| *it == space), "there was nothing in {space:?}");
    }
}

#[test]
fn heads_and_authors_count_and_sealed_bytes_do_not() {
    let shard = full();
    let before = state_hash(&shard.machine);
    let document = key::document("acme", doc(1).as_bytes(), doc(1).slot());
    let differs = |change: &dyn Fn(&mut VersionRecord)| {
        let at = key::version(&document, 2);
        let stored = shard.machine.store.get(Space::Documents, &at).unwrap().unwrap();
        let mut version = VersionRecord::from_record(&stored).unwrap();
        change(&mut version);
        let write = |value: Vec<u8>| {
            let mut txn = shard.machine.store.begin();
            txn.put(Space::Documents, at.clone(), value);
            txn.commit().unwrap();
        };
        write(version.to_record());
        let differs = state_hash(&shard.machine) != before;
        write(stored.to_vec());
        differs
    };
    assert!(differs(&|version| version.parts[0].author = "eve".into()));
    assert!(differs(&|version| version.parts[0].heads[0] ^= 1));
    assert!(differs(&|version| version.time_ms += 1));
    assert!(!differs(&|version| version.parts[0].changes[0] ^= 1));
    assert!(!differs(&|version| version.parts[0].changes.clear()));
}

#[test]
fn a_quarantine_outlives_a_restart_and_stays_with_its_replica() {
    let healthy = full();
    let mut replica = Replica::new();
    replica.machine().install(healthy.machine.snapshot().unwrap()).unwrap();
    let before = state_hash(replica.machine());
    replica.machine().quarantine(Bytes::from_static(b"odd")).unwrap();
    replica.open();
    assert_eq!(replica.machine().quarantined().unwrap().as_deref(), Some(b"odd".as_slice()));
    assert_eq!(state_hash(replica.machine()), before, "it says nothing of the log");

    let taken = Replica::new();
    taken.machine().install(replica.machine().snapshot().unwrap()).unwrap();
    assert_eq!(taken.machine().quarantined().unwrap(), None, "it is in no snapshot");
    replica.machine().install(healthy.machine.snapshot().unwrap()).unwrap();
    assert_eq!(replica.machine().quarantined().unwrap(), None, "all is new");
}
