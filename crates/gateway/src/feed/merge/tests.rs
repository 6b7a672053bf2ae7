//! Whatever the shards hold and in whatever pieces they tell it: everything is given once, in order, and each token is
//! behind just what was given before it.

use super::*;
use base::{DocId, Slot, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use rpc::EventKind;

/// What a shard tells of, and of what else it knows: the times of its records, and which of them are for the reader.
type Log = Vec<(u64, bool)>;

fn logs() -> impl Strategy<Value = Vec<Log>> {
    vec(vec((0..40u64, any::<bool>()), 0..12), 1..5).prop_map(|mut logs| {
        logs.iter_mut().for_each(|log| log.sort_unstable());
        logs
    })
}

fn shard(number: usize) -> ShardId {
    ShardId(number as u32)
}

fn place(behind: usize) -> FeedPlace {
    FeedPlace { index: behind as u64, number: 0 }
}

fn event(at: usize, time: u64) -> Event {
    Event {
        place: place(at + 1),
        document: DocId::mint(Slot::new(0).unwrap(), [0; 16]),
        kind: EventKind::Changed,
        version: 1,
        heads: vec![],
        authors: vec![],
        at: Timestamp(time),
    }
}

/// What a shard answers: at most so many events, having looked at so many records.
fn answer(log: &Log, since: FeedPlace, events_max: usize, records_max: usize) -> ChangesPage {
    let mut page = ChangesPage { events: vec![], place: since, more: true };
    for (at, (time, shown)) in log.iter().enumerate().skip(since.index as usize).take(records_max) {
        if page.events.len() == events_max {
            return page;
        }
        page.place = place(at + 1);
        page.events.extend(shown.then(|| event(at, *time)));
    }
    page.more = (page.place.index as usize) < log.len();
    page
}

fn start(logs: &[Log]) -> Places {
    Places((0..logs.len()).map(|number| (shard(number), FeedPlace::START)).collect())
}

/// What of all logs a reader of these places has not read.
fn left(logs: &[Log], places: &Places) -> Vec<(ShardId, FeedPlace)> {
    let of = |(number, log): (usize, &Log)| -> Vec<_> {
        let behind = places.0[&shard(number)].index as usize;
        let shown = log.iter().enumerate().skip(behind).filter(|(_, (_, shown))| *shown);
        shown.map(|(at, _)| (shard(number), place(at + 1))).collect()
    };
    logs.iter().enumerate().flat_map(of).collect()
}

/// A step of a reader.
#[derive(Debug, Clone)]
enum Step {
    /// One of the shards that are to be asked or that were asked answers.
    Answer {
        which: usize,
        events: usize,
        records: usize,
    },
    Give,
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let answer = (any::<usize>(), 1..4usize, 1..6usize);
    let answer = answer.prop_map(|(which, events, records)| Step::Answer { which, events, records });
    vec(prop_oneof![6 => answer, 6 => Just(Step::Give), 1 => Just(Step::Forget)], 0..150)
}

proptest! {
    #[test]
    fn everything_is_given_once_and_in_order(logs in logs(), steps in steps()) {
        let mut merge = Merge::new(start(&logs), true);
        let mut asked: BTreeMap<ShardId, FeedPlace> = BTreeMap::new();
        let mut expected = left(&logs, &start(&logs));
        let mut last = None;
        // Whatever the steps were, the reader comes to the end.
        let answers = (0..4).map(|which| Step::Answer { which, events: 9, records: 9 });
        let plainly: Vec<_> = answers.chain(std::iter::repeat_n(Step::Give, 4)).collect();
        for step in steps.into_iter().chain(plainly.into_iter().cycle().take(600)) {
            for hungry in merge.hungry() {
                prop_assert!(asked.insert(hungry.shard, hungry.since).is_none(), "asked twice at once");
                merge.ask(hungry.shard);
            }
            match step {
                Step::Answer { which, events, records } if !asked.is_empty() => {
                    let (&of, &since) = asked.iter().nth(which % asked.len()).unwrap();
                    asked.remove(&of);
                    merge.tell(of, answer(&logs[of.0 as usize], since, events, records));
                }
                Step::Answer { .. } => {}
                Step::Give => {
                    let Some(Given { event, token }) = merge.give() else { continue };
                    let places = Places::from_text(&token).unwrap();
                    let rest = left(&logs, &places);
                    // Just this one is gone from what is left, and it was the first of its shard.
                    let at = expected.iter().position(|one| !rest.contains(one)).unwrap();
                    let (of, given) = expected.remove(at);
                    prop_assert_eq!(&rest, &expected);
                    prop_assert_eq!(given, event.place);
                    prop_assert!(expected.iter().all(|(other, place)| *other != of || *place > given));
                    // All logs were there from the beginning: among shards the older goes first.
                    prop_assert!(last.replace((event.at, of)) <= Some((event.at, of)));
                }
                Step::Forget => {
                    merge.forget();
                    asked.clear();
                }
            }
            prop_assert_eq!(&left(&logs, &Places::from_text(&merge.token()).unwrap()), &expected);
        }
        prop_assert_eq!(expected, vec![]);
        prop_assert!(!merge.more());
        prop_assert!(!merge.waits());
    }
}

#[test]
fn a_shard_that_only_waits_holds_up_nobody() {
    let logs = vec![vec![], vec![(5, true)]];
    let mut merge = Merge::new(start(&logs), false);
    assert!(merge.hungry().iter().all(|hungry| !hungry.at_hand));
    merge.ask(shard(0));
    merge.ask(shard(1));
    assert!(!merge.waits());
    merge.tell(shard(1), answer(&logs[1], FeedPlace::START, 9, 9));
    assert_eq!(merge.give().unwrap().event, event(0, 5));
    assert!(merge.give().is_none() && !merge.more());
    // What it answers without an event moves the token on.
    merge.tell(shard(0), ChangesPage { events: vec![], place: FeedPlace::behind(7), more: false });
    let places = Places::from_text(&merge.token()).unwrap();
    assert_eq!(places.0.into_values().collect::<Vec<_>>(), [FeedPlace::behind(7), place(1)]);
}
