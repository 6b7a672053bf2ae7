//! The trap of leases. A leader answers strong reads by itself as long as a majority has promised to elect nobody else. Who
//! forgets the promise when it is restarted, and votes at once, makes a second leader while the first still answers.
//!
//! ```text
//!   leader ──✂── others     the others' promises run out; they want a new leader, and the follower refuses
//!   leader ──✂── follower   the last promise that counts is the follower's
//!   follower: SIGKILL, start   it must wait before it votes, though it remembers nothing
//! ```
//!
//! The gateways and etcd reach everybody all the while, so clients read at the old leader and write at the new one.

use std::time::Duration;

use anyhow::Context;
use tokio::time::sleep;

use super::stand::Stand;
use crate::drive::nemesis::{Pattern, Pick};
use crate::history::Condition;

/// Longer than any promise lasts.
const PROMISES_RUN_OUT: Duration = Duration::from_secs(2);

/// A leader, a follower that is restarted, and everybody else.
struct Trap {
    leader: String,
    follower: String,
    others: Vec<String>,
}

/// Springs the trap as often as the faults ask for.
pub async fn hold(stand: &mut Stand) -> anyhow::Result<()> {
    let second = Duration::from_secs(1);
    let strikes = Pattern { strikes: stand.faults, calm: second..2 * second, broken: 2 * second..4 * second };
    for (round, strike) in strikes.schedule(stand.seed).iter().enumerate() {
        if stand.is_over() {
            break;
        }
        sleep(second).await;
        let trap = choose(stand, strike.victim).await?;
        let Trap { leader, follower, others } = &trap;
        stand.say(&format!(
            "fault {} of {}: {leader} cut off, {follower} restarted",
            round + 1,
            stand.faults
        ));
        let pair = |other: &String| format!("{leader}:{other}");
        let cuts: Vec<String> = others.iter().map(pair).collect();
        stand.cluster.partition(&cuts)?;
        sleep(PROMISES_RUN_OUT).await;
        stand.note(std::slice::from_ref(leader), Condition::Cut)?;
        stand.note(std::slice::from_ref(follower), Condition::Killed)?;
        stand.cluster.partition(&[pair(follower)])?;
        stand.cluster.kill(std::slice::from_ref(follower)).await?;
        let launched = stand.cluster.launch(std::slice::from_ref(follower))?;
        sleep(strike.until - strike.at).await;
        stand.cluster.heal(&[])?;
        for (name, launched) in &launched {
            stand.cluster.await_ready(name, launched).await?;
        }
        stand.note(&[leader.clone(), follower.clone()], Condition::Alive)?;
        stand.until_whole().await?;
    }
    Ok(())
}

/// A shard by the seed, its leader, and the first of its followers.
async fn choose(stand: &Stand, pick: Pick) -> anyhow::Result<Trap> {
    let mut shards = stand.cluster.shards().await?;
    shards.retain(|shard| shard.leader.is_some() && shard.voters.len() > 1);
    let shard = pick.of(&shards).context("no shard has a leader and a follower")?;
    let leader = shard.leader.clone().context("a shard without a leader was left out")?;
    let mut followers = shard.voters.iter().filter(|voter| **voter != leader);
    let follower = followers.next().context("a shard without a follower was left out")?.clone();
    let others = stand.names().into_iter().filter(|name| *name != leader && *name != follower).collect();
    Ok(Trap { leader, follower, others })
}
