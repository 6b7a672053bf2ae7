//! Leases.

use super::{Bench, next};
use cluster::coordinator::*;
use std::time::{Duration, Instant};

pub async fn a_lease_takes_its_keys_along(bench: Bench) {
    let lease = bench.coordinator.grant(Duration::from_secs(60)).await.unwrap();
    let other = bench.coordinator.grant(Duration::from_secs(60)).await.unwrap();
    assert_ne!(lease, other);
    let under = |lease, name: &str| Txn::new().put_under(lease, bench.key(name), "1".into());
    bench.commit(under(lease, "a")).await;
    bench.commit(under(lease, "b")).await;
    bench.commit(under(other, "c")).await;
    let revision = bench.put("b", "stays").await;
    assert_eq!((bench.entry("a").await.lease, bench.entry("b").await.lease), (Some(lease), None));
    let mut watch = bench.coordinator.watch(bench.key("a"), revision);
    bench.coordinator.revoke(lease).await.unwrap();
    assert_eq!(next(&mut watch).await.changes, [Change { key: bench.key("a"), now: None }]);
    let left = [bench.value("a").await, bench.value("b").await, bench.value("c").await];
    assert_eq!(left, [None, Some("stays".into()), Some("1".into())]);
    bench.coordinator.revoke(lease).await.unwrap();
    assert_eq!(bench.coordinator.keep_alive(lease).await, Err(CoordinatorError::LeaseLost));
    assert_eq!(bench.coordinator.commit(under(lease, "a")).await, Err(CoordinatorError::LeaseLost));
}

pub async fn a_lease_lives_as_long_as_it_is_kept_alive(bench: Bench) {
    let ttl = Duration::from_secs(2);
    let lease = bench.coordinator.grant(ttl).await.unwrap();
    let begin = Instant::now();
    bench.commit(Txn::new().put_under(lease, bench.key("a"), "1".into())).await;
    while begin.elapsed() < 2 * ttl {
        let left = bench.coordinator.keep_alive(lease).await.unwrap();
        assert!(left >= ttl / 2, "{left:?}");
        assert_eq!(bench.value("a").await.as_deref(), Some("1"));
        tokio::time::sleep(ttl / 5).await;
    }
    let revision = bench.entry("a").await.revision;
    let left_alone = Instant::now();
    let mut watch = bench.coordinator.watch(bench.key("a"), revision);
    assert_eq!(next(&mut watch).await.changes, [Change { key: bench.key("a"), now: None }]);
    assert!(left_alone.elapsed() > ttl / 2);
    assert_eq!(bench.coordinator.keep_alive(lease).await, Err(CoordinatorError::LeaseLost));
}
