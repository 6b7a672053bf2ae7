//! What a power cut leaves, for random histories, against a model that remembers only what was fsynced.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::time::SystemTime;

use chaos::powercut::content::{Content, SECTOR_BYTES};
use chaos::powercut::disk::{Change, Disk, Kind, Node, ROOT};
use chaos::powercut::luck::Luck;
use chaos::powercut::tree::Ino;
use proptest::prelude::*;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Clone, Debug)]
enum Step {
    Create(usize, usize),
    Write(usize, usize, u64, Vec<u8>),
    SetLen(usize, usize, u64),
    SyncFile(usize, usize),
    SyncDirectory(usize),
    Rename((usize, usize), (usize, usize)),
    Unlink(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (dir, name) = (0..2_usize, 0..NAMES.len());
    let at = (dir.clone(), name);
    let bytes = (any::<u8>(), 1..2_000_usize).prop_map(|(byte, len)| vec![byte; len]);
    let step = prop_oneof![
        at.clone().prop_map(|(d, n)| Step::Create(d, n)),
        (at.clone(), 0..3_000_u64, bytes).prop_map(|((d, n), o, b)| Step::Write(d, n, o, b)),
        (at.clone(), 0..4_000_u64).prop_map(|((d, n), len)| Step::SetLen(d, n, len)),
        at.clone().prop_map(|(d, n)| Step::SyncFile(d, n)),
        dir.prop_map(Step::SyncDirectory),
        (at.clone(), at.clone()).prop_map(|(from, to)| Step::Rename(from, to)),
        at.prop_map(|(d, n)| Step::Unlink(d, n)),
    ];
    prop::collection::vec(step, 0..60)
}

/// Plain bytes of each file: as written, and as of its last fsync.
#[derive(Clone, Debug, Default)]
struct Bytes {
    current: Vec<u8>,
    durable: Vec<u8>,
}

/// The disk beside what the model knows of it.
struct Pair {
    disk: Disk,
    dirs: [Ino; 2],
    files: BTreeMap<Ino, Bytes>,
    /// Files whose name survived a sync and was neither taken away nor replaced since.
    must_stay: BTreeSet<Ino>,
    /// What each directory held when it was fsynced last, and whether a rename crossed directories since the start.
    listed: [BTreeMap<OsString, Ino>; 2],
    crossed: bool,
}

impl Pair {
    fn new() -> Pair {
        let mut disk = Disk::default();
        let dirs = ["left", "right"].map(|name| {
            let node = Node::new(Kind::Directory, 0o755, SystemTime::UNIX_EPOCH);
            disk.create(ROOT, OsStr::new(name), node).unwrap()
        });
        disk.sync_directory(ROOT).unwrap();
        Pair {
            disk,
            dirs,
            files: BTreeMap::new(),
            must_stay: BTreeSet::new(),
            listed: [BTreeMap::new(), BTreeMap::new()],
            crossed: false,
        }
    }

    fn find(&self, dir: usize, name: usize) -> Option<Ino> {
        self.disk.lookup(self.dirs[dir], OsStr::new(NAMES[name])).ok()
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Create(d, n) => {
                let node = Node::new(Kind::File(Content::default()), 0o644, SystemTime::UNIX_EPOCH);
                let made = self.disk.create(self.dirs[d], OsStr::new(NAMES[n]), node).ok();
                self.files.extend(made.map(|ino| (ino, Bytes::default())));
            }
            Step::Write(d, n, offset, bytes) => self.write(d, n, offset, &bytes),
            Step::SetLen(d, n, len) => {
                if let Some(ino) = self.find(d, n) {
                    let change = Change { len: Some(len), ..Change::default() };
                    self.disk.change(ino, change).unwrap();
                    self.files.get_mut(&ino).unwrap().current.resize(len as usize, 0);
                }
            }
            Step::SyncFile(d, n) => {
                if let Some(ino) = self.find(d, n) {
                    self.disk.sync_file(ino).unwrap();
                    let file = self.files.get_mut(&ino).unwrap();
                    file.durable = file.current.clone();
                }
            }
            Step::SyncDirectory(d) => {
                self.disk.sync_directory(self.dirs[d]).unwrap();
                self.listed[d] = self.list(d);
                self.must_stay.extend(self.listed[d].values());
            }
            Step::Rename(from, to) => self.rename(from, to),
            Step::Unlink(d, n) => {
                if let Some(ino) = self.find(d, n) {
                    self.must_stay.remove(&ino);
                    self.disk.unlink(self.dirs[d], OsStr::new(NAMES[n])).unwrap();
                }
            }
        }
    }

