//! Nodes crash at random and come back from what their disks kept.

use super::checker::{Leases, Ledger, handles};
use super::net::{FAIR, Weather};
use super::node::Start;
use super::world::World;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

async fn nothing_is_lost(seed: u64, rounds: u32) {
    let mut world = World::of(3, seed, FAIR).await;
    world.net.weather(Weather { lost_per_mille: 2, ..FAIR });
    let handles = handles(&world);
    let leases = Leases::watch(handles.clone());
    let (ledger, stop) = (Arc::new(Ledger::default()), CancellationToken::new());
    let mut writers = JoinSet::new();
    for writer in 0..6 {
        writers.spawn(ledger.clone().write(handles.clone(), writer, stop.clone()));
    }
    let mut ending = JoinSet::new();
    let mut chance = StdRng::seed_from_u64(seed);
    for _ in 0..rounds {
        tokio::time::sleep(Duration::from_millis(chance.random_range(100..900))).await;
        let victim = chance.random_range(1..=3);
        let node = world.take(victim);
        handles.lock().remove(&victim);
        let power = chance.random_bool(0.5);
        let remains = if power { node.after_power_cut(chance.random()) } else { node.after_kill() };
        ending.spawn(node.stop());
        tokio::time::sleep(Duration::from_millis(chance.random_range(0..300))).await;
        world.start(victim, remains, Start::join());
        handles.lock().insert(victim, world.group(victim).clone());
        if chance.random_bool(0.3) {
            // The next one falls only when somebody leads again, so that something is written in between.
            world.leader().await;
        }
    }
    world.leader().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.cancel();
    writers.join_all().await;
    world.net.weather(FAIR);
    assert!(ledger.len() > 30, "{} were acknowledged", ledger.len());
    ledger.finish(&world).await;
    leases.check().await;
    ending.join_all().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_by_crashes_first_seed() {
    nothing_is_lost(1, 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_by_crashes_second_seed() {
    nothing_is_lost(2, 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_at_once_come_back() {
    let mut world = World::of(3, 5, FAIR).await;
    let leader = world.leader().await;
    let ledger = Arc::new(Ledger::default());
    for number in 0..50 {
        let placed =
            world.group(leader).propose_placed(vec![super::world::command(0, number)]).await.unwrap();
        ledger.acknowledge(placed[0].position.index, super::world::command(0, number));
    }
    for id in 1..=3 {
        let node = world.take(id);
        let remains = node.after_power_cut(id);
        node.stop().await;
        world.start(id, remains, Start::join());
    }
    ledger.finish(&world).await;
    world.stop().await;
}
