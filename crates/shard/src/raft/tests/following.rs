//! What a replica that does not lead may show.

use super::net::FAIR;
use super::world::{World, command, until};
use crate::raft::{FollowError, Phase};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const LIMIT: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_has_all_that_was_acknowledged_when_its_leader_was_asked() {
    let world = World::of_three().await;
    let leader = world.leader().await;
    let follower = world.others(leader)[0];
    for number in 0..50 {
        let placed = world.group(leader).propose_placed(vec![command(0, number)]).await.unwrap();
        let fresh = world.group(follower).follow(placed[0].position.index, LIMIT).await.unwrap();
        assert!(fresh.lasts());
        assert!(world.node(follower).machine.commands().values().any(|it| *it == command(0, number)));
    }
    // Half a second later it does not matter which entry was asked for.
    world.group(leader).propose(vec![command(0, 50)]).await.unwrap();
    sleep(Duration::from_millis(500)).await;
    world.group(follower).follow(0, LIMIT).await.unwrap();
    assert!(world.node(follower).machine.commands().values().any(|it| *it == command(0, 50)));
    let beyond = world.group(follower).follow(1_000_000, Duration::from_millis(100)).await;
    assert_eq!(beyond.unwrap_err(), FollowError::Behind { leader: Some(leader) });
    let own = world.group(leader).follow(0, LIMIT).await;
    assert!(matches!(own, Err(FollowError::Unheard { .. })), "whoever leads follows nobody");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_cut_off_hears_no_leader() {
    let world = World::of_three().await;
    let leader = world.leader().await;
    let follower = world.others(leader)[0];
    let hears = || matches!(world.group(follower).phase(), Phase::Running(group) if group.hears_leader());
    until("a leader that is heard", || hears().then_some(())).await;
    world.isolate(follower);
    until("the silence", || (!hears()).then_some(())).await;
    world.net.heal();
    until("a leader that is heard again", || hears().then_some(())).await;
    world.stop().await;
}

/// Two of five hear each other and nobody else. The follower hears its leader all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_a_leader_without_a_quorum_answers_nothing() {
    let world = World::of(5, 11, FAIR).await;
    let leader = world.leader().await;
    let follower = world.others(leader)[0];
    let rest: Vec<_> = world.others(leader).into_iter().filter(|&id| id != follower).collect();
    let elected = Instant::now();
    let fresh = loop {
        match world.group(follower).follow(0, LIMIT).await {
            Ok(fresh) => break fresh,
            // It has not heard of the election yet.
            Err(error) => assert!(elected.elapsed() < Duration::from_secs(20), "{error:?}"),
        }
    };
    for &other in &rest {
        world.net.cut(leader, other);
        world.net.cut(follower, other);
    }
    let cut = Instant::now();
    let new = world.leader_among(&rest).await;
    world.group(new).propose(vec![command(7, 7)]).await.unwrap();
    sleep(Duration::from_secs(1).saturating_sub(cut.elapsed())).await;
    let old = world.group(follower).follow(0, LIMIT).await;
    assert!(matches!(old, Err(FollowError::Unheard { .. })), "{old:?}");
    assert!(!fresh.lasts(), "what it read before is not shown any more");
    world.net.heal();
    let healed = Instant::now();
    while world.group(follower).follow(0, LIMIT).await.is_err() {
        assert!(healed.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(50)).await;
    }
    assert!(world.node(follower).machine.commands().values().any(|it| *it == command(7, 7)));
    world.stop().await;
}
