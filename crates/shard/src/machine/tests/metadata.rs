//! Names and labels.

use super::*;
use crate::command::{LabelChange, SetMetadata};
use base::Labels;

impl Shard {
    pub(super) fn set_metadata<const N: usize>(
        &mut self,
        id: DocId,
        by: &str,
        name: Option<&str>,
        labels: [(String, Option<String>); N],
        key: u8,
    ) -> Verdict {
        let set = self.metadata(id, by, name, labels, key);
        self.one(Command::SetMetadata(set))
    }

    /// A change that leaves at most three labels.
    fn metadata<const N: usize>(
        &mut self,
        id: DocId,
        by: &str,
        name: Option<&str>,
        labels: [(String, Option<String>); N],
        key: u8,
    ) -> SetMetadata {
        SetMetadata {
            origin: self.origin(by),
            edit: edit_id(key),
            document: *id.as_bytes(),
            version: None,
            name: name.map(str::to_owned),
            clear_labels: false,
            labels: labels.into_iter().map(|(key, value)| LabelChange { key, value }).collect(),
            labels_max: 3,
        }
    }

    fn labels(&self, id: DocId) -> Labels {
        self.head(id).unwrap().labels.unwrap_or_default()
    }
}

fn set(key: &str, value: &str) -> (String, Option<String>) {
    (key.to_owned(), Some(value.to_owned()))
}

fn take(key: &str) -> (String, Option<String>) {
    (key.to_owned(), None)
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn names_and_labels_change_and_the_content_stays() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    let before = shard.head(doc(1)).unwrap();
    let first = [set("team", "a"), set("stage", "draft")];
    assert_eq!(shard.set_metadata(doc(1), "ada", Some("plan"), first, 2), done(doc(1), 1));
    let then = shard.head(doc(1)).unwrap();
    assert_eq!((then.name.as_str(), then.version, &then.heads), ("plan", 1, &before.heads));
    assert_eq!((then.updated_ms, then.created_ms), (before.updated_ms, before.created_ms));
    assert_eq!(shard.labels(doc(1)), labels(&[("team", "a"), ("stage", "draft")]));
    shard.set_metadata(doc(1), "ada", None, [set("team", "b"), take("stage"), take("nothing")], 3).unwrap();
    assert_eq!(shard.labels(doc(1)), labels(&[("team", "b")]));
    // An edit leaves them, and is not kept from its version by them.
    assert_eq!(shard.edit(doc(1), 1, vec![part("ada", 4)]), [done(doc(1), 2)]);
    let after = shard.head(doc(1)).unwrap();
    assert_eq!((after.name.as_str(), after.labels), ("plan", Some(labels(&[("team", "b")]))));
    shard.set_metadata(doc(1), "ada", None, [take("team")], 5).unwrap();
    assert_eq!(shard.head(doc(1)).unwrap().labels, None, "none are written as none");
    shard.set_metadata(doc(1), "ada", None, [set("team", "c")], 6).unwrap();
    shard.delete(doc(1), "ada", None, 7).unwrap();
    let tombstone = shard.head(doc(1)).unwrap();
    assert_eq!((tombstone.name.as_str(), tombstone.labels), ("", None));
    assert_eq!(shard.set_metadata(doc(1), "ada", Some("x"), [], 8), Err(Rejection::NotFound));
}

#[test]
fn all_labels_go_at_once() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.set_metadata(doc(1), "ada", None, [set("a", "1"), set("b", "2"), set("c", "3")], 2).unwrap();
    let change = shard.metadata(doc(1), "ada", None, [set("d", "4")], 3);
    shard.one(Command::SetMetadata(SetMetadata { clear_labels: true, ..change })).unwrap();
    assert_eq!(shard.labels(doc(1)), labels(&[("d", "4")]));
}

