//! `log`: group commit of the shared log against the least that durability takes.
//!
//! Ours: N writers have a record of 200 bytes waiting, each an append of its own with its own completion; a completion
//! submits its writer's next record, so that N wait whenever the log looks. The peer writes the same N × 200 bytes in one
//! piece into a file that was allocated and written before, and calls fdatasync, in a loop. Both are on the same disk and
//! on the servers' core. Waking up whoever waits is in neither: `creates` has it.

use super::Setting;
use crate::measure::{CLIENT_CORE, Figure, Goal, Report, SERVER_CORE, alternate, pin_thread_to};
use crate::server::Scratch;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wal::{Entry, GroupId, Wal};

/// How many records wait.
const WAITING: [usize; 4] = [1, 10, 100, 1000];
/// A record.
const RECORD: [u8; 200] = [7; 200];
/// Raft groups that share the log, as many as `dev` runs.
const GROUPS: usize = 4;
/// The peer's file.
const BARE_FILE_BYTES: u64 = 64 << 20;
/// Records of a group that are kept between windows; what is older is purged, as snapshots would do.
const KEPT: u64 = 50_000;

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let log = Log::open(&scratch.join("log"))?;
    let bare = Bare::create(&scratch.join("bare"))?;
    let load = setting.load();
    for waiting in WAITING {
        let turns = alternate(
            &format!("log {waiting}"),
            async || log.commit(waiting, load.warm_up, load.window).await,
            async || bare.commit(waiting, load.warm_up, load.window).await,
        )
        .await?;
        let (ours, peer) = turns.medians(Commits::rate);
        let figure = Figure::new(format!("log.{waiting}"), "records/s", ours).against(peer);
        report.add(&figure.judged(Goal::RatioAtLeast(0.8)))?;
    }
    Ok(())
}

/// What was made durable in a window.
#[derive(Debug)]
struct Commits {
    records: u64,
    syncs: u64,
    wall: Duration,
}

impl Commits {
    fn rate(&self) -> f64 {
        self.records as f64 / self.wall.as_secs_f64()
    }
}

impl fmt::Display for Commits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let syncs = self.syncs as f64;
        let (size, every) = (self.records as f64 / syncs, self.wall.div_f64(syncs));
        write!(f, "{:.0} records/s, {size:.1} a sync, a sync every {every:.1?}", self.rate())
    }
}

/// The log, and the next index of each of its groups.
struct Log {
    wal: Wal,
    groups: Arc<[Mutex<u64>]>,
}

impl Log {
    /// Opens it with its threads on the servers' core.
    fn open(folder: &Path) -> Result<Log> {
        std::fs::create_dir(folder)?;
        pin_thread_to(SERVER_CORE)?;
        let opened = Wal::open(folder, wal::Options::default());
        pin_thread_to(CLIENT_CORE)?;
        let (wal, _) = opened.context("cannot open the log")?;
        Ok(Log { wal, groups: (0..GROUPS).map(|_| Mutex::new(1)).collect() })
    }

    /// Keeps `waiting` records waiting through a warm-up and a window.
    async fn commit(&self, waiting: usize, warm_up: Duration, window: Duration) -> Result<Commits> {
        let (rested, all_rested) = channel();
        let writers = Arc::new(Writers {
            wal: self.wal.clone(),
            groups: self.groups.clone(),
            durable: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            rested: Mutex::new(rested),
        });
        for writer in 0..waiting {
            writers.submit(writer % GROUPS)?;
        }
        tokio::time::sleep(warm_up).await;
        let opened = self.edge(&writers);
        tokio::time::sleep(window).await;
        let closed = self.edge(&writers);
        writers.stopping.store(true, Ordering::Relaxed);
        for _ in 0..waiting {
            all_rested.recv().context("the log dropped a completion")??;
        }
        self.purge()?;
        Ok(Commits {
            records: closed.records - opened.records,
            syncs: closed.syncs - opened.syncs,
            wall: closed.at - opened.at,
        })
    }

    fn edge(&self, writers: &Writers) -> Edge {
        let records = writers.durable.load(Ordering::Relaxed);
        Edge { at: Instant::now(), records, syncs: self.wal.stats().syncs }
    }

    fn purge(&self) -> Result<()> {
        for (group, next) in self.groups.iter().enumerate() {
            let next = *next.lock().unwrap_or_else(PoisonError::into_inner);
            if next > KEPT {
                self.wal.purge_to(GroupId(group as u32), next - KEPT, Bytes::new())?;
            }
        }
        Ok(())
    }
}

/// One edge of a window.
struct Edge {
    at: Instant,
    records: u64,
    syncs: u64,
}

/// Writers that come back as soon as they are told that their record is durable.
struct Writers {
    wal: Wal,
    groups: Arc<[Mutex<u64>]>,
    durable: AtomicU64,
    stopping: AtomicBool,
    /// Each writer tells once, when it stops or why it had to.
    rested: Mutex<Sender<Result<()>>>,
}

impl Writers {
    /// Appends one record; its completion appends the next.
    fn submit(self: &Arc<Writers>, group: usize) -> Result<()> {
        let writers = self.clone();
        let done = Box::new(move |result: io::Result<()>| writers.durable(group, result));
        // Held over the append: indexes must arrive in order, and the first ones come from another thread.
        let mut next = self.groups[group].lock().unwrap_or_else(PoisonError::into_inner);
        let entry = Entry { index: *next, term: 1, payload: Bytes::from_static(&RECORD) };
        self.wal.append(GroupId(group as u32), vec![entry], done)?;
        *next += 1;
        Ok(())
    }

    fn durable(self: &Arc<Writers>, group: usize, result: io::Result<()>) {
        self.durable.fetch_add(1, Ordering::Relaxed);
        let next = match result {
            Ok(()) if self.stopping.load(Ordering::Relaxed) => Ok(()),
            Ok(()) => match self.submit(group) {
                Ok(()) => return,
                Err(error) => Err(error),
            },
            Err(error) => Err(error.into()),
        };
        // Nobody listens any more once the benchmark has failed.
        let _ = self.rested.lock().unwrap_or_else(PoisonError::into_inner).send(next);
    }
}

/// The least that durability takes.
struct Bare(Arc<File>);

impl Bare {
    /// A file with all its blocks written.
    fn create(path: &Path) -> Result<Bare> {
        let file = File::create_new(path)?;
        let piece = vec![1; 1 << 20];
        for offset in (0..BARE_FILE_BYTES).step_by(piece.len()) {
            file.write_all_at(&piece, offset)?;
        }
        file.sync_all()?;
        Ok(Bare(Arc::new(file)))
    }

    async fn commit(&self, group: usize, warm_up: Duration, window: Duration) -> Result<Commits> {
        let file = self.0.clone();
        let looped = std::thread::spawn(move || {
            pin_thread_to(SERVER_CORE)?;
            let piece = RECORD.repeat(group);
            write_and_sync(&file, &piece, warm_up)?;
            write_and_sync(&file, &piece, window)
        });
        while !looped.is_finished() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let Ok(looped) = looped.join() else { bail!("the bare loop panicked") };
        let (syncs, wall) = looped?;
        Ok(Commits { records: syncs * group as u64, syncs, wall })
    }
}

fn write_and_sync(file: &File, piece: &[u8], window: Duration) -> io::Result<(u64, Duration)> {
    let pieces = BARE_FILE_BYTES / piece.len() as u64;
    let started = Instant::now();
    let mut syncs = 0;
    while started.elapsed() < window {
        file.write_all_at(piece, syncs % pieces * piece.len() as u64)?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok((syncs, started.elapsed()))
}
