//! Power cuts at random moments: what was called back is there, in order, and what is there is a first part of what was
//! submitted.
//!
//! A group's history is a list of states, one after each submission. After a crash the group must be in one of them, at
//! or behind the last one that was called back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;

const GROUPS: u32 = 3;

/// What a test does next.
#[derive(Clone, Debug)]
enum Act {
    Append { group: u32, count: u64, bytes: usize },
    Vote { group: u32 },
    Truncate { group: u32, back: u64 },
    Purge { group: u32, forward: u64 },
    Drop { group: u32 },
    Collect,
    Wait,
}

fn act() -> impl Strategy<Value = Act> {
    let group = 0..GROUPS;
    prop_oneof![
        8 => (group.clone(), 1u64..6, 0usize..900).prop_map(|(group, count, bytes)| Act::Append { group, count, bytes }),
        2 => group.clone().prop_map(|group| Act::Vote { group }),
        2 => (group.clone(), 0u64..6).prop_map(|(group, back)| Act::Truncate { group, back }),
        2 => (group.clone(), 0u64..30).prop_map(|(group, forward)| Act::Purge { group, forward }),
        1 => group.prop_map(|group| Act::Drop { group }),
        2 => Just(Act::Collect),
        2 => Just(Act::Wait),
    ]
}

/// A group as a test sees it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    entries: BTreeMap<u64, (u64, Bytes)>,
    purged: Option<(u64, Bytes)>,
    vote: Option<Bytes>,
}

/// A group's states, one after each submission, and how far they are acknowledged.
struct History {
    states: Vec<Seen>,
    acknowledged: Arc<AtomicUsize>,
}

impl History {
    fn now(&self) -> Seen {
        self.states.last().expect("a history begins with a state").clone()
    }

    /// Adds a state, and returns the callback that acknowledges it.
    fn then(&mut self, state: Seen) -> Done {
        self.states.push(state);
        let (position, acknowledged) = (self.states.len() - 1, self.acknowledged.clone());
        Box::new(move |result| {
            if result.is_ok() {
                let before = acknowledged.swap(position, Ordering::SeqCst);
                assert!(before < position, "callbacks come in order");
            }
        })
    }
}

/// The log under test, beside what it should hold. A refusal ends the test's life of the log.
struct Life<'a> {
    wal: Wal,
    histories: &'a mut [History],
    /// Makes every payload its own.
    serial: u64,
}

impl Life<'_> {
    fn act(&mut self, act: &Act) -> Option<()> {
        self.serial += 1;
        let serial = self.serial;
        let stamp = Bytes::from(serial.to_le_bytes().to_vec());
        match *act {
            Act::Append { group, count, bytes } => {
                let history = &mut self.histories[group as usize];
                let mut next = history.now();
                let after = next.entries.keys().next_back().copied();
                let first = after.or(next.purged.as_ref().map(|it| it.0)).map_or(1, |last| last + 1);
                let mut added = Vec::new();
                for index in first..first + count {
                    let payload = Bytes::from([stamp.to_vec(), vec![index as u8; bytes]].concat());
                    // A crash may keep a first part of one submission.
                    history.states.push(next.clone());
                    next.entries.insert(index, (serial, payload.clone()));
                    added.push(entry(index, serial, payload));
                }
                self.wal.append(GroupId(group), added, history.then(next)).ok()
            }
            Act::Vote { group } => {
                let history = &mut self.histories[group as usize];
                let next = Seen { vote: Some(stamp.clone()), ..history.now() };
                self.wal.save_vote(GroupId(group), stamp, history.then(next)).ok()
            }
            Act::Truncate { group, back } => {
                let history = &mut self.histories[group as usize];
                let mut next = history.now();
                let kept = next.entries.keys().rev().nth(back as usize).copied();
                next.entries.retain(|index, _| kept.is_some_and(|kept| *index <= kept));
                self.wal.truncate_after(GroupId(group), kept, history.then(next)).ok()
            }
            Act::Purge { group, forward } => {
                let history = &mut self.histories[group as usize];
                let mut next = history.now();
                let index = next.purged.as_ref().map_or(0, |it| it.0) + 1 + forward;
                next.entries.retain(|other, _| *other > index);
                next.purged = Some((index, stamp.clone()));
                // A purge has no callback; its state is one that may be found.
                drop(history.then(next));
                self.wal.purge_to(GroupId(group), index, stamp).ok()
            }
            Act::Drop { group } => {
                let history = &mut self.histories[group as usize];
                self.wal.drop_group(GroupId(group), history.then(Seen::default())).ok()
            }
            Act::Collect => self.wal.collect().ok().map(drop),
            Act::Wait => {
                let (done, result) = waiter();
                self.wal.append(GroupId(0), Vec::new(), done).ok()?;
                result.recv().ok()?.ok()
            }
        }
    }
}

fn seen(wal: &Wal, group: u32) -> Seen {
    let state = wal.state(GroupId(group));
    let entries = all(wal, GroupId(group)).into_iter().map(|it| (it.index, (it.term, it.payload))).collect();
    Seen { entries, purged: state.purged, vote: state.vote }
}

/// The position in the history that a group was found in.
fn found_in(history: &History, found: &Seen) -> Result<usize, String> {
    let acknowledged = history.acknowledged.load(Ordering::SeqCst);
    let position = history.states[acknowledged..].iter().position(|state| state == found);
    position.map(|at| acknowledged + at).ok_or_else(|| {
        format!(
            "of {} states {acknowledged} are acknowledged, but found {:?} {:?}, not {:?}",
            history.states.len(),
            found.entries.keys().collect::<Vec<_>>(),
            found.purged,
            history.states[acknowledged].entries.keys().collect::<Vec<_>>(),
        )
    })
}

/// Lives through some acts, loses power after some operations of the disk, and starts again; several times.
fn crash_and_check(lives: &[(Vec<Act>, u64, u64)]) -> Result<(), TestCaseError> {
    let mut disk = SimDisk::new();
    let fresh = || History { states: vec![Seen::default()], acknowledged: Arc::default() };
    let mut histories: Vec<_> = (0..GROUPS).map(|_| fresh()).collect();
    for (life, (acts, operations, seed)) in lives.iter().enumerate() {
        disk.cut_power_after(*operations);
        if let Ok((wal, _)) = Wal::open_on(Arc::new(disk.clone()), options()) {
            let mut alive = Life { wal, histories: &mut histories, serial: life as u64 * 1_000_000 };
            let _ = acts.iter().try_for_each(|act| alive.act(act));
            alive.wal.close();
        }
        disk = disk.after_power_cut(*seed);
        let (wal, recovery) = Wal::open_on(Arc::new(disk.clone()), options()).map_err(|error| {
            TestCaseError::fail(format!("life {life}: {error}: {:?}", std::error::Error::source(&error)))
        })?;
        prop_assert_eq!(recovery.damaged, []);
        for (group, history) in histories.iter_mut().enumerate() {
            let found = seen(&wal, group as u32);
            found_in(history, &found)
                .map_err(|what| TestCaseError::fail(format!("life {life} group {group}: {what}")))?;
            *history = History { states: vec![found], acknowledged: Arc::default() };
        }
        wal.close();
        disk = disk.snapshot();
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_was_called_back_is_there_after_a_power_cut(
        lives in proptest::collection::vec((proptest::collection::vec(act(), 0..60), 0u64..160, any::<u64>()), 1..5),
    ) {
        crash_and_check(&lives)?;
    }
}
