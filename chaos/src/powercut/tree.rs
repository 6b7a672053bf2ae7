//! The directory tree, twice: as programs see it, and as a power cut would leave it.
//!
//! Every change is an `Op`: a few entries that get their new value together, so that a rename is never half done.
//! An op is durable once a directory that it touches has been fsynced; ops that it builds upon become durable
//! with it. Until then it waits in `pending`, in order.
//!
//! Invariant: `durable` with all of `pending` applied is `current`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use super::luck::Luck;

/// The number of a file or directory; never used twice.
pub type Ino = u64;

/// A name in a directory.
pub type Entry = (Ino, OsString);

type Entries = BTreeMap<Ino, BTreeMap<OsString, Ino>>;

/// Entries that change together: to a file or directory, or to nothing.
#[derive(Clone, Debug)]
struct Op(Vec<(Entry, Option<Ino>)>);

/// Which name stands for which file, now and after a cut.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    current: Entries,
    durable: Entries,
    pending: Vec<Op>,
}

impl Tree {
    /// What `name` stands for in `dir` now.
    pub fn lookup(&self, dir: Ino, name: &OsStr) -> Option<Ino> {
        self.current.get(&dir)?.get(name).copied()
    }

    /// The entries that programs see in `dir`, by name.
    pub fn list(&self, dir: Ino) -> impl Iterator<Item = (&OsStr, Ino)> {
        let entries = self.current.get(&dir).into_iter().flatten();
        entries.map(|(name, &ino)| (name.as_os_str(), ino))
    }

    /// Gives `ino` a name.
    pub fn link(&mut self, at: Entry, ino: Ino) {
        self.perform(Op(vec![(at, Some(ino))]));
    }

    /// Takes a name away.
    pub fn unlink(&mut self, at: Entry) {
        self.perform(Op(vec![(at, None)]));
    }

    /// Moves `ino` from one name to another in one step, replacing what was there.
    pub fn rename(&mut self, from: Entry, to: Entry, ino: Ino) {
        self.perform(Op(vec![(from, None), (to, Some(ino))]));
    }

    /// An fsync of `dir`: its entries survive from now on.
    pub fn sync(&mut self, dir: Ino) {
        let chosen = self.needed_by(dir);
        let (now, later) = std::mem::take(&mut self.pending)
            .into_iter()
            .enumerate()
            .partition::<Vec<_>, _>(|(index, _)| chosen.contains(index));
        now.iter().for_each(|(_, op)| op.apply(&mut self.durable));
        self.pending = later.into_iter().map(|(_, op)| op).collect();
    }

    /// Makes everything durable, as a clean unmount does.
    pub fn sync_all(&mut self) {
        self.pending.clear();
        self.durable = self.current.clone();
    }

    /// A power cut: of the pending ops the first few survive, as luck has it, in the order in which they were made.
    pub fn cut(&mut self, luck: &mut Luck) {
        let survive = luck.keeps_first(self.pending.len());
        let pending = std::mem::take(&mut self.pending);
        pending[..survive].iter().for_each(|op| op.apply(&mut self.durable));
        self.current = self.durable.clone();
    }

    /// Every number that some name stands for: now, after a cut, or in between.
    pub fn referenced(&self) -> BTreeSet<Ino> {
        let named = [&self.current, &self.durable]
            .into_iter()
            .flat_map(|entries| entries.values().flat_map(|dir| dir.values().copied()));
        let pending = self.pending.iter().flat_map(|op| &op.0);
        named.chain(pending.filter_map(|(_, value)| *value)).collect()
    }

    fn perform(&mut self, op: Op) {
        op.apply(&mut self.current);
        self.pending.push(op);
    }

    /// The pending ops that touch `dir`, and those that came before them on the same entries.
    fn needed_by(&self, dir: Ino) -> BTreeSet<usize> {
        let mut entries: BTreeSet<&Entry> = BTreeSet::new();
        let mut chosen = BTreeSet::new();
        for (index, Op(changes)) in self.pending.iter().enumerate().rev() {
            let touches = |(entry, _): &(Entry, _)| entry.0 == dir || entries.contains(entry);
            if changes.iter().any(touches) {
                chosen.insert(index);
                entries.extend(changes.iter().map(|(entry, _)| entry));
            }
        }
        chosen
    }
}

impl Op {
    fn apply(&self, entries: &mut Entries) {
        for ((dir, name), value) in &self.0 {
            let dir = entries.entry(*dir).or_default();
            match value {
                Some(ino) => dir.insert(name.clone(), *ino),
                None => dir.remove(name),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ino = 1;
    const B: Ino = 2;
    const FILE: Ino = 10;

    fn at(dir: Ino, name: &str) -> Entry {
        (dir, name.into())
    }

    fn names(tree: &Tree, dir: Ino) -> Vec<String> {
        tree.list(dir).map(|(name, ino)| format!("{}={ino}", name.display())).collect()
    }

    #[test]
    fn a_name_survives_only_an_fsync_of_its_directory() {
        let mut tree = Tree::default();
        tree.link(at(A, "synced"), FILE);
        tree.sync(A);
        tree.link(at(A, "lost"), 11);
        tree.link(at(B, "elsewhere"), 12);
        tree.cut(&mut Luck::none());
        assert_eq!(names(&tree, A), ["synced=10"]);
        assert_eq!(names(&tree, B), [""; 0]);
    }

    #[test]
    fn a_rename_over_a_file_is_old_or_new() {
        let mut tree = Tree::default();
        tree.link(at(A, "current"), 10);
        tree.sync(A);
        tree.link(at(A, "new"), 11);
        tree.rename(at(A, "new"), at(A, "current"), 11);
        let mut old = tree.clone();
        old.cut(&mut Luck::none());
        assert_eq!(names(&old, A), ["current=10"]);
        tree.sync(A);
        tree.cut(&mut Luck::none());
        assert_eq!(names(&tree, A), ["current=11"]);
    }

    #[test]
    fn a_rename_between_directories_happens_at_both_ends() {
        let mut tree = Tree::default();
        tree.link(at(A, "x"), FILE);
        tree.rename(at(A, "x"), at(B, "y"), FILE);
        tree.sync(B);
        tree.cut(&mut Luck::none());
        assert_eq!(names(&tree, A), [""; 0]);
        assert_eq!(names(&tree, B), ["y=10"]);
    }

    #[test]
    fn luck_keeps_the_oldest_ops_only() {
        let mut outcomes = BTreeSet::new();
        for seed in 0..100 {
            let mut tree = Tree::default();
            tree.link(at(A, "1"), 11);
            tree.link(at(B, "2"), 12);
            tree.unlink(at(A, "1"));
            tree.cut(&mut Luck::seeded(seed));
            outcomes.insert((names(&tree, A), names(&tree, B)));
        }
        let strings = |s: &[&str]| s.iter().map(|s| s.to_string()).collect::<Vec<_>>();
        let expected = [
            (strings(&[]), strings(&[])),
            (strings(&["1=11"]), strings(&[])),
            (strings(&["1=11"]), strings(&["2=12"])),
            (strings(&[]), strings(&["2=12"])),
        ];
        assert_eq!(outcomes, expected.into());
    }
}
