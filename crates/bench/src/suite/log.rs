//! `log`: group commit of the shared log against the least that durability takes.
//!
//! What is measured. Ours: a client thread on the client's core appends records of 200 bytes, each an append of its own
//! with its own completion, spread over four groups. A completion, on the log's own thread, notes that its record is
//! durable in a byte of the record's own, and nothing else. When the last record of a round of N is noted, the client
//! checks that all are, and submits the round after the next: so N records wait whenever the log looks, and they are
//! submitted while the N before them are being synced. The client also purges what is older than the newest 50,000 records
//! of a group, as snapshots would, so that segments are used again. All threads of the log are on the servers' core. If the
//! client used more than 90 % of its core, it is what was measured, and nothing is judged.
//!
//! The peer, on the same core and the same disk: as many records as the log really put into a sync, in one piece, written
//! into a file that was allocated and written before, and `fdatasync`, in a loop. Figure: records made durable a second.
//! Waking up whoever waits is in neither side; `creates` has it.

use super::Setting;
use crate::measure::{CLIENT_CORE, Figure, Goal, Load, Report, SERVER_CORE, alternate, pin_thread_to};
use crate::server::Scratch;
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wal::{Entry, GroupId, Wal};

/// How many records wait.
const WAITING: [usize; 4] = [1, 10, 100, 1000];
/// A record.
const RECORD: [u8; 200] = [7; 200];
/// Raft groups that share the log, as many as `dev` runs.
const GROUPS: u64 = 4;
/// The peer's file.
const BARE_FILE_BYTES: u64 = 64 << 20;
/// Records of a group that are kept; what is older is purged, as snapshots would do.
const KEPT: u64 = 50_000;
/// How many records of a group are purged together.
const PURGED_TOGETHER: u64 = 1_000;
/// How often the client looks whether a round is durable: a part of a sync, for it has as long as that to submit the next.
const LOOK_EVERY: Duration = Duration::from_micros(50);
/// A round may last this long before the log counts as stuck.
const STUCK: Duration = Duration::from_secs(30);

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let wal = open(&scratch.join("log"))?;
    let bare = Arc::new(bare_file(&scratch.join("bare"))?);
    let mut client = Some(Client::new(wal));
    let load = setting.load();
    for waiting in WAITING {
        let grouping = Cell::new(0.0);
        let turns = alternate(
            &format!("log {waiting}"),
            async || {
                let mut turn = client.take().context("the client was lost in the turn before")?;
                let (turn, commits) = on_thread(CLIENT_CORE, move || {
                    let commits = turn.commit(waiting, load)?;
                    Ok((turn, commits))
                })
                .await?;
                client = Some(turn);
                grouping.set(commits.grouping());
                Ok(commits)
            },
            async || {
                let (file, records) = (bare.clone(), grouping.get());
                on_thread(SERVER_CORE, move || write_and_sync_for(&file, records, load)).await
            },
        )
        .await?;
        let (ours, peer) = turns.medians(Commits::rate);
        let (client_share, _) = turns.medians(Commits::client_share);
        let figure = Figure::new(format!("log.{waiting}"), "records/s", ours).against(peer);
        report.add(&figure.judged(Goal::RatioAtLeast(0.8)).unless_client_was_busy(client_share))?;
    }
    Ok(())
}

/// Runs a turn on a thread of its own, which nothing else of this program disturbs.
async fn on_thread<T: Send + 'static>(
    core: usize,
    turn: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let running = thread::spawn(move || {
        pin_thread_to(core)?;
        turn()
    });
    while !running.is_finished() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let Ok(outcome) = running.join() else { bail!("a thread of the benchmark panicked") };
    outcome
}

/// What was made durable in a window.
#[derive(Debug)]
struct Commits {
    records: f64,
    syncs: u64,
    wall: Duration,
    /// What the client used of its core.
    client: Duration,
}

impl Commits {
    fn rate(&self) -> f64 {
        self.records / self.wall.as_secs_f64()
    }

    fn client_share(&self) -> f64 {
        self.client.div_duration_f64(self.wall)
    }

    /// Records in a sync.
    fn grouping(&self) -> f64 {
        self.records / self.syncs as f64
    }
}

impl fmt::Display for Commits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let every = self.wall.div_f64(self.syncs as f64);
        let (rate, grouping, client) = (self.rate(), self.grouping(), 100.0 * self.client_share());
        write!(
            f,
            "{rate:.0} records/s, {grouping:.1} a sync, a sync every {every:.1?}, client at {client:.0} %"
        )
    }
}

/// Opens the log with its threads on the servers' core.
fn open(folder: &Path) -> Result<Wal> {
    std::fs::create_dir(folder)?;
    pin_thread_to(SERVER_CORE)?;
    let opened = Wal::open(folder, wal::Options::default());
    pin_thread_to(CLIENT_CORE)?;
    let (wal, _) = opened.context("cannot open the log")?;
    Ok(wal)
}

/// Where completions note their records, by number: two rounds and the largest one more.
static NOTES: [AtomicU8; 4096] = [const { AtomicU8::new(WAITS) }; 4096];

