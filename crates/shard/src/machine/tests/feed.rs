//! What the commands leave in the change feed, and how long it stays.

use super::*;
use crate::store::{FeedExtent, FeedKind, FeedRecord, feed_place};
use base::FeedPlace;

impl Shard {
    fn feed_of_all(&self) -> Vec<(FeedPlace, FeedRecord)> {
        let pairs = self.machine.store.prefix(Space::Feed, &[]).map(Result::unwrap);
        let read = |(key, value): crate::store::Pair| {
            (feed_place(&key).unwrap(), FeedRecord::from_record(&value).unwrap())
        };
        pairs.map(read).collect()
    }

    /// Each record in a line.
    pub(super) fn told(&self) -> Vec<String> {
        let line = |(_, record): (FeedPlace, FeedRecord)| {
            let FeedRecord { kind, version, heads, authors, grant, lost, .. } = record;
            let grant =
                grant.map_or(String::new(), |grant| format!(" {}={:?}", grant.principal, grant.level));
            format!("{kind:?} {version} of {} by {}{grant} -{}", heads[0], authors.join("+"), lost.join("+"))
        };
        self.feed_of_all().into_iter().map(line).collect()
    }

    fn extent(&self) -> FeedExtent {
        let stored = self.machine.store.get(Space::State, key::state::FEED).unwrap();
        FeedExtent::from_stored(stored.as_deref()).unwrap()
    }
}

fn shard_keeping(ms: u64, records: u64) -> Shard {
    let folder = tempfile::tempdir().unwrap();
    let store = NodeStore::open(folder.path(), StoreOptions::default()).unwrap().shard(ShardId(0)).unwrap();
    let machine = Machine::open_keeping(store, Arc::default(), FeedKept { ms, records }).unwrap();
    Shard { machine, log: vec![], time_ms: 1_000_000, _folder: folder }
}

#[test]
fn every_command_that_changes_a_document_tells() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.share(doc(1), "ada", "bob", Some(Level::Write), 2).unwrap();
    let parts = vec![part("bob", 3), part("ada", 4), part("bob", 5)];
    assert!(shard.edit(doc(1), 1, parts).iter().all(Result::is_ok));
    shard.share(doc(1), "ada", "bob", None, 6).unwrap();
    shard.share(doc(1), "ada", "eve", Some(Level::Read), 7).unwrap();
    shard.delete(doc(1), "ada", None, 8).unwrap();
    let expected = [
        "Created 1 of 1 by ada -",
        "Shared 1 of 1 by ada bob=Some(2) -",
        "Changed 2 of 5 by bob+ada -",
        "Shared 2 of 5 by ada bob=None -bob",
        "Shared 2 of 5 by ada eve=Some(1) -",
        "Deleted 2 of 5 by ada -ada+eve",
    ];
    assert_eq!(shard.told(), expected);
    let times: Vec<_> = shard.feed_of_all().iter().map(|(_, record)| record.time_ms).collect();
    assert!(times.is_sorted() && times[0] > 1_000_000);
    assert_eq!(shard.extent(), FeedExtent { count: 6, ..FeedExtent::EMPTY });
}

#[test]
fn what_changes_nothing_tells_nothing() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.create(doc(2), "ada", 1).unwrap();
    assert!(shard.edit(doc(1), 7, vec![part("ada", 2)])[0].is_err());
    shard.edit(doc(1), 1, vec![EditPart { changes: vec![], ..part("ada", 3) }])[0].clone().unwrap();
    shard.share(doc(1), "ada", "ada", None, 4).unwrap();
    shard.share(doc(1), "ada", "bob", None, 5).unwrap();
    shard.share(doc(1), "ada", "bob", Some(Level::Read), 6).unwrap();
    shard.share(doc(1), "ada", "bob", Some(Level::Read), 7).unwrap();
    assert!(shard.delete(doc(1), "bob", None, 8).is_err());
    assert_eq!(shard.told(), ["Created 1 of 1 by ada -", "Shared 1 of 1 by ada bob=Some(1) -"]);
}

#[test]
fn records_of_one_entry_stand_in_order() {
    let mut shard = shard();
    for number in 1..4 {
        shard.key(doc(number), "ada");
    }
    let creations = (1..4).map(|number| {
        Command::Create(Create {
            origin: shard.origin("ada"),
            edit: edit_id(number),
            document: *doc(number).as_bytes(),
            name: String::new(),
            shape: 1,
            change: vec![],
            heads: vec![number; 32],
            labels: None,
        })
    });
    let entry = Entry::Commands(creations.collect());
    let index = shard.log.len() as u64;
    shard.feed(entry);
    let stood: Vec<_> = shard.feed_of_all().iter().map(|(place, record)| (*place, record.heads[0])).collect();
    let place = |number| FeedPlace { index, number };
    assert_eq!(stood, [(place(0), 1), (place(1), 2), (place(2), 3)]);
}

