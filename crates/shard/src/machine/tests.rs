//! The machine, told as stories: commands in, outcomes and state out.

mod feed;
mod hash;
mod keys;
mod metadata;
mod ticket;

use super::*;
use crate::command::{
    Claim, Command, Create, Delete, DocumentKey, EditDocument, EditId, EditPart, Entry, Origin, OwnerKey,
    Part, Share,
};
use crate::raft::Kind;
use crate::store::{Head, Lookup, NodeStore, Receipt, StoreOptions};
use base::{DocId, Level, ShardId, Slot};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// A machine on a folder of its own, and the log that it was fed.
struct Shard {
    machine: Machine,
    log: Vec<Applicable>,
    time_ms: u64,
    _folder: tempfile::TempDir,
}

fn shard() -> Shard {
    let folder = tempfile::tempdir().unwrap();
    let store = NodeStore::open(folder.path(), StoreOptions::default()).unwrap().shard(ShardId(0)).unwrap();
    let machine = Machine::open(store, Arc::default()).unwrap();
    Shard { machine, log: vec![], time_ms: 1_000_000, _folder: folder }
}

fn state_hash(machine: &Machine) -> base::Hash {
    machine.digest(|| true).unwrap().unwrap().1
}

fn doc(number: u8) -> DocId {
    DocId::mint(Slot::new(5).unwrap(), [number; 16])
}

fn edit_id(key: u8) -> EditId {
    EditId { key: [key; 16], request: [key; 16] }
}

impl Shard {
    fn feed(&mut self, entry: Entry) -> Outcomes {
        self.feed_payload(entry.encode()).unwrap()
    }

    fn feed_payload(&mut self, payload: Bytes) -> io::Result<Outcomes> {
        let position = Position { term: 1, node: 1, index: self.log.len() as u64 };
        let entry = Applicable { position, kind: Kind::Commands(payload) };
        let outcomes = self.machine.apply(vec![entry.clone()])?;
        self.log.push(entry);
        Ok(outcomes.into_iter().next().unwrap())
    }

    fn one(&mut self, command: Command) -> Verdict {
        match self.feed(Entry::Commands(vec![command])).remove(0) {
            Outcome::One(outcome) => timeless(outcome),
            Outcome::Edits(mut outcomes) => timeless(outcomes.remove(0)),
            Outcome::Ticket(_) => panic!("no ticket was asked for"),
        }
    }

    fn origin(&mut self, user: &str) -> Origin {
        self.time_ms += 1;
        Origin { tenant: "acme".into(), principals: vec![user.into()], time_ms: self.time_ms }
    }

    fn key(&mut self, id: DocId, owner: &str) {
        self.key_under(id, owner, [7; 8]);
    }

    /// A document key under an owner key that is offered as the first.
    fn key_under(&mut self, id: DocId, owner: &str, above: [u8; 8]) {
        let owner_key = OwnerKey {
            tenant: "acme".into(),
            owner: owner.into(),
            slot: id.slot().number(),
            id: above,
            wrapped: vec![1; 69],
            time_ms: self.time_ms,
        };
        let wrapped = [&above[..], &[2; 61]].concat();
        let document_key = DocumentKey {
            tenant: "acme".into(),
            owner: owner.into(),
            document: *id.as_bytes(),
            wrapped,
            time_ms: self.time_ms,
        };
        self.feed(Entry::Keys(vec![Command::OwnerKey(owner_key), Command::DocumentKey(document_key)]));
    }

    fn create(&mut self, id: DocId, owner: &str, key: u8) -> Verdict {
        self.key(id, owner);
        self.create_without_key(id, owner, key)
    }

    fn create_without_key(&mut self, id: DocId, owner: &str, key: u8) -> Verdict {
        let create = Create {
            origin: self.origin(owner),
            edit: edit_id(key),
            document: *id.as_bytes(),
            name: "notes".into(),
            shape: 1,
            change: vec![3; 40],
            heads: vec![1; 32],
            labels: None,
        };
        self.one(Command::Create(create))
    }

