//! The drills: each breaks a hub in its own way and reports every promise that was not kept.
//!
//! A drill returns an error only when it could not be held at all; whatever the hub did wrong is in its
//! [`Report`].

mod audit;
mod bit_flip;
mod crash;
mod disk_full;
mod fsync_error;
mod segment;
mod stand;
mod torn_tail;
mod workload;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde::Serialize;

use crate::ledger::Tally;
use stand::Stand;

/// One way to break a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Drill {
    /// kill -9 at random moments.
    Kill9,
    /// A disk that loses what was not fsynced.
    PowerCut,
    /// A disk without room.
    DiskFull,
    /// A disk that fails an fsync.
    FsyncError,
    /// Garbage behind the end of the log, and a last write that is only half there.
    TornTail,
    /// A bit that changes in the middle of the log, and in the store.
    BitFlip,
}

/// What to break, how often, and with which accidents.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The hub.
    pub binary: PathBuf,
    /// How often.
    pub rounds: u32,
    /// Chooses every accident.
    pub seed: u64,
    /// How many writers write meanwhile.
    pub writers: u32,
    /// Environment variables for the hub.
    pub env: Vec<(String, String)>,
    /// Moves once a round.
    pub progress: ProgressBar,
}

/// What came of a drill.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Which.
    pub drill: String,
    /// How often the hub was broken.
    pub rounds: u32,
    /// What chose the accidents.
    pub seed: u64,
    /// How much was written.
    #[serde(flatten)]
    pub tally: Tally,
    /// How long the hub took to get ready again, at most.
    pub slowest_start_ms: u128,
    /// How long it all took.
    pub seconds: f64,
    /// What a reader should know although no promise was broken.
    pub notes: Vec<String>,
    /// Every promise that was not kept; empty when all is well.
    pub violations: Vec<String>,
}

impl Plan {
    /// A plan with 32 writers and nothing special.
    pub fn new(binary: PathBuf, rounds: u32, seed: u64) -> Plan {
        Plan { binary, rounds, seed, writers: 32, env: Vec::new(), progress: ProgressBar::hidden() }
    }

    /// The same plan with one more environment variable for the hub.
    pub fn with_env(mut self, name: &str, value: &str) -> Plan {
        self.env.push((name.into(), value.into()));
        self
    }
}

impl Drill {
    /// The name on the command line.
    pub fn name(self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self);
        value.expect("no drill is hidden").get_name().to_owned()
    }

    /// Holds the drill.
    pub async fn run(self, plan: &Plan) -> anyhow::Result<Report> {
        let start = Instant::now();
        let mut stand = Stand::new(plan)?;
        let violations = match self {
            Drill::Kill9 => crash::kill9(&mut stand, plan).await?,
            Drill::PowerCut => crash::power_cut(&mut stand, plan).await?,
            Drill::DiskFull => disk_full::run(&mut stand, plan).await?,
            Drill::FsyncError => fsync_error::run(&mut stand, plan).await?,
            Drill::TornTail => torn_tail::run(&mut stand, plan).await?,
            Drill::BitFlip => bit_flip::run(&mut stand, plan).await?,
        };
        plan.progress.finish_and_clear();
        Ok(Report {
            drill: self.name(),
            rounds: plan.rounds,
            seed: plan.seed,
            tally: stand.tally(),
            slowest_start_ms: stand.slowest_start().as_millis(),
            seconds: start.elapsed().as_secs_f64(),
            notes: stand.notes,
            violations,
        })
    }
}

/// How long an edit may stay without an answer while the hub is broken and started again.
const PATIENCE: Duration = Duration::from_secs(90);
