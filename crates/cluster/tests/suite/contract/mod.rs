//! One suite holds every coordinator to the contract of the seam.

mod built;
mod leases;
mod store;
mod watches;

use crate::support::{EtcdServer, soon};
use cluster::coordinator::*;
use futures::StreamExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the suite is run against, and a prefix that nobody else uses.
struct Bench {
    coordinator: SharedCoordinator,
    prefix: String,
}

impl Bench {
    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    async fn commit(&self, txn: Txn) -> Committed {
        self.coordinator.commit(txn).await.unwrap()
    }

    async fn put(&self, name: &str, value: &str) -> u64 {
        let Committed::Done(revision) = self.commit(Txn::new().put(self.key(name), value.into())).await
        else {
            panic!("nothing was compared");
        };
        revision
    }

    async fn value(&self, name: &str) -> Option<String> {
        let entry = self.coordinator.get(self.key(name)).await.unwrap()?;
        Some(String::from_utf8(entry.value).unwrap())
    }

    async fn entry(&self, name: &str) -> Entry {
        self.coordinator.get(self.key(name)).await.unwrap().unwrap()
    }
}

async fn run_all(coordinator: SharedCoordinator, compact: impl AsyncFn(u64)) {
    let bench = |name: &str| {
        println!("{name}");
        Bench { coordinator: coordinator.clone(), prefix: format!("/suite/{name}") }
    };
    store::revisions_tell_values_apart(bench("revisions")).await;
    store::a_transaction_happens_as_a_whole_or_not_at_all(bench("transactions")).await;
    store::what_can_never_be_done_is_refused(bench("refused")).await;
    store::a_listing_is_below_its_prefix(bench("list")).await;
    watches::a_watch_tells_everything_once(bench("watch")).await;
    watches::a_watch_gives_signs_of_life(bench("life")).await;
    leases::a_lease_takes_its_keys_along(bench("lease")).await;
    leases::a_lease_lives_as_long_as_it_is_kept_alive(bench("alive")).await;
    built::an_id_is_given_once(bench("ids")).await;
    built::an_election_fences_whoever_was_elected_before(bench("election"), &compact).await;
    watches::a_watch_that_is_behind_lists_again(bench("behind"), compact).await;
}

/// The next changes of a watch that are any.
async fn next(watch: &mut Watch) -> Changes {
    soon("a change", async {
        loop {
            let told = watch.next().await.unwrap().unwrap();
            if !told.changes.is_empty() {
                return told;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_local_coordinator_keeps_the_contract() {
    let local = Local::new();
    run_all(Arc::new(local.clone()), async |_| local.compact()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_keeps_the_contract() {
    let server = EtcdServer::start();
    let client = etcd_client::Client::connect([server.url()], None).await.unwrap();
    let compact = async |revision: u64| {
        client.kv_client().compact(revision as i64, None).await.unwrap();
    };
    run_all(server.coordinator(), compact).await;
}

#[tokio::test]
async fn an_etcd_that_is_not_there_is_unavailable_in_time() {
    let mut server = EtcdServer::start();
    let coordinator = server.coordinator();
    coordinator.get("/a".into()).await.unwrap();
    server.kill();
    for _ in 0..3 {
        let begin = Instant::now();
        let answer = coordinator.get("/a".into()).await;
        assert!(matches!(answer, Err(CoordinatorError::Unavailable { .. })), "{answer:?}");
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
    let mut watch = coordinator.watch("/a".into(), 1);
    let broken = soon("an end", watch.next()).await;
    assert!(matches!(broken, Some(Err(WatchError::Broken { .. }))), "{broken:?}");
    server.resume();
    soon("an answer", async {
        while coordinator.get("/a".into()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[test]
fn options_that_cannot_work_are_refused() {
    let with = |endpoints: &[&str]| {
        Etcd::new(EtcdOptions::new(endpoints.iter().map(|url| (*url).to_owned()).collect())).err()
    };
    assert!(with(&["http://127.0.0.1:1"]).is_none());
    for endpoints in [&[][..], &["127.0.0.1:2379"], &["https://127.0.0.1:2379"]] {
        assert!(matches!(with(endpoints), Some(CoordinatorError::Refused { .. })), "{endpoints:?}");
    }
}