    fn edit(&mut self, id: DocId, version: u64, parts: Vec<EditPart>) -> Vec<Verdict> {
        self.time_ms += 1;
        let edit = EditDocument {
            tenant: "acme".into(),
            document: *id.as_bytes(),
            version,
            parts,
            time_ms: self.time_ms,
        };
        match self.feed(Entry::Commands(vec![Command::Edit(edit)])).remove(0) {
            Outcome::Edits(outcomes) => outcomes.into_iter().map(timeless).collect(),
            Outcome::One(_) | Outcome::Ticket(_) => panic!("edits have an outcome each"),
        }
    }

    fn share(&mut self, id: DocId, by: &str, with: &str, level: Option<Level>, key: u8) -> Verdict {
        let share = Share {
            origin: self.origin(by),
            edit: edit_id(key),
            document: *id.as_bytes(),
            principal: with.into(),
            level: level.map(|level| level as u8),
            entries_max: 2,
        };
        self.one(Command::Share(share))
    }

    fn delete(&mut self, id: DocId, by: &str, version: Option<u64>, key: u8) -> Verdict {
        let delete =
            Delete { origin: self.origin(by), edit: edit_id(key), document: *id.as_bytes(), version };
        self.one(Command::Delete(delete))
    }

    fn head(&self, id: DocId) -> Option<Head> {
        let document = key::document("acme", id.as_bytes(), id.slot());
        let record = self.machine.store.get(Space::Documents, &key::head(&document)).unwrap();
        record.map(|bytes| Head::from_record(&bytes).unwrap())
    }

    fn count(&self, space: Space) -> usize {
        self.machine.store.prefix(space, &[]).count()
    }
}

fn part(user: &str, key: u8) -> EditPart {
    let heads = vec![key; 32];
    EditPart {
        principals: vec![user.into()],
        needs: 2,
        edit: Some(edit_id(key)),
        changes: vec![key; 20],
        heads,
    }
}

type Verdict = Result<(DocId, u64, bool), Rejection>;

/// An outcome without its time.
fn timeless(outcome: Result<Done, Rejection>) -> Verdict {
    outcome.map(|done| (DocId::from_bytes(done.document).unwrap(), done.version, done.repeated))
}

fn done(id: DocId, version: u64) -> Verdict {
    Ok((id, version, false))
}

fn repeated(id: DocId, version: u64) -> Verdict {
    Ok((id, version, true))
}

#[test]
fn a_document_is_made_edited_shared_and_deleted() {
    let mut shard = shard();
    assert_eq!(shard.create(doc(1), "ada", 1), done(doc(1), 1));
    assert_eq!(
        shard.edit(doc(1), 1, vec![part("ada", 2), part("ada", 3)]),
        [done(doc(1), 2), done(doc(1), 2)]
    );
    assert_eq!(shard.head(doc(1)).unwrap().heads, vec![3; 32]);
    assert_eq!(shard.share(doc(1), "ada", "bob", Some(Level::Read), 4), done(doc(1), 2));
    assert_eq!(shard.count(Space::Lists), 2);
    assert_eq!(shard.delete(doc(1), "ada", Some(2), 5), done(doc(1), 2));
    assert!(shard.head(doc(1)).unwrap().deleted_ms.is_some());
    assert_eq!(shard.count(Space::Lists), 0);
    // The tombstone and the owner's key are all that is left.
    assert_eq!(shard.count(Space::Documents), 2);
}

#[test]
fn a_repeated_edit_id_gives_the_first_result_and_does_nothing() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    assert_eq!(shard.create(doc(2), "ada", 1), repeated(doc(1), 1));
    assert_eq!(shard.head(doc(2)), None);
    assert_eq!(shard.edit(doc(1), 1, vec![part("ada", 2)]), [done(doc(1), 2)]);
    assert_eq!(shard.edit(doc(1), 2, vec![part("ada", 2)]), [repeated(doc(1), 2)]);
    assert_eq!(shard.head(doc(1)).unwrap().version, 2);
    assert_eq!(shard.delete(doc(1), "ada", None, 3), done(doc(1), 2));
    assert_eq!(shard.delete(doc(1), "ada", None, 3), repeated(doc(1), 2));
}

