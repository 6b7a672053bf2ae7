//! What each version of a document was seen to be: a version has one tag and one set of marks, and a tag one version.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::history::{Kind, Marks, Operation, StateId};

/// What the answers on one document say of its versions.
pub struct Faces<'h> {
    tags: BTreeMap<&'h str, (u64, &'h Operation)>,
}

/// Two answers that cannot both be true.
pub struct Clash<'h> {
    /// Why not.
    pub what: String,
    /// The two.
    pub witnesses: [&'h Operation; 2],
}

impl<'h> Faces<'h> {
    /// Collects what was said, and what of it clashes. Reads on replicas tell tags, but are held against others elsewhere.
    pub fn of(
        operations: &[&'h Operation],
        states: &BTreeMap<StateId, Marks>,
    ) -> (Faces<'h>, Vec<Clash<'h>>) {
        let mut tags: BTreeMap<&str, (u64, &Operation)> = BTreeMap::new();
        let mut versions: BTreeMap<u64, (&str, &Operation)> = BTreeMap::new();
        let mut contents: BTreeMap<u64, (StateId, &Operation)> = BTreeMap::new();
        let mut clashes = vec![];
        let on_replica = |operation: &&Operation| matches!(operation.kind, Kind::ReadAt { .. });
        let (replica, strong): (Vec<&Operation>, Vec<&Operation>) =
            operations.iter().copied().partition(on_replica);
        for operation in strong {
            let Some(answer) = operation.answer() else { continue };
            let Some(version) = answer.version else { continue };
            if let Some(tag) = answer.tag.as_deref() {
                clashes.extend(put(&mut tags, tag, version, operation).map(|(other, before)| Clash {
                    what: format!("the tag {tag} was shown for version {other} and for version {version}"),
                    witnesses: [before, operation],
                }));
                clashes.extend(put(&mut versions, version, tag, operation).map(|(other, before)| Clash {
                    what: format!("version {version} was shown with the tag {other} and with {tag}"),
                    witnesses: [before, operation],
                }));
            }
            let Some(state) = answer.seen else { continue };
            if let Some((other, before)) = put(&mut contents, version, state, operation)
                && states.get(&other) != states.get(&state)
            {
                let what = format!("version {version} was shown with two sets of marks");
                clashes.push(Clash { what, witnesses: [before, operation] });
            }
        }
        for operation in replica {
            if let Some(answer) = operation.ok()
                && let (Some(tag), Some(version)) = (answer.tag.as_deref(), answer.version)
            {
                tags.entry(tag).or_insert((version, operation));
            }
        }
        (Faces { tags }, clashes)
    }

    /// The version that a tag stands for, if anyone was shown it.
    pub fn version(&self, tag: &str) -> Option<u64> {
        self.tags.get(tag).map(|(version, _)| *version)
    }
}

/// Notes a value; gives the one that was there before if it is another.
fn put<'h, K: Ord, V: Copy + PartialEq>(
    held: &mut BTreeMap<K, (V, &'h Operation)>,
    key: K,
    value: V,
    operation: &'h Operation,
) -> Option<(V, &'h Operation)> {
    match held.entry(key) {
        Entry::Vacant(entry) => {
            entry.insert((value, operation));
            None
        }
        Entry::Occupied(entry) => Some(*entry.get()).filter(|(before, _)| *before != value),
    }
}
