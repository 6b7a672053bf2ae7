//! Replicas hash their state at one entry, and the odd one is taken out.

use super::world::{PATIENCE, World, command, until};
use crate::raft::{AuditError, Finding, Phase, ProposeError};
use std::collections::BTreeSet;

/// A group of so many that has applied something, and where.
async fn written(voters: u64) -> (World, u64) {
    let world = World::of(voters, 7, super::net::FAIR).await;
    let leader = world.leader().await;
    let placed = world.group(leader).propose_placed(vec![command(0, 0)]).await.unwrap();
    world.settle().await;
    (world, placed[0].position.index)
}

async fn audited(world: &World) -> Finding {
    let leader = world.leader().await;
    world.group(leader).audit(PATIENCE).await.unwrap()
}

/// Waits until a replica is taken out, and says what for.
async fn taken_out(world: &World, node: u64) -> String {
    let broken = || match world.group(node).phase() {
        Phase::Broken { reason } => Some(reason),
        _ => None,
    };
    until("the end of the odd one", broken).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_replicas_stay_and_who_is_away_is_not_compared() {
    let (mut world, _) = written(3).await;
    assert_eq!(audited(&world).await, Finding::Equal { compared: BTreeSet::from([1, 2, 3]) });
    let leader = world.leader().await;
    let away = world.others(leader)[0];
    world.take(away).stop().await;
    let rest: BTreeSet<u64> = world.nodes.keys().copied().collect();
    assert_eq!(audited(&world).await, Finding::Equal { compared: rest });
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_leader_audits() {
    let (world, _) = written(3).await;
    let leader = world.leader().await;
    let refused = world.group(world.others(leader)[0]).audit(PATIENCE).await;
    let expected = AuditError::Propose(ProposeError::NotLeader { leader: Some(leader) });
    assert_eq!(refused, Err(expected));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_differs_goes_and_the_others_go_on() {
    let (mut world, index) = written(3).await;
    let leader = world.leader().await;
    let odd = world.others(leader)[0];
    world.node(odd).machine.falsify(index, command(9, 9));
    let Finding::Odd { odd: found, .. } = audited(&world).await else { panic!("it differs") };
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [odd]);
    let reason = taken_out(&world, odd).await;
    assert!(reason.contains("this replica is quarantined: at entry "), "{reason}");

    world.group(leader).propose(vec![command(0, 1)]).await.unwrap();
    assert!(matches!(audited(&world).await, Finding::Equal { compared } if compared.len() == 2));

    // It does not come back by itself.
    let node = world.take(odd);
    let remains = node.after_kill();
    node.stop().await;
    world.start(odd, remains, super::node::Start::join());
    let again = taken_out(&world, odd).await;
    assert!(again.contains("shard 1: this replica is quarantined") && again.contains("runbooks"), "{again}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_differs_gives_way_and_goes() {
    let (world, index) = written(3).await;
    let odd = world.leader().await;
    world.node(odd).machine.falsify(index, command(9, 9));
    let finding = world.group(odd).audit(PATIENCE).await.unwrap();
    assert!(matches!(&finding, Finding::Odd { odd: found, .. } if found.keys().eq([&odd])), "{finding:?}");
    taken_out(&world, odd).await;
    let new = world.leader_among(&world.others(odd)).await;
    world.group(new).propose(vec![command(0, 1)]).await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_goes_where_no_majority_agrees() {
    let (world, index) = written(2).await;
    let leader = world.leader().await;
    world.node(leader).machine.falsify(index, command(9, 9));
    let finding = audited(&world).await;
    assert!(matches!(&finding, Finding::Undecided { hashes } if hashes.len() == 2), "{finding:?}");
    world.group(world.leader().await).propose(vec![command(0, 1)]).await.unwrap();
    for node in [1, 2] {
        assert!(matches!(world.group(node).phase(), Phase::Running(_)));
    }
    world.stop().await;
}
