//! Crashes under load: `kill -9`, and power cuts.
//!
//! The hub is struck at random moments while the writers write, one time in five even before it is ready. Then it
//! has to start again on what is left. At the end every acknowledged edit must be there exactly once, the hub must stop
//! when asked, and its log must verify.

use std::time::Duration;

use anyhow::Context;
use rand::Rng;

use super::Plan;
use super::audit::{Damage, audit};
use super::stand::Stand;
use super::workload::Workload;
use crate::hub::Hub;
use crate::powercut::{self, Mounted, Survivors};

/// The longest time between two strikes.
const LONGEST_CALM_MS: u64 = 400;
/// The longest time that a hub gets when it is struck while it starts.
const LONGEST_START_MS: u64 = 150;

/// What strikes.
enum Strike {
    Kill,
    Cut(Box<Mounted>),
}

/// The hub is killed; the files stay as they are.
pub async fn kill9(stand: &mut Stand, plan: &Plan) -> anyhow::Result<Vec<String>> {
    crashes(stand, plan, Strike::Kill).await
}

/// The hub is killed and its disk forgets what was not fsynced.
pub async fn power_cut(stand: &mut Stand, plan: &Plan) -> anyhow::Result<Vec<String>> {
    let backing = stand.make_folder("backing")?;
    let mountpoint = stand.make_folder("disk")?;
    let disk = powercut::mount(&backing, &mountpoint, plan.seed)?;
    stand.spec.data_dir = mountpoint.join("data");
    crashes(stand, plan, Strike::Cut(Box::new(disk))).await
}

async fn crashes(stand: &mut Stand, plan: &Plan, mut strike: Strike) -> anyhow::Result<Vec<String>> {
    let mut hub = stand.up().await?;
    let workload = Workload::start(stand, plan.writers).await?;
    for round in 0..plan.rounds {
        calm(stand, LONGEST_CALM_MS).await;
        hub = match strike_and_restart(stand, &mut strike, hub, round).await {
            Ok(hub) => hub,
            // Writers are dropped with their edits open: there is nobody left to answer them.
            Err(violation) => return Ok(vec![format!("after strike {}: {violation:#}", round + 1)]),
        };
        plan.progress.inc(1);
    }
    let mut violations = workload.finish().await;
    violations.extend(audit(stand, Damage::Impossible).await?);
    violations.extend(stop(stand, hub).await?);
    Ok(violations)
}

/// One strike, and a hub that runs again; the error is the hub's failure to do so.
async fn strike_and_restart(
    stand: &mut Stand,
    strike: &mut Strike,
    hub: Hub,
    round: u32,
) -> anyhow::Result<Hub> {
    stand.down();
    strike.at(hub, round).await?;
    if stand.dice.random_bool(0.2) {
        let head_start = stand.dice.random_range(0..LONGEST_START_MS);
        let head_start = Duration::from_millis(head_start);
        strike.while_starting(stand, head_start, round).await?;
    }
    stand.up().await.context("the hub does not start again")
}

/// Stops the hub as an operator does; then its log must be sound.
async fn stop(stand: &Stand, hub: Hub) -> anyhow::Result<Vec<String>> {
    let status = hub.stop().await?;
    let mut violations = Vec::new();
    if !status.success() {
        violations.push(format!("asked to stop, the hub ends with {status}"));
    }
    violations.extend(stand.verify_log()?.violation());
    Ok(violations)
}

async fn calm(stand: &mut Stand, longest_ms: u64) {
    tokio::time::sleep(Duration::from_millis(stand.dice.random_range(0..longest_ms))).await;
}

impl Strike {
    async fn at(&mut self, hub: Hub, round: u32) -> anyhow::Result<()> {
        if let Strike::Cut(disk) = self {
            disk.power_off();
        }
        hub.kill().await?;
        self.cut(round)
    }

    async fn while_starting(
        &mut self,
        stand: &Stand,
        head_start: Duration,
        round: u32,
    ) -> anyhow::Result<()> {
        stand.spec.start_and_kill(head_start).await?;
        self.cut(round)
    }

    /// Every other cut tears what was in flight instead of losing all of it.
    fn cut(&mut self, round: u32) -> anyhow::Result<()> {
        let survivors = if round.is_multiple_of(2) { Survivors::None } else { Survivors::Some };
        match self {
            Strike::Kill => Ok(()),
            Strike::Cut(disk) => Ok(disk.cut(survivors)?),
        }
    }
}
