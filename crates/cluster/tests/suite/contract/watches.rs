//! Watches.

use super::{Bench, next};
use crate::support::soon;
use cluster::coordinator::*;
use futures::StreamExt;
use std::collections::BTreeSet;

pub async fn a_watch_tells_everything_once(bench: Bench) {
    let before = bench.put("w/a", "1").await;
    let (missed, _) = (bench.put("w/a", "2").await, bench.put("elsewhere", "1").await);
    let mut watch = bench.coordinator.watch(bench.key("w/"), before);
    let mut told = next(&mut watch).await.changes;
    bench.put("elsewhere", "2").await;
    let txn = Txn::new()
        .put(bench.key("w/b"), "1".into())
        .put(bench.key("w/c"), "1".into())
        .delete(bench.key("w/a"));
    let Committed::Done(whole) = bench.commit(txn).await else { panic!() };
    let piece = next(&mut watch).await;
    assert_eq!((piece.changes.len(), piece.revision), (3, whole), "a transaction is told in one piece");
    told.extend(piece.changes);
    let last = bench.put("w/b", "2").await;
    told.extend(next(&mut watch).await.changes);
    let seen: BTreeSet<_> = told
        .iter()
        .map(|change| {
            (change.now.as_ref().map(|entry| entry.revision), change.key.replace(&bench.prefix, ""))
        })
        .collect();
    let expected = [
        (Some(missed), "/w/a"),
        (Some(whole), "/w/b"),
        (Some(whole), "/w/c"),
        (None, "/w/a"),
        (Some(last), "/w/b"),
    ];
    assert_eq!(seen, expected.map(|(revision, key)| (revision, key.to_owned())).into());
    assert_eq!(told.len(), expected.len());
    // Where it ended another one goes on.
    let mut again = bench.coordinator.watch(bench.key("w/"), whole);
    assert_eq!(next(&mut again).await.changes.len(), 1);
}

pub async fn a_watch_gives_signs_of_life(bench: Bench) {
    let revision = bench.put("quiet", "1").await;
    let mut watch = bench.coordinator.watch(bench.key("quiet"), revision);
    for _ in 0..2 {
        let sign = tokio::time::timeout(3 * WATCH_PULSE, watch.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(sign.changes, []);
        assert!(sign.revision >= revision);
    }
    bench.put("quiet", "2").await;
    assert_eq!(next(&mut watch).await.changes.len(), 1);
}

pub async fn a_watch_that_is_behind_lists_again(bench: Bench, compact: impl AsyncFn(u64)) {
    let old = bench.put("a", "1").await;
    bench.put("a", "2").await;
    let now = bench.put("a", "3").await;
    compact(now).await;
    let mut behind = bench.coordinator.watch(bench.key("a"), old);
    assert_eq!(soon("an end", behind.next()).await, Some(Err(WatchError::Relist)));
    assert_eq!(soon("nothing more", behind.next()).await, None);
    let mut ahead = bench.coordinator.watch(bench.key("a"), now + 1_000);
    assert_eq!(soon("an end", ahead.next()).await, Some(Err(WatchError::Relist)));
    let mut current = bench.coordinator.watch(bench.key("a"), now);
    bench.put("a", "4").await;
    assert_eq!(next(&mut current).await.changes.len(), 1);
}
