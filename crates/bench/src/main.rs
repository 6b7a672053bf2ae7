//! `hub-bench`: runs one benchmark and prints its figures, one JSON line each, on standard output.
//!
//! Ends with 1 if a goal was missed and with 2 if the benchmark could not be run.

use anyhow::{Context, Result};
use bench::measure::{CLIENT_CORE, Report, pin_thread_to};
use bench::server::serve_bare;
use bench::suite::{self, Benchmark, Million, Setting};
use clap::{Args, Parser, Subcommand};
use mimalloc::MiMalloc;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

/// The hub's own allocator: what is compared with it runs on the same one.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Benchmarks of a hub, each next to a peer that does the same work.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Group commit of the log against a bare loop of write and fdatasync
    Log(Common),
    /// Durable creates through REST against puts into etcd
    Creates(Common),
    /// Server CPU of reads against that of a bare hyper server
    Reads(Common),
    /// Edits at a history of 50,000 changes against edits at 100
    History(Common),
    /// Start, memory and disk with many documents
    Million {
        #[command(flatten)]
        common: Common,
        /// Documents to store
        #[arg(long, default_value_t = 1_000_000)]
        documents: u64,
        /// Seconds of rest before memory is looked at
        #[arg(long, default_value_t = 60)]
        rest_seconds: u64,
    },
    /// Server CPU of a delivered change against automerge-repo's sync server and Hocuspocus
    Relay(Common),
    /// Keystrokes of a hundred people in one document
    Typists(Common),
    /// A person's keystrokes among fifty agents
    Agents(Common),
    /// Memory of ten thousand sockets at rest
    Idle(Common),
    /// Delivery to 1,500 readers of one document
    Observers(Common),
    /// Durable creates through a gateway and three replicas against puts into an etcd of three members
    ClusterWrites(Common),
    /// CPU of writes spread over 1, 16 and 64 groups, and of 128 groups at rest
    Groups(Common),
    /// Server CPU of a hot read through a gateway against the same read at the shard
    Hop(Common),
    /// The performance table of the source document: claimed, measured here, extrapolated and how
    Claims(Common),
    /// Serve recorded answers; `reads` starts this by itself
    #[command(hide = true)]
    Bare {
        /// The answers
        recorded: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Common {
    /// The context-hub binary
    #[arg(long, default_value = "target/release/context-hub")]
    hub: PathBuf,
    /// The etcd binary
    #[arg(long, default_value = "/usr/bin/etcd")]
    etcd: PathBuf,
    /// A folder on the disk to measure; data go below it and away afterwards
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// The folder with the peers from npm; scripts/bench installs them
    #[arg(long, default_value = "crates/bench/peers")]
    peers: PathBuf,
    /// Length of a window in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// See only that it runs; benchmarks of sockets and of clusters alone
    #[arg(long)]
    quick: bool,
    /// Let a cluster and its peer run on both cores, the client's too; benchmarks of clusters alone
    #[arg(long)]
    both_cores: bool,
}

impl Common {
    fn setting(self) -> Setting {
        let window = Duration::from_secs(self.seconds);
        let Common { hub, etcd, dir: folder, peers, quick, both_cores, .. } = self;
        Setting { hub, etcd, folder, peers, window, quick, both_cores }
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("hub-bench: {missed} goals missed");
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("hub-bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs what was asked for; how many goals were missed.
fn run(command: Command) -> Result<usize> {
    let (benchmark, common) = match command {
        Command::Bare { recorded } => return serve(recorded),
        Command::Log(common) => (Benchmark::Log, common),
        Command::Creates(common) => (Benchmark::Creates, common),
        Command::Reads(common) => (Benchmark::Reads, common),
        Command::History(common) => (Benchmark::History, common),
        Command::Relay(common) => (Benchmark::Relay, common),
        Command::Typists(common) => (Benchmark::Typists, common),
        Command::Agents(common) => (Benchmark::Agents, common),
        Command::Idle(common) => (Benchmark::Idle, common),
        Command::Observers(common) => (Benchmark::Observers, common),
        Command::ClusterWrites(common) => (Benchmark::ClusterWrites, common),
        Command::Groups(common) => (Benchmark::Groups, common),
        Command::Hop(common) => (Benchmark::Hop, common),
        Command::Claims(common) => (Benchmark::Claims, common),
        Command::Million { common, documents, rest_seconds } => {
            let million = Million { documents, rest: Duration::from_secs(rest_seconds) };
            (Benchmark::Million(million), common)
        }
    };
    let mut report = Report::default();
    measure(benchmark, &common.setting(), &mut report)?;
    Ok(report.missed())
}

/// The client is one thread on one core; a signal drops everything, which stops the servers and removes their data.
fn measure(benchmark: Benchmark, setting: &Setting, report: &mut Report) -> Result<()> {
    pin_thread_to(CLIENT_CORE)?;
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            ended = suite::run(benchmark, setting, report) => ended,
            _ = terminate.recv() => None.context("stopped by a signal"),
            _ = interrupt.recv() => None.context("stopped by a signal"),
        }
    })
}

/// As many workers as the hub's runtime has: one for each core that it may run on.
fn serve(recorded: PathBuf) -> Result<usize> {
    match runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve_bare(&recorded))? {}
}
