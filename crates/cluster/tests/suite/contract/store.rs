//! What is stored, and how it is changed.

use super::Bench;
use cluster::coordinator::*;

pub async fn revisions_tell_values_apart(bench: Bench) {
    assert_eq!(bench.value("a").await, None);
    let first = bench.put("a", "one").await;
    let second = bench.put("a", "two").await;
    assert!(second > first);
    let entry = bench.entry("a").await;
    assert_eq!((entry.revision, entry.created, entry.lease), (second, first, None));
    bench.commit(Txn::new().delete(bench.key("a"))).await;
    assert_eq!(bench.value("a").await, None);
    let third = bench.put("a", "three").await;
    assert_eq!(bench.entry("a").await.created, third);
}

pub async fn a_transaction_happens_as_a_whole_or_not_at_all(bench: Bench) {
    let [a, b] = ["a", "b"].map(|name| bench.key(name));
    let both = |compare| Txn::new().when(compare).put(a.clone(), "1".into()).put(b.clone(), "1".into());
    let Committed::Done(made) = bench.commit(both(Compare::Absent(a.clone()))).await else { panic!() };
    assert_eq!((bench.entry("a").await.revision, bench.entry("b").await.revision), (made, made));
    let changed = bench.put("a", "2").await;
    let unchanged = |revision| Compare::Unchanged { key: a.clone(), revision };
    let created = |revision| Compare::Created { key: a.clone(), revision };
    for stale in [Compare::Absent(a.clone()), unchanged(made), created(changed), created(0), unchanged(0)] {
        assert_eq!(bench.commit(both(stale)).await, Committed::Conflict);
    }
    let half = Txn::new().when(created(made)).when(unchanged(made)).put(b.clone(), "2".into());
    assert_eq!(bench.commit(half).await, Committed::Conflict);
    assert_eq!(bench.value("b").await.as_deref(), Some("1"));
    let holds = Txn::new().when(created(made)).when(unchanged(changed));
    assert!(matches!(bench.commit(holds.clone()).await, Committed::Done(_)));
    let done = bench.commit(holds.put(b.clone(), "2".into()).delete(a.clone())).await;
    assert!(matches!(done, Committed::Done(revision) if revision > changed));
    assert_eq!((bench.value("a").await, bench.value("b").await.as_deref()), (None, Some("2")));
}

pub async fn what_can_never_be_done_is_refused(bench: Bench) {
    let twice = Txn::new().put(bench.key("a"), "1".into()).put(bench.key("a"), "2".into());
    let many = (0..=TXN_OPS_MAX).fold(Txn::new(), |txn, at| txn.put(bench.key(&at.to_string()), "1".into()));
    let nowhere = Txn::new().put(String::new(), "1".into());
    for txn in [twice, many.clone(), nowhere] {
        let refused = bench.coordinator.commit(txn).await;
        assert!(matches!(refused, Err(CoordinatorError::Refused { .. })), "{refused:?}");
    }
    let most = Txn { ops: many.ops[1..].to_vec(), ..Txn::new() };
    assert!(matches!(bench.commit(most).await, Committed::Done(_)));
    let long = Txn::new().put(bench.key("long"), vec![b'x'; VALUE_BYTES_MAX]);
    assert!(matches!(bench.commit(long).await, Committed::Done(_)));
    assert_eq!(bench.entry("long").await.value.len(), VALUE_BYTES_MAX);
}

pub async fn a_listing_is_below_its_prefix(bench: Bench) {
    for name in ["x/b", "x/a", "x", "y", "xy"] {
        bench.put(name, name).await;
    }
    let last = bench.put("x/c", "x/c").await;
    let listing = bench.coordinator.list(bench.key("x/")).await.unwrap();
    let keys: Vec<_> = listing.entries.iter().map(|entry| entry.key.clone()).collect();
    assert_eq!(keys, ["x/a", "x/b", "x/c"].map(|name| bench.key(name)));
    assert!(listing.revision >= last);
    assert_eq!(bench.coordinator.list(bench.key("z/")).await.unwrap().entries, []);
    // Longer than what gRPC reads unless it is told otherwise.
    for name in ["long/a", "long/b", "long/c", "long/d", "long/e"] {
        bench.put(name, &"x".repeat(VALUE_BYTES_MAX)).await;
    }
    assert_eq!(bench.coordinator.list(bench.key("long/")).await.unwrap().entries.len(), 5);
}