#[test]
fn a_key_with_another_request_is_refused() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    let mut other = part("ada", 1);
    other.edit = Some(EditId { request: [9; 16], ..edit_id(1) });
    assert_eq!(shard.edit(doc(1), 1, vec![other]), [Err(Rejection::KeyReused)]);
}

#[test]
fn edits_made_on_another_version_are_stale() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    assert_eq!(shard.edit(doc(1), 0, vec![part("ada", 2)]), [Err(Rejection::Stale)]);
    assert_eq!(shard.edit(doc(1), 2, vec![part("ada", 2)]), [Err(Rejection::Stale)]);
    assert_eq!(shard.head(doc(1)).unwrap().version, 1);
}

#[test]
fn after_a_part_that_is_refused_none_is_applied() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    let outcomes = shard.edit(doc(1), 1, vec![part("ada", 2), part("eve", 3), part("ada", 4)]);
    assert_eq!(outcomes, [done(doc(1), 2), Err(Rejection::NotFound), Err(Rejection::Stale)]);
    assert_eq!(shard.head(doc(1)).unwrap().heads, vec![2; 32]);
}

#[test]
fn an_edit_that_changes_nothing_leaves_the_version_and_a_receipt() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    let nothing = EditPart { changes: vec![], ..part("ada", 2) };
    assert_eq!(shard.edit(doc(1), 1, vec![nothing.clone()]), [done(doc(1), 1)]);
    assert_eq!(shard.edit(doc(1), 1, vec![nothing]), [repeated(doc(1), 1)]);
}

#[test]
fn a_revocation_ordered_before_an_edit_stops_it() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.share(doc(1), "ada", "bob", Some(Level::Write), 2).unwrap();
    shard.share(doc(1), "ada", "bob", Some(Level::Read), 3).unwrap();
    let forbidden = Rejection::Forbidden { needed: Level::Write, held: Level::Read };
    assert_eq!(shard.edit(doc(1), 1, vec![part("bob", 4)]), [Err(forbidden)]);
    shard.share(doc(1), "ada", "bob", None, 5).unwrap();
    assert_eq!(shard.edit(doc(1), 1, vec![part("bob", 4)]), [Err(Rejection::NotFound)]);
}

#[test]
fn only_admins_share_and_only_the_owner_deletes() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.share(doc(1), "ada", "bob", Some(Level::Write), 2).unwrap();
    let refused = shard.share(doc(1), "bob", "eve", Some(Level::Read), 3);
    assert_eq!(refused, Err(Rejection::Forbidden { needed: Level::Admin, held: Level::Write }));
    assert_eq!(shard.share(doc(1), "eve", "eve", Some(Level::Read), 3), Err(Rejection::NotFound));
    shard.share(doc(1), "ada", "bob", Some(Level::Admin), 4).unwrap();
    let refused = shard.delete(doc(1), "bob", None, 5);
    assert_eq!(refused, Err(Rejection::Forbidden { needed: Level::Owner, held: Level::Admin }));
    // The owner cannot be shut out.
    shard.share(doc(1), "bob", "ada", None, 6).unwrap();
    assert_eq!(shard.delete(doc(1), "ada", None, 7), done(doc(1), 1));
}

#[test]
fn an_access_list_is_bounded() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.share(doc(1), "ada", "b", Some(Level::Read), 2).unwrap();
    shard.share(doc(1), "ada", "c", Some(Level::Read), 3).unwrap();
    assert_eq!(shard.share(doc(1), "ada", "d", Some(Level::Read), 4), Err(Rejection::AccessFull));
    shard.share(doc(1), "ada", "c", Some(Level::Write), 5).unwrap();
    shard.share(doc(1), "ada", "b", None, 6).unwrap();
    shard.share(doc(1), "ada", "d", Some(Level::Read), 7).unwrap();
}

#[test]
fn a_deleted_document_never_comes_back() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.delete(doc(1), "ada", None, 2).unwrap();
    assert_eq!(shard.create(doc(1), "ada", 3), Err(Rejection::Exists));
    assert_eq!(shard.edit(doc(1), 1, vec![part("ada", 4)]), [Err(Rejection::NotFound)]);
    assert_eq!(shard.share(doc(1), "ada", "bob", Some(Level::Read), 5), Err(Rejection::NotFound));
}

