//! An etcd that has lost everything.

use crate::admin::{ids, names, page, shards};
use crate::story::{eventually, users, write};
use chaos::cluster::{Cluster, Spec};
use cluster::coordinator::{Coordinator, Entry, Etcd, EtcdOptions, Op, Txn};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longer than the lease of a node.
const WITHOUT_MEMORY: Duration = Duration::from_secs(15);

async fn make(etcd: &Etcd, ops: impl Iterator<Item = Op>) {
    etcd.commit(Txn { compares: Vec::new(), ops: ops.collect() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_etcd_has_lost_is_not_founded_anew() {
    if !chaos::has_program("etcd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut spec = Spec::new(Path::new(env!("CARGO_BIN_EXE_context-hub")), folder.path());
    (spec.nodes, spec.gateways, spec.shards) = (3, 1, 2);
    let mut cluster = Cluster::up(&spec, |_| {}).await.unwrap();
    let (owner, _) = users(&cluster).await;
    let path = owner.text("0").await;
    let voters = async |cluster: &Cluster| -> Vec<_> {
        shards(cluster).await.iter().map(|shard| ids(&shard["voters"])).collect()
    };
    let before = voters(&cluster).await;

    let endpoints = cluster.etcd_endpoints().split(',').map(str::to_owned).collect();
    let etcd = Etcd::new(EtcdOptions::new(endpoints)).unwrap();
    let kept = etcd.list("/".into()).await.unwrap().entries;
    make(&etcd, kept.iter().map(|entry| Op::Delete(entry.key.clone()))).await;
    let lost = Instant::now();
    while lost.elapsed() < WITHOUT_MEMORY {
        write(&owner, &path).await;
    }
    for node in names(&cluster) {
        let shown = page(&cluster, &node, "/readyz").await.json(200);
        assert!(shown["estranged"].is_string(), "{node}: {shown}");
    }
    // Who starts now neither begins another cluster nor joins one.
    let first = ["n1".to_owned()];
    cluster.kill(&first).await.unwrap();
    assert!(cluster.start(&first).await.is_err());
    let there = etcd.list("/".into()).await.unwrap().entries;
    let config = |entry: &Entry| entry.key.ends_with("/config") || entry.key.ends_with("/desired");
    assert!(!there.iter().any(config), "{there:?}");
    write(&owner, &path).await;

    let stays = kept.iter().filter(|entry| entry.lease.is_none());
    let put = stays.map(|it| Op::Put { key: it.key.clone(), value: it.value.clone(), lease: None });
    make(&etcd, put).await;
    cluster.start(&first).await.unwrap();
    eventually("nobody is estranged", async || {
        for node in names(&cluster) {
            let shown = page(&cluster, &node, "/readyz").await.json(200);
            if !shown["estranged"].is_null() {
                return Err(format!("{node}: {shown}"));
            }
        }
        Ok(())
    })
    .await;
    write(&owner, &path).await;
    assert_eq!(voters(&cluster).await, before);
}
