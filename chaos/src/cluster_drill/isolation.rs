//! The trap of leases. A leader answers strong reads by itself as long as a majority has promised to elect nobody else. Who
//! forgets the promise when it is restarted, and votes at once, makes a second leader while the first still answers.
//!
//! ```text
//!   leader ──✂── others     the others' promises run out; they want a new leader, and the follower refuses
//!   leader ──✂── follower   the last promise that counts is the follower's
//!   gateway ─✂── all but the leader   so it does not hear of another one
//!   follower: SIGKILL, start   it must wait before it votes, though it remembers nothing
//! ```
//!
//! So some clients read at the old leader while the others write at the new one.

use std::time::Duration;

use anyhow::Context;
use tokio::time::sleep;

use super::stand::Stand;
use crate::cluster::Role;
use crate::drive::nemesis::{Pattern, Pick};
use crate::history::Condition;

/// Longer than any promise lasts, and than somebody who wants to be elected waits; also where a test build has stretched both.
const PROMISES_RUN_OUT: Duration = Duration::from_secs(6);

/// A leader, a follower that is restarted, everybody else, and who hears the old leader only.
struct Trap {
    leader: String,
    follower: String,
    others: Vec<String>,
    gateway: String,
}

impl Trap {
    /// What the leader is cut off from first: everybody but one follower.
    fn isolation(&self) -> Vec<String> {
        self.others.iter().map(|other| format!("{}:{other}", self.leader)).collect()
    }

    /// What is cut when the follower is restarted.
    fn closing(&self, etcds: &[String]) -> Vec<String> {
        let deaf = self.others.iter().chain([&self.follower]).chain(etcds);
        let deaf = deaf.map(|other| format!("{}:{other}", self.gateway));
        deaf.chain([format!("{}:{}", self.leader, self.follower)]).collect()
    }
}

/// Springs the trap as often as the faults ask for.
pub async fn hold(stand: &mut Stand) -> anyhow::Result<()> {
    let second = Duration::from_secs(1);
    let strikes = Pattern { strikes: stand.faults, calm: second..2 * second, broken: 4 * second..6 * second };
    let etcds: Vec<_> = stand.cluster.members(Role::Etcd).map(|etcd| etcd.name.clone()).collect();
    for (round, strike) in strikes.schedule(stand.seed).iter().enumerate() {
        if stand.is_over() {
            break;
        }
        sleep(second).await;
        let trap = choose(stand, round, strike.victim).await?;
        let Trap { leader, follower, gateway, .. } = &trap;
        stand.say(&format!(
            "fault {} of {}: {leader} cut off, {follower} restarted, {gateway} hears {leader} only",
            round + 1,
            stand.faults
        ));
        stand.cluster.partition(&trap.isolation())?;
        sleep(PROMISES_RUN_OUT).await;
        stand.note(std::slice::from_ref(leader), Condition::Cut)?;
        stand.note(std::slice::from_ref(follower), Condition::Killed)?;
        stand.cluster.partition(&trap.closing(&etcds))?;
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

/// A shard by the seed, its leader, and the first of its followers. The gateways take turns: clients leave one that is deaf, and
/// are at the next one then.
async fn choose(stand: &Stand, round: usize, pick: Pick) -> anyhow::Result<Trap> {
    let mut shards = stand.cluster.shards().await?;
    shards.retain(|shard| shard.leader.is_some() && shard.voters.len() > 1);
    let shard = pick.of(&shards).context("no shard has a leader and a follower")?;
    let leader = shard.leader.clone().context("a shard without a leader was left out")?;
    let mut followers = shard.voters.iter().filter(|voter| **voter != leader);
    let follower = followers.next().context("a shard without a follower was left out")?.clone();
    let others = stand.names().into_iter().filter(|name| *name != leader && *name != follower).collect();
    let gateways: Vec<_> = stand.cluster.members(Role::Gateway).map(|member| member.name.clone()).collect();
    let gateway = gateways[round % gateways.len()].clone();
    Ok(Trap { leader, follower, others, gateway })
}