#[test]
fn old_records_go_by_log_time() {
    let mut shard = shard_keeping(HOUR_MS, 1_000);
    for key in 1..=40 {
        shard.create(doc(key), "ada", key).unwrap();
    }
    assert_eq!(shard.extent().count, 40);
    shard.time_ms += 2 * HOUR_MS;
    shard.key(doc(50), "ada");
    assert_eq!(shard.extent().count, 40 - 16, "each entry trims its share");
    shard.create_without_key(doc(50), "ada", 50).unwrap();
    assert_eq!(shard.extent().count, 24 - 16 + 1);
    shard.create(doc(51), "ada", 51).unwrap();
    assert_eq!((shard.extent().count, shard.count(Space::Feed)), (2, 2));
    let (oldest, trimmed) = (shard.feed_of_all()[0].0, shard.extent().trimmed);
    let reach = FeedReach::of(&shard.machine.store.view()).unwrap();
    assert!(trimmed < oldest && reach.holds(trimmed) && reach.holds(reach.to));
    assert!(!reach.holds(FeedPlace::START), "who stands before what was trimmed has missed it");
    assert!(!reach.holds(FeedPlace::behind(shard.log.len() as u64)), "nobody has read what is not there");
}

#[test]
fn what_is_too_many_goes_and_the_newest_stay() {
    let mut shard = shard_keeping(HOUR_MS, 5);
    for key in 1..=20 {
        shard.create(doc(key), "ada", key).unwrap();
    }
    assert_eq!(shard.extent().count, 5);
    let kept: Vec<_> = shard.feed_of_all().iter().map(|(_, record)| record.document).collect();
    assert_eq!(kept, [16, 17, 18, 19, 20].map(|number| *doc(number).as_bytes()));
}

#[test]
fn bells_ring_behind_the_write() {
    let mut shard = shard();
    let bell = Arc::new(Bell::default());
    let topic = Topic::Tenant(base::TenantId::new("acme").unwrap());
    let _hung = shard.machine.bells().hang(topic, &bell);
    shard.create(doc(1), "ada", 1).unwrap();
    assert!(bell.has_rung());
    bell.silence();
    shard.key(doc(2), "ada");
    assert!(!bell.has_rung(), "keys are of no reader's concern");
    assert_eq!(shard.machine.bells().rung_to(), shard.log.len() as u64 - 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Replaying the feed leads to the documents, versions and heads that the store has.
    #[test]
    fn the_feed_replayed_is_the_store(story in prop::collection::vec(acts(), 1..60)) {
        let mut shard = shard_keeping(u64::MAX, u64::MAX);
        story.into_iter().for_each(|act| play(&mut shard, act));
        let mut replayed = std::collections::BTreeMap::new();
        for (_, record) in shard.feed_of_all() {
            let state = (record.version, record.heads.clone());
            match record.kind {
                FeedKind::Created => prop_assert_eq!(replayed.insert(record.document, state), None),
                FeedKind::Changed => {
                    let before = replayed.insert(record.document, state);
                    prop_assert_eq!(before.map(|(version, _)| version + 1), Some(record.version));
                }
                FeedKind::Shared => prop_assert_eq!(replayed.get(&record.document), Some(&state)),
                FeedKind::Metadata => prop_assert_eq!(replayed.get(&record.document), Some(&state)),
                FeedKind::Deleted => prop_assert_eq!(replayed.remove(&record.document), Some(state)),
            }
        }
        let stored = (0..4).filter_map(|number| {
            let head = shard.head(doc(number)).filter(|head| head.deleted_ms.is_none())?;
            Some((*doc(number).as_bytes(), (head.version, head.heads)))
        });
        prop_assert_eq!(replayed, stored.collect());
    }

    /// What is trimmed does not depend on how the log is cut into batches, nor on restarts.
    #[test]
    fn trimming_is_a_pure_function_of_the_log(
        story in prop::collection::vec(acts(), 1..60),
        batch in 1..20usize,
        restart_after in 0..60usize,
    ) {
        let kept = FeedKept { ms: 40 * HOUR_MS, records: 6 };
        let mut leader = shard_keeping(kept.ms, kept.records);
        story.into_iter().for_each(|act| play(&mut leader, act));
        let follower = shard_keeping(kept.ms, kept.records);
        let mut machine = follower.machine;
        for (number, entries) in leader.log.chunks(batch).enumerate() {
            if number == restart_after {
                machine = Machine::open_keeping(machine.store.clone(), Arc::default(), kept).unwrap();
            }
            machine.apply(entries.to_vec()).unwrap();
        }
        prop_assert_eq!(state_hash(&machine), state_hash(&leader.machine));
        prop_assert!(leader.extent().count <= kept.records);
        prop_assert_eq!(leader.extent().count, leader.count(Space::Feed) as u64);
    }
}
