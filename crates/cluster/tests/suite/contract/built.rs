//! What is built from the operations: ids and elections.

use super::Bench;
use crate::support::soon;
use cluster::coordinator::*;
use std::time::Duration;

pub async fn an_id_is_given_once(bench: Bench) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (coordinator, key) = (bench.coordinator.clone(), bench.key("next"));
        tasks.spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..5 {
                ids.push(next_id(&*coordinator, key.clone()).await.unwrap());
            }
            assert!(ids.is_sorted());
            ids
        });
    }
    let mut ids: Vec<u64> = tasks.join_all().await.concat();
    ids.sort_unstable();
    assert_eq!(ids, (1..=20).collect::<Vec<_>>());
    bench.put("next", "a lot").await;
    let damaged = next_id(&*bench.coordinator, bench.key("next")).await;
    assert!(matches!(damaged, Err(IdError::Damaged(_))), "{damaged:?}");
}

pub async fn an_election_fences_whoever_was_elected_before(bench: Bench, compact: impl AsyncFn(u64)) {
    let stand = |name: &str| {
        let ttl = Duration::from_secs(5);
        Election::new(bench.coordinator.clone(), bench.key("office"), name.into(), ttl)
    };
    let (one, two) = (stand("one"), stand("two"));
    let elected = soon("the first election", one.campaign()).await;
    let act = |leadership: &Leadership, value: &str| {
        bench.commit(Txn::new().when(leadership.fence()).put(bench.key("work"), value.into()))
    };
    assert!(matches!(act(&elected, "one").await, Committed::Done(_)));
    // What was changed since the election does not have to be kept for those who wait.
    let now = bench.put("since", "1").await;
    compact(now).await;
    let mut second = Box::pin(two.campaign());
    let early = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
    assert!(early.is_err(), "nobody else is elected meanwhile");
    let lease = bench.entry("office").await.lease.unwrap();
    bench.coordinator.revoke(lease).await.unwrap();
    let successor = soon("the second election", second).await;
    assert!(successor.token() > elected.token());
    // The first one does not know, and is refused all the same.
    assert_eq!(act(&elected, "late").await, Committed::Conflict);
    assert!(matches!(act(&successor, "two").await, Committed::Done(_)));
    assert_eq!(bench.value("work").await.as_deref(), Some("two"));
    successor.resign().await;
    assert_eq!(bench.value("office").await, None);
}