    fn write(&mut self, d: usize, n: usize, offset: u64, bytes: &[u8]) {
        if let Some(ino) = self.find(d, n) {
            self.disk.write(ino, offset, bytes, SystemTime::UNIX_EPOCH).unwrap();
            let current = &mut self.files.get_mut(&ino).unwrap().current;
            let (start, end) = (offset as usize, offset as usize + bytes.len());
            current.resize(current.len().max(end), 0);
            current[start..end].copy_from_slice(bytes);
        }
    }

    fn rename(&mut self, from: (usize, usize), to: (usize, usize)) {
        if let Some(moved) = self.find(from.0, from.1) {
            if let Some(replaced) = self.find(to.0, to.1).filter(|&ino| ino != moved) {
                self.must_stay.remove(&replaced);
            }
            self.crossed |= from.0 != to.0;
            let entry = |(d, n): (usize, usize)| (self.dirs[d], OsStr::new(NAMES[n]));
            let (from, to) = (entry(from), entry(to));
            self.disk.rename(from, to).unwrap();
        }
    }

    fn list(&self, d: usize) -> BTreeMap<OsString, Ino> {
        self.disk.list(self.dirs[d]).unwrap().into_iter().collect()
    }

    fn named(&self) -> Vec<Ino> {
        (0..2).flat_map(|d| self.list(d).into_values()).collect()
    }

    fn bytes(&self, ino: Ino) -> Vec<u8> {
        self.disk.read(ino, 0, 1 << 20).unwrap()
    }

    fn view(&self) -> Vec<(usize, OsString, Vec<u8>)> {
        (0..2)
            .flat_map(|d| self.list(d).into_iter().map(move |(n, i)| (d, n, i)))
            .map(|(d, name, ino)| (d, name, self.bytes(ino)))
            .collect()
    }
}

fn after(steps: Vec<Step>) -> Pair {
    let mut pair = Pair::new();
    steps.into_iter().for_each(|step| pair.run(step));
    pair
}

proptest! {
    #[test]
    fn programs_see_what_they_wrote(steps in steps()) {
        let pair = after(steps);
        for ino in pair.named() {
            prop_assert_eq!(pair.bytes(ino), pair.files[&ino].current.clone());
        }
    }

    #[test]
    fn a_plain_cut_leaves_exactly_what_was_fsynced(steps in steps()) {
        let mut pair = after(steps);
        pair.disk.cut(&mut Luck::none());
        let named = pair.named();
        for &ino in &named {
            prop_assert_eq!(pair.bytes(ino), pair.files[&ino].durable.clone());
        }
        if !pair.crossed {
            prop_assert_eq!([pair.list(0), pair.list(1)], pair.listed);
        }
    }

    #[test]
    fn no_cut_loses_or_doubles_a_file_that_is_only_renamed(steps in steps(), seed: Option<u64>) {
        let mut pair = after(steps);
        pair.disk.cut(&mut seed.map_or_else(Luck::none, Luck::seeded));
        let named = pair.named();
        let distinct: BTreeSet<Ino> = named.iter().copied().collect();
        prop_assert_eq!(named.len(), distinct.len(), "a file has two names");
        prop_assert!(pair.must_stay.is_subset(&distinct), "a file has lost its name");
    }

    #[test]
    fn a_torn_cut_leaves_each_sector_old_or_new(steps in steps(), seed: u64) {
        let mut pair = after(steps);
        pair.disk.cut(&mut Luck::seeded(seed));
        for ino in pair.named() {
            let left = pair.bytes(ino);
            let Bytes { current, durable } = &pair.files[&ino];
            prop_assert!([current.len(), durable.len()].contains(&left.len()));
            for (index, sector) in left.chunks(SECTOR_BYTES).enumerate() {
                let of = |bytes: &[u8]| {
                    let mut bytes = bytes.to_vec();
                    bytes.resize(left.len(), 0);
                    bytes[index * SECTOR_BYTES..][..sector.len()].to_vec()
                };
                prop_assert!(sector == of(current) || sector == of(durable));
            }
        }
    }

    #[test]
    fn what_is_fsynced_with_its_directory_survives_every_cut(steps in steps(), seed: Option<u64>) {
        let mut pair = after(steps);
        for ino in pair.named() {
            pair.disk.sync_file(ino).unwrap();
        }
        pair.run(Step::SyncDirectory(0));
        pair.run(Step::SyncDirectory(1));
        let before = pair.view();
        pair.disk.cut(&mut seed.map_or_else(Luck::none, Luck::seeded));
        prop_assert_eq!(pair.view(), before);
    }

    #[test]
    fn a_second_cut_changes_nothing_and_the_same_seed_does_the_same(steps in steps(), seed: u64) {
        let cut = |times: usize| {
            let mut pair = after(steps.clone());
            pair.disk.cut(&mut Luck::seeded(seed));
            (1..times).for_each(|_| pair.disk.cut(&mut Luck::none()));
            pair.view()
        };
        prop_assert_eq!(cut(1), cut(1));
        prop_assert_eq!(cut(1), cut(2));
    }
}