#[test]
fn labels_are_bounded_after_the_change() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.set_metadata(doc(1), "ada", None, [set("a", "1"), set("b", "2"), set("c", "3")], 2).unwrap();
    assert_eq!(shard.set_metadata(doc(1), "ada", Some("x"), [set("d", "4")], 3), Err(Rejection::LabelsFull));
    assert_eq!(shard.head(doc(1)).unwrap().name, "notes", "all of it or nothing");
    shard.set_metadata(doc(1), "ada", None, [take("a"), set("d", "4")], 4).unwrap();
    // The limit was lowered: what is there may change and go.
    let lowered = |set: SetMetadata| Command::SetMetadata(SetMetadata { labels_max: 1, ..set });
    let change = shard.metadata(doc(1), "ada", None, [set("b", "x"), take("c")], 5);
    shard.one(lowered(change)).unwrap();
    assert_eq!(shard.labels(doc(1)), labels(&[("b", "x"), ("d", "4")]));
    let change = shard.metadata(doc(1), "ada", None, [set("a", "1")], 6);
    assert_eq!(shard.one(lowered(change)), Err(Rejection::LabelsFull));
}

#[test]
fn it_takes_the_level_of_a_writer() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    assert_eq!(shard.set_metadata(doc(1), "bob", Some("x"), [], 2), Err(Rejection::NotFound));
    shard.share(doc(1), "ada", "bob", Some(Level::Read), 3).unwrap();
    let forbidden = Rejection::Forbidden { needed: Level::Write, held: Level::Read };
    assert_eq!(shard.set_metadata(doc(1), "bob", Some("x"), [], 4), Err(forbidden));
    shard.share(doc(1), "ada", "bob", Some(Level::Write), 5).unwrap();
    shard.set_metadata(doc(1), "bob", Some("x"), [], 6).unwrap();
    assert_eq!(shard.head(doc(1)).unwrap().name, "x");
}

#[test]
fn a_repetition_changes_nothing_and_a_version_is_kept_to() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.set_metadata(doc(1), "ada", Some("first"), [], 2).unwrap();
    shard.set_metadata(doc(1), "ada", Some("second"), [], 3).unwrap();
    assert_eq!(shard.set_metadata(doc(1), "ada", Some("first"), [], 2), repeated(doc(1), 1));
    assert_eq!(shard.head(doc(1)).unwrap().name, "second");
    let change = shard.metadata(doc(1), "ada", Some("third"), [], 4);
    let at = |version| Command::SetMetadata(SetMetadata { version: Some(version), ..change.clone() });
    assert_eq!(shard.one(at(2)), Err(Rejection::Stale));
    assert_eq!(shard.one(at(1)), done(doc(1), 1));
}

#[test]
fn the_feed_and_the_cache_hear_of_what_has_changed() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    let before = shard.machine.generations().of(doc(1));
    shard.set_metadata(doc(1), "ada", Some("notes"), [take("a")], 2).unwrap();
    assert_eq!(shard.machine.generations().of(doc(1)), before, "nothing has changed");
    shard.set_metadata(doc(1), "ada", None, [set("a", "1")], 3).unwrap();
    assert_ne!(shard.machine.generations().of(doc(1)), before);
    assert_eq!(shard.told(), ["Created 1 of 1 by ada -", "Metadata 1 of 1 by ada -"]);
}

#[test]
fn a_creation_brings_its_labels() {
    let mut shard = shard();
    shard.key(doc(1), "ada");
    let create = Create {
        origin: shard.origin("ada"),
        edit: edit_id(1),
        document: *doc(1).as_bytes(),
        name: "notes".into(),
        shape: 1,
        change: vec![3; 40],
        heads: vec![1; 32],
        labels: Some(labels(&[("team", "a")])),
    };
    shard.one(Command::Create(create)).unwrap();
    assert_eq!(shard.labels(doc(1)), labels(&[("team", "a")]));
}

#[test]
fn labels_are_in_the_hash() {
    let (mut one, mut other) = (shard(), shard());
    for (shard, value) in [(&mut one, "a"), (&mut other, "b")] {
        shard.create(doc(1), "ada", 1).unwrap();
        assert_eq!(shard.head(doc(1)).unwrap().labels, None);
        shard.set_metadata(doc(1), "ada", None, [set("team", value)], 2).unwrap();
    }
    assert_ne!(state_hash(&one.machine), state_hash(&other.machine));
}