#[test]
fn tenants_do_not_meet() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    let edit = EditDocument {
        tenant: "other".into(),
        document: *doc(1).as_bytes(),
        version: 1,
        parts: vec![part("ada", 2)],
        time_ms: 0,
    };
    assert_eq!(shard.one(Command::Edit(edit)), Err(Rejection::NotFound));
}

#[test]
fn receipts_expire_by_log_time() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.time_ms += 23 * HOUR_MS;
    shard.edit(doc(1), 1, vec![part("ada", 2)]);
    assert_eq!(shard.count(Space::Edits), 2);
    shard.time_ms += 2 * HOUR_MS;
    shard.edit(doc(1), 2, vec![part("ada", 3)]);
    let kept: Vec<_> = shard.machine.store.prefix(Space::Edits, &[]).map(|pair| pair.unwrap().1).collect();
    let kept: Vec<_> = kept.iter().map(|bytes| Receipt::from_record(bytes).unwrap().request[0]).collect();
    assert_eq!(kept, [2, 3]);
}

#[test]
fn a_leader_with_a_slow_clock_does_not_turn_time_back() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    let before = shard.head(doc(1)).unwrap().updated_ms;
    shard.time_ms = 5;
    shard.edit(doc(1), 1, vec![part("ada", 2)]);
    assert_eq!(shard.head(doc(1)).unwrap().updated_ms, before);
}

fn in_parts(command: &Command, size: usize) -> Vec<Entry> {
    let whole = command.encode();
    let transfer = [4; 16];
    let chunks = whole.chunks(size).zip(0..);
    let parts = chunks.map(|(bytes, number)| Part { transfer, number, bytes: bytes.to_vec(), time_ms: 1 });
    let mut entries: Vec<_> = parts.map(Entry::Part).collect();
    let hash = Sha256::digest(&whole).into();
    entries.push(Entry::Claim(Claim { transfer, parts: entries.len() as u32, hash }));
    entries
}

#[test]
fn a_long_command_comes_in_parts() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    let long = EditPart { changes: vec![8; 10_000], ..part("ada", 2) };
    let edit = EditDocument {
        tenant: "acme".into(),
        document: *doc(1).as_bytes(),
        version: 1,
        parts: vec![long],
        time_ms: shard.time_ms,
    };
    let entries = in_parts(&Command::Edit(edit), 1_000);
    let outcomes: Vec<_> = entries.into_iter().map(|entry| shard.feed(entry)).collect();
    assert!(matches!(outcomes.last().unwrap().as_slice(), [Outcome::Edits(parts)] if parts[0].is_ok()));
    assert_eq!(shard.head(doc(1)).unwrap().version, 2);
    let parts = shard.machine.store.prefix(Space::State, b"p").count();
    assert_eq!(parts, 0, "claimed parts are gone");
}

#[test]
fn unclaimed_parts_expire() {
    let mut shard = shard();
    shard.feed(Entry::Part(Part {
        transfer: [1; 16],
        number: 0,
        bytes: vec![1; 100],
        time_ms: shard.time_ms,
    }));
    shard.time_ms += 2 * HOUR_MS;
    shard.create(doc(1), "ada", 1).unwrap();
    assert_eq!(shard.machine.store.prefix(Space::State, b"p").count(), 0);
    assert_eq!(shard.machine.store.prefix(Space::State, b"t").count(), 0);
}

#[test]
fn what_does_not_decode_changes_nothing() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    let before = state_hash(&shard.machine);
    assert!(shard.feed_payload(Bytes::from_static(&[9, 9, 9])).is_err());
    assert!(shard.feed_payload(Bytes::from_static(&[1, 1, 0, 0, 0, 2, 1, 99])).is_err());
    assert_eq!(state_hash(&shard.machine), before);
}

