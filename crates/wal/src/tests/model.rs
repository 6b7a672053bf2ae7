//! Random operations beside a plain map: the log must agree after each, and after it is opened again.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::GroupState;

const GROUPS: u32 = 3;

#[derive(Clone, Debug)]
enum Act {
    Append { count: u64, bytes: usize },
    Truncate { back: u64 },
    TruncateAll,
    Purge { forward: u64 },
    Vote,
    Committed,
    Drop,
    Read { from: u64, to: u64, max_bytes: usize },
    Collect,
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        10 => (0u64..8, 0usize..2000).prop_map(|(count, bytes)| Act::Append { count, bytes }),
        3 => (0u64..10).prop_map(|back| Act::Truncate { back }),
        1 => Just(Act::TruncateAll),
        3 => (0u64..20).prop_map(|forward| Act::Purge { forward }),
        2 => Just(Act::Vote),
        2 => Just(Act::Committed),
        1 => Just(Act::Drop),
        6 => (0u64..80, 0u64..80, 0usize..9000).prop_map(|(from, to, max_bytes)| Act::Read { from, to, max_bytes }),
        2 => Just(Act::Collect),
        1 => Just(Act::Reopen),
    ]
}

/// What a group should be.
#[derive(Default)]
struct Model {
    entries: BTreeMap<u64, (u64, Bytes)>,
    purged: Option<(u64, Bytes)>,
    vote: Option<Bytes>,
    committed: Option<Bytes>,
}

impl Model {
    fn next_index(&self) -> u64 {
        let last = self.entries.keys().next_back().copied();
        last.or(self.purged.as_ref().map(|it| it.0)).map_or(0, |last| last + 1)
    }

    fn state(&self) -> GroupState {
        GroupState {
            first_index: self.entries.keys().next().copied(),
            last: self.entries.iter().next_back().map(|(index, (term, _))| (*index, *term)),
            purged: self.purged.clone(),
            vote: self.vote.clone(),
            committed: self.committed.clone(),
        }
    }

    fn read(&self, from: u64, to: u64, max_bytes: usize) -> Vec<Entry> {
        let mut taken = 0;
        let mut out = Vec::new();
        for (index, (term, payload)) in self.entries.range(from..to.max(from)) {
            taken += payload.len();
            if taken > max_bytes && !out.is_empty() {
                break;
            }
            out.push(entry(*index, *term, payload.clone()));
        }
        out
    }

    /// Does the same to the log and to the map.
    fn act(&mut self, wal: &Wal, group: GroupId, act: &Act, serial: u64) {
        let stamp = Bytes::from(serial.to_le_bytes().to_vec());
        match *act {
            Act::Append { count, bytes } => {
                let first = self.next_index();
                let payload = |index: u64| Bytes::from([stamp.to_vec(), vec![index as u8; bytes]].concat());
                let added: Vec<_> =
                    (first..first + count).map(|index| entry(index, serial, payload(index))).collect();
                self.entries.extend(added.iter().map(|it| (it.index, (it.term, it.payload.clone()))));
                wal.append(group, added, ignore()).unwrap();
            }
            Act::Truncate { back } => {
                let kept = self.next_index().saturating_sub(1 + back);
                self.entries.retain(|index, _| *index <= kept);
                wal.truncate_after(group, Some(kept), ignore()).unwrap();
            }
            Act::TruncateAll => {
                self.entries.clear();
                wal.truncate_after(group, None, ignore()).unwrap();
            }
            Act::Purge { forward } => {
                let index = self.purged.as_ref().map_or(0, |it| it.0) + 1 + forward;
                self.entries.retain(|other, _| *other > index);
                self.purged = Some((index, stamp.clone()));
                wal.purge_to(group, index, stamp).unwrap();
                // A place before it changes nothing.
                wal.purge_to(group, index - 1, Bytes::from_static(b"earlier")).unwrap();
            }
            Act::Vote => {
                self.vote = Some(stamp.clone());
                wal.save_vote(group, stamp, ignore()).unwrap();
            }
            Act::Committed => {
                self.committed = Some(stamp.clone());
                wal.save_committed(group, stamp).unwrap();
            }
            Act::Drop => {
                *self = Self::default();
                wal.drop_group(group, ignore()).unwrap();
            }
            Act::Read { from, to, max_bytes } => {
                assert_eq!(wal.read(group, from..to, max_bytes).unwrap(), self.read(from, to, max_bytes));
            }
            Act::Collect => drop(wal.collect().unwrap()),
            Act::Reopen => unreachable!("done by the caller"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_log_agrees_with_a_plain_map(acts in proptest::collection::vec((0..GROUPS, act()), 1..150)) {
        let disk = SimDisk::new();
        let (mut wal, _) = open(&disk);
        let mut models: Vec<_> = (0..GROUPS).map(|_| Model::default()).collect();
        for (serial, (group, act)) in acts.iter().enumerate() {
            if matches!(act, Act::Reopen) {
                wal.close();
                wal = open(&disk).0;
            } else {
                models[*group as usize].act(&wal, GroupId(*group), act, serial as u64);
            }
            for (group, model) in models.iter().enumerate() {
                prop_assert_eq!(wal.state(GroupId(group as u32)), model.state());
            }
        }
        flush(&wal);
        for (group, model) in models.iter().enumerate() {
            prop_assert_eq!(all(&wal, GroupId(group as u32)), model.read(0, u64::MAX, usize::MAX));
        }
        wal.close();
        prop_assert!(crate::inspect::verify_on(&disk).is_whole());
    }
}
