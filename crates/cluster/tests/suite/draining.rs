//! A node that gives its replicas away.

use crate::support::{TTL, join, keys, rules, spec, until, view};
use base::{NodeId, ShardId};
use cluster::controller::Controller;
use cluster::coordinator::{Local, SharedCoordinator};
use cluster::membership::{Members, MembershipError};
use cluster::state::{ClusterConfig, Observed};
use cluster::view::Snapshot;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draining_node_is_emptied_one_shard_at_a_time() {
    // The same on the coordinator of a single process.
    let coordinator: SharedCoordinator = Arc::new(Local::new());
    let members = Members::new(coordinator.clone(), keys());
    let config = ClusterConfig { shards: 6, replicas: 2, master_key: None, cluster: None };
    let config = members.configure(config).await.unwrap();
    assert_eq!(
        members.configure(ClusterConfig { shards: 7, replicas: 1, master_key: None, cluster: None }).await,
        Ok(config),
        "what the first one said holds"
    );
    let mut nodes = Vec::new();
    for name in ["a", "b", "c", "d"] {
        nodes.push(join(&members, name, TTL).await);
    }
    let (mut seen, view_task) = view(&coordinator);
    let controller = Controller::start(coordinator.clone(), keys(), seen.clone(), "only", rules(4));
    let mut placed = until(&mut seen, "the first placement", |snapshot| snapshot.slots().is_some()).await;
    let carries = |snapshot: &Snapshot| {
        let placements = snapshot.placements().unwrap().values();
        placements.filter(|stored| stored.value.replicas().contains(&NodeId(1))).count()
    };
    let had = carries(&placed);
    assert!(had > 0);
    members.drain(NodeId(1)).await.unwrap();
    assert_eq!(
        members.remove(NodeId(1)).await.map_err(|error| error.to_string().contains("drain it first")),
        Err(true)
    );

    // Nothing moves, and nobody goes, before the shards have said where they are.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(seen.now().placements(), placed.placements());
    let spare = members.new_id().await.unwrap();
    members.join(spare, config.cluster, spec("e"), TTL).await.unwrap().leave().await;
    assert_eq!(members.remove(spare).await, Err(MembershipError::Unheard(ShardId(0))));
    for (term, left) in (1..).zip((0..had).rev()) {
        for (shard, stored) in placed.placements().unwrap() {
            let (leader, replicas) = (stored.value.leader(), stored.value.replicas().to_vec());
            let observed = Observed { leader, term, replicas, applied: term };
            cluster::report(&coordinator, &keys(), *shard, &observed).await.unwrap();
        }
        placed = until(&mut seen, "the next move", |snapshot| carries(snapshot) <= left).await;
        assert_eq!(carries(&placed), left);
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(carries(&seen.now()), left, "one at a time");
    }
    assert!(placed.placement(ShardId(0)).is_some());
    assert!(placed.placements().unwrap().values().all(|stored| stored.value.replicas().len() == 2));
    controller.stop().await;
    for node in nodes {
        node.leave().await;
    }
    let refused = members.remove(NodeId(1)).await;
    assert!(
        matches!(refused, Err(MembershipError::Needed { .. })),
        "the last move is not made yet: {refused:?}"
    );
    for (shard, stored) in placed.placements().unwrap() {
        let (leader, replicas) = (stored.value.leader(), stored.value.replicas().to_vec());
        let observed = Observed { leader, term: 1_000, replicas, applied: 1 };
        cluster::report(&coordinator, &keys(), *shard, &observed).await.unwrap();
    }
    members.remove(NodeId(1)).await.unwrap();
    view_task.stop().await;
}