#[test]
fn a_snapshot_carries_everything() {
    let mut here = shard();
    here.create(doc(1), "ada", 1).unwrap();
    here.share(doc(1), "ada", "bob", Some(Level::Write), 2).unwrap();
    let mut there = shard();
    there.create(doc(2), "eve", 9).unwrap();
    there.machine.install(here.machine.snapshot().unwrap()).unwrap();
    assert_eq!(state_hash(&there.machine), state_hash(&here.machine));
    assert_eq!(there.head(doc(2)), None);
    assert_eq!(there.machine.durable().unwrap(), here.machine.applied().unwrap());
}

#[test]
fn a_snapshot_of_another_position_is_refused_whole() {
    let mut here = shard();
    here.create(doc(1), "ada", 1).unwrap();
    let mut there = shard();
    there.create(doc(2), "eve", 9).unwrap();
    let before = state_hash(&there.machine);
    let mut snapshot = here.machine.snapshot().unwrap();
    snapshot.position.index += 1;
    assert!(there.machine.install(snapshot).is_err());
    assert_eq!(state_hash(&there.machine), before);
}

#[derive(Debug, Clone)]
enum Act {
    Create(u8, u8),
    Edit(u8, u64, u8, u8),
    Share(u8, u8, Option<Level>, u8),
    Delete(u8, u8),
    SetMetadata(u8, u8, u8, Option<u8>, u8),
    Wait(u64),
}

fn acts() -> impl Strategy<Value = Act> {
    let level = prop_oneof![Just(None), Just(Some(Level::Read)), Just(Some(Level::Admin))];
    prop_oneof![
        (0..4u8, 0..20u8).prop_map(|(document, key)| Act::Create(document, key)),
        (0..4u8, 0..4u64, 0..3u8, 0..20u8)
            .prop_map(|(d, version, user, key)| Act::Edit(d, version, user, key)),
        (0..4u8, 0..3u8, level, 0..20u8).prop_map(|(d, user, level, key)| Act::Share(d, user, level, key)),
        (0..4u8, 0..20u8).prop_map(|(document, key)| Act::Delete(document, key)),
        (0..4u8, 0..3u8, 0..4u8, prop::option::of(0..3u8), 0..20u8)
            .prop_map(|(d, user, label, value, key)| Act::SetMetadata(d, user, label, value, key)),
        (0..30u64).prop_map(|hours| Act::Wait(hours * HOUR_MS)),
    ]
}

const USERS: [&str; 3] = ["ada", "bob", "eve"];

fn play(shard: &mut Shard, act: Act) {
    match act {
        Act::Create(document, key) => drop(shard.create(doc(document), "ada", key)),
        Act::Edit(document, version, user, key) => {
            let parts = vec![part(USERS[usize::from(user)], key), part("ada", key.wrapping_add(1))];
            drop(shard.edit(doc(document), version, parts));
        }
        Act::Share(document, user, level, key) => {
            drop(shard.share(doc(document), "ada", USERS[usize::from(user)], level, key));
        }
        Act::Delete(document, key) => drop(shard.delete(doc(document), "ada", None, key)),
        Act::SetMetadata(document, user, label, value, key) => {
            let (user, value) = (USERS[usize::from(user)], value.map(|value| value.to_string()));
            let changes = [(label.to_string(), value)];
            drop(shard.set_metadata(doc(document), user, Some("renamed"), changes, key));
        }
        Act::Wait(ms) => shard.time_ms += ms,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    /// Two replicas that are fed the same log, one entry at a time or many, with or without a restart between, agree.
    #[test]
    fn apply_is_a_pure_function_of_the_log(
        story in prop::collection::vec(acts(), 1..60),
        batch in 1..20usize,
        restart_after in 0..60usize,
    ) {
        let mut leader = shard();
        story.into_iter().for_each(|act| play(&mut leader, act));
        let follower = shard();
        let mut machine = follower.machine;
        for (number, entries) in leader.log.chunks(batch).enumerate() {
            if number == restart_after {
                machine = Machine::open(machine.store.clone(), Arc::default()).unwrap();
            }
            machine.apply(entries.to_vec()).unwrap();
        }
        prop_assert_eq!(state_hash(&machine), state_hash(&leader.machine));
    }
}
