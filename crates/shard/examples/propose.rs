//! What a proposal costs: groups of one voter over a real shared log, and a machine that does nothing.
//!
//! `cargo run --release -p shard --example propose [seconds]` prints, for each number of groups and of concurrent
//! proposers, acknowledged proposals of 300 B a second, and the CPU time of the whole process for each.

use bytes::Bytes;
use parking_lot::Mutex;
use shard::raft::{
    Applicable, GroupConfig, GroupHandle, Meaning, Policy, Position, SnapshotData, StateMachine, Supervisor,
};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use wal::{GroupId, Options, Wal};

const PROPOSAL_BYTES: usize = 300;

/// How many empty segments the log keeps ready.
const SEGMENTS_AHEAD: usize = 2;

fn main() {
    let seconds = std::env::args().nth(1).map_or(2, |seconds| seconds.parse().expect("a number of seconds"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("groups proposers  proposals/s  CPU us each  fsyncs/s  mean fsync us  mean latency us");
    for (groups, proposers) in [(1, 1), (1, 64), (4, 1), (4, 64), (4, 256)] {
        runtime.block_on(measure(groups, proposers, Duration::from_secs(seconds)));
    }
    runtime.block_on(lease_checks());
}

async fn measure(groups: u32, proposers: u32, time: Duration) {
    let (folder, wal, supervisor) = start(groups).await;
    let proposed = Arc::<AtomicU64>::default();
    let (cpu, began) = (cpu(), Instant::now());
    let before = wal.stats();
    let mut tasks = JoinSet::new();
    for proposer in 0..proposers {
        let group = supervisor.group(GroupId(proposer % groups)).expect("a group").clone();
        tasks.spawn(propose_until(group, began + time, proposed.clone()));
    }
    tasks.join_all().await;
    let (elapsed, cpu) = (began.elapsed().as_secs_f64(), self::cpu() - cpu);
    let after = wal.stats();
    let syncs = (after.syncs - before.syncs) as f64;
    let sync = (after.sync_total - before.sync_total).as_secs_f64() * 1e6 / syncs;
    let syncs = syncs / elapsed;
    let count = proposed.load(Ordering::Relaxed) as f64;
    let (rate, each) = (count / elapsed, cpu.as_secs_f64() * 1e6 / count);
    let latency = elapsed * 1e6 * f64::from(proposers) / count;
    println!("{groups:6} {proposers:9} {rate:12.0} {each:12.2} {syncs:9.0} {sync:14.0} {latency:16.0}");
    supervisor.shutdown().await;
    wal.close();
    drop(folder);
}

async fn propose_until(group: GroupHandle<Idle>, end: Instant, proposed: Arc<AtomicU64>) {
    let proposal = Bytes::from(vec![7; PROPOSAL_BYTES]);
    while Instant::now() < end {
        group.propose(vec![proposal.clone()]).await.expect("an outcome");
        proposed.fetch_add(1, Ordering::Relaxed);
    }
}

async fn lease_checks() {
    const CHECKS: u32 = 2_000_000;
    let (_folder, wal, supervisor) = start(1).await;
    let group = supervisor.group(GroupId(0)).expect("a group").clone();
    let began = Instant::now();
    let held = (0..CHECKS).filter(|_| group.leads_with_lease()).count();
    let each = began.elapsed() / CHECKS;
    println!("lease check: {each:?} each, held {held} of {CHECKS} times");
    supervisor.shutdown().await;
    wal.close();
}

async fn start(groups: u32) -> (tempfile::TempDir, Wal, Supervisor<Idle>) {
    let folder = tempfile::tempdir_in(".").expect("a folder on a real disk");
    let (wal, _) = Wal::open(folder.path(), Options::default()).expect("a log");
    let configs = (0..groups)
        .map(|group| GroupConfig::alone(GroupId(group), 1, wal.clone(), Arc::new(Idle::default())));
    let supervisor = Supervisor::start(configs.collect(), Policy::default());
    for group in supervisor.groups() {
        assert!(group.until_leading().await);
    }
    // Otherwise the first seconds would measure how segments are filled with zeros.
    while wal.stats().prepared_segments < SEGMENTS_AHEAD {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (folder, wal, supervisor)
}

/// The CPU time of this process, from Linux's counters of hundredths of a second.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, after_name) = stat.rsplit_once(')').expect("a name in brackets");
    let fields: Vec<u64> = after_name.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // Counted without the state, which is a letter: user and system time are the 11th and the 12th.
    Duration::from_millis((fields[10] + fields[11]) * 10)
}

/// Counts positions and does nothing else.
#[derive(Default)]
struct Idle {
    applied: Mutex<(Option<Position>, Option<Bytes>)>,
}

impl StateMachine for Idle {
    type Outcome = ();

    fn applied(&self) -> io::Result<Option<Position>> {
        Ok(self.applied.lock().0)
    }

    fn membership(&self) -> io::Result<Option<Bytes>> {
        Ok(self.applied.lock().1.clone())
    }

    fn apply(&self, batch: Vec<Applicable>) -> io::Result<Vec<()>> {
        self.applied.lock().0 = batch.last().map(|entry| entry.position);
        Ok(vec![(); batch.len()])
    }

    fn snapshot(&self) -> io::Result<SnapshotData> {
        let (applied, membership) = self.applied.lock().clone();
        let position = applied.ok_or_else(|| io::Error::other("a snapshot of nothing"))?;
        Ok(SnapshotData { position, membership, records: Box::new(std::iter::empty()) })
    }

    fn install(&self, snapshot: SnapshotData) -> io::Result<()> {
        *self.applied.lock() = (Some(snapshot.position), snapshot.membership);
        Ok(())
    }

    fn durable(&self) -> io::Result<Option<Position>> {
        self.applied()
    }

    fn meaning(&self) -> io::Result<Meaning> {
        let position = self.applied()?.ok_or_else(|| io::Error::other("the meaning of nothing"))?;
        Ok(Meaning { position, rules: 1, records: Box::new(std::iter::empty()) })
    }

    fn quarantine(&self, _: Bytes) -> io::Result<()> {
        Err(io::Error::other("it stands alone, and differs from nobody"))
    }

    fn quarantined(&self) -> io::Result<Option<Bytes>> {
        Ok(None)
    }
}
