//! Drills of a cluster: each starts one, lets many clients work on it, breaks it in its own way, and judges what they were told.
//!
//! ```text
//! cli.rs         what can be typed, and what is printed
//! stand.rs       a cluster with clients at work, from its start to its report
//! ask.rs         what nodes say of themselves
//! disks.rs       disks that can lose their power
//! rounds.rs      one fault after the other, each repaired before the next
//! faults.rs      the faults that hit a leader
//! rolling.rs     one node after the other is restarted
//! isolation.rs   the trap of leases: a follower forgets its promise while the leader is cut off
//! whole.rs       whoever was repaired has to come back
//! logs.rs        nobody may panic
//! ```
//!
//! A drill returns an error only when it could not be held; whatever the cluster did wrong is in its [`Report`].

mod ask;
pub mod cli;
mod disks;
mod faults;
mod isolation;
mod logs;
mod rolling;
mod rounds;
mod stand;
mod whole;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::check::Bounds;
use crate::check::gaps::Limits;
use crate::cluster::Say;
use crate::history::Micros;
use crate::report::Report;
use faults::Fault;
use stand::Stand;

/// One way to break a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Drill {
    /// The leader of a shard is killed, and started again
    LeaderKill,
    /// The leader of a shard stands still for some seconds
    LeaderFreeze,
    /// The leader of a shard is cut off: from everybody, or only from the other nodes; needs root
    LeaderCut,
    /// One node after the other is stopped and started: nobody may notice
    RollingRestart,
    /// All nodes, or one, lose their power, and their disks what was not fsynced; needs /dev/fuse
    PowerCut,
    /// A leader is cut off from the other nodes, and a follower forgets what it promised; needs root
    RestartDuringIsolation,
    /// Leaders are killed while one writer on every shard measures how long it takes no writes
    Failover,
}

/// What to break, how often, and with which accidents.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program of nodes and gateways.
    pub binary: PathBuf,
    /// An empty folder for the cluster.
    pub folder: PathBuf,
    /// Where the report and the history go; made if it is not there.
    pub reports: PathBuf,
    /// Chooses every accident.
    pub seed: u64,
    /// How many nodes.
    pub nodes: usize,
    /// How many gateways.
    pub gateways: usize,
    /// How many shards.
    pub shards: u32,
    /// How many faults.
    pub faults: usize,
    /// Environment variables of nodes and gateways.
    pub env: Vec<(String, String)>,
    /// Tells a person what is going on.
    pub say: Say,
}

impl Plan {
    /// Five nodes, two gateways and eight shards, and five faults.
    pub fn new(binary: &Path, folder: &Path, reports: &Path) -> Plan {
        Plan {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            reports: reports.to_owned(),
            seed: 1,
            nodes: 5,
            gateways: 2,
            shards: 8,
            faults: 5,
            env: vec![],
            say: |_| {},
        }
    }
}

impl Drill {
    /// The name on the command line.
    pub fn name(self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self);
        value.expect("no drill is hidden").get_name().to_owned()
    }

    /// Faults, if nobody says how many.
    pub fn usual_faults(self, nodes: usize) -> usize {
        match self {
            Drill::RollingRestart => nodes,
            Drill::Failover => 50,
            _ => 5,
        }
    }

    /// Shards, if nobody says how many. A gateway that hears one node only can serve one shard, and clients are to go on there.
    pub fn usual_shards(self) -> u32 {
        if self == Drill::RestartDuringIsolation { 1 } else { 8 }
    }

    /// Whether members are cut off from each other.
    fn cuts(self) -> bool {
        matches!(self, Drill::LeaderCut | Drill::RestartDuringIsolation)
    }

    /// What is promised beside what is promised always.
    fn bounds(self) -> Bounds {
        let limits = Limits { median: Micros(2_000_000), worst: Micros(4_000_000) };
        let restarts = self == Drill::RollingRestart;
        Bounds {
            gaps: (self == Drill::Failover).then_some(limits),
            all_answered: restarts,
            prompt: restarts.then_some(Micros(250_000)),
            ..Bounds::default()
        }
    }

    /// Holds the drill.
    pub async fn run(self, plan: &Plan) -> anyhow::Result<Report> {
        let mut stand = Stand::start(self, plan).await?;
        let held = self.hold(&mut stand).await;
        stand.finish(held).await
    }

    /// Makes the faults, and repairs them.
    async fn hold(self, stand: &mut Stand) -> anyhow::Result<()> {
        let (seconds, millis) = (Duration::from_secs, Duration::from_millis);
        let calm = seconds(1)..seconds(3);
        match self {
            Drill::LeaderKill => rounds::hold(stand, calm, seconds(1)..seconds(5), Fault::Kill).await?,
            Drill::LeaderFreeze => rounds::hold(stand, calm, seconds(3)..seconds(8), Fault::Freeze).await?,
            Drill::LeaderCut => rounds::hold(stand, calm, seconds(3)..seconds(8), Fault::Cut).await?,
            Drill::PowerCut => rounds::hold(stand, calm, millis(200)..seconds(2), Fault::Power).await?,
            Drill::Failover => {
                rounds::hold(stand, millis(500)..seconds(1), seconds(2)..seconds(3), Fault::Kill).await?;
            }
            Drill::RollingRestart => rolling::hold(stand).await?,
            Drill::RestartDuringIsolation => isolation::hold(stand).await?,
        }
        Ok(())
    }
}