const WAITS: u8 = 0;
const DURABLE: u8 = 1;
const FAILED: u8 = 2;

/// Where the record of this number is noted.
fn note(number: u64) -> &'static AtomicU8 {
    &NOTES[number as usize % NOTES.len()]
}

/// One edge of a window.
struct Edge {
    at: Instant,
    durable: u64,
    syncs: u64,
    cpu: Duration,
}

/// Who appends to the log.
struct Client {
    wal: Wal,
    /// The number of the next record. Record `n` is entry `n / GROUPS + 1` of group `n % GROUPS`.
    next: u64,
    /// The number of the first record that is not known to be durable.
    durable: u64,
    /// How far every group is purged.
    purged: u64,
}

impl Client {
    fn new(wal: Wal) -> Client {
        Client { wal, next: 0, durable: 0, purged: 0 }
    }

    /// Keeps `waiting` records waiting through a warm-up and a window.
    fn commit(&mut self, waiting: usize, load: Load) -> Result<Commits> {
        self.submit(waiting)?;
        self.rounds(waiting, load.warm_up)?;
        let opened = self.edge();
        self.rounds(waiting, load.window)?;
        let closed = self.edge();
        self.take_in(waiting)?;
        Ok(Commits {
            records: (closed.durable - opened.durable) as f64,
            syncs: closed.syncs - opened.syncs,
            wall: closed.at - opened.at,
            client: closed.cpu - opened.cpu,
        })
    }

    fn edge(&self) -> Edge {
        let cpu = clock_gettime(ClockId::ThreadCPUTime);
        Edge {
            at: Instant::now(),
            durable: self.durable,
            syncs: self.wal.stats().syncs,
            cpu: Duration::new(cpu.tv_sec.unsigned_abs(), cpu.tv_nsec.unsigned_abs() as u32),
        }
    }

    /// Submits round after round, each while the one before is being synced.
    fn rounds(&mut self, waiting: usize, lasting: Duration) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < lasting {
            self.submit(waiting)?;
            self.take_in(waiting)?;
            self.purge()?;
        }
        Ok(())
    }

    fn submit(&mut self, records: usize) -> Result<()> {
        for _ in 0..records {
            let number = self.next;
            let entry = Entry { index: number / GROUPS + 1, term: 1, payload: Bytes::from_static(&RECORD) };
            let done = Box::new(move |result: io::Result<()>| {
                note(number).store(if result.is_ok() { DURABLE } else { FAILED }, Ordering::Release);
            });
            self.wal.append(GroupId((number % GROUPS) as u32), vec![entry], done)?;
            self.next += 1;
        }
        Ok(())
    }

    /// Waits until a round is durable, and forgets its notes. Completions come in order, so the last one is watched.
    fn take_in(&mut self, records: usize) -> Result<()> {
        let end = self.durable + records as u64;
        let start = Instant::now();
        while note(end - 1).load(Ordering::Acquire) == WAITS {
            ensure!(start.elapsed() < STUCK, "the log has not called back for {STUCK:?}");
            thread::sleep(LOOK_EVERY);
        }
        for number in self.durable..end {
            let noted = note(number).swap(WAITS, Ordering::AcqRel);
            ensure!(noted == DURABLE, "record {number} was not made durable before a later one");
        }
        self.durable = end;
        Ok(())
    }

    fn purge(&mut self) -> Result<()> {
        let kept_from = (self.durable / GROUPS).saturating_sub(KEPT);
        if kept_from >= self.purged + PURGED_TOGETHER {
            self.purged = kept_from;
            for group in 0..GROUPS {
                self.wal.purge_to(GroupId(group as u32), kept_from, Bytes::new())?;
            }
        }
        Ok(())
    }
}

/// A file with all its blocks written.
fn bare_file(path: &Path) -> Result<File> {
    let file = File::create_new(path)?;
    let piece = vec![1; 1 << 20];
    for offset in (0..BARE_FILE_BYTES).step_by(piece.len()) {
        file.write_all_at(&piece, offset)?;
    }
    file.sync_all()?;
    Ok(file)
}

/// The least that durability takes, through a warm-up and a window.
fn write_and_sync_for(file: &File, records: f64, load: Load) -> Result<Commits> {
    let piece = vec![7; (records * RECORD.len() as f64).round() as usize];
    write_and_sync(file, &piece, load.warm_up)?;
    let (syncs, wall) = write_and_sync(file, &piece, load.window)?;
    Ok(Commits { records: records * syncs as f64, syncs, wall, client: Duration::ZERO })
}

fn write_and_sync(file: &File, piece: &[u8], lasting: Duration) -> io::Result<(u64, Duration)> {
    let pieces = BARE_FILE_BYTES / piece.len() as u64;
    let started = Instant::now();
    let mut syncs = 0;
    while started.elapsed() < lasting {
        file.write_all_at(piece, syncs % pieces * piece.len() as u64)?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok((syncs, started.elapsed()))
}
