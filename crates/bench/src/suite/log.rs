//! `log`: group commit of the shared log against the least that durability takes.
//!
//! Ours: N records of 200 bytes wait, each an append of its own with its own completion, while N others are being
//! written and synced; as soon as those are durable, N more are submitted. The peer writes the same N × 200 bytes in
//! one piece into a file that was allocated and written before, and calls fdatasync, in a loop. Both are on the same
//! disk, the log's writer and the bare loop on the server's core, the submitter on the client's.

use super::Setting;
use crate::measure::{CLIENT_CORE, Figure, Goal, Report, SERVER_CORE, alternate, pin_thread_to, thread_cpu};
use crate::server::Scratch;
use anyhow::{Context, Result};
use bytes::Bytes;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use wal::{Entry, GroupId, Wal};

/// How many records wait.
const WAITING: [usize; 4] = [1, 10, 100, 1000];
/// A record.
const RECORD_BYTES: usize = 200;
/// Raft groups that share the log, as many as `dev` runs.
const GROUPS: u32 = 4;
/// Cohorts of waiting records: one waits while the other is being synced.
const COHORTS: usize = 2;
/// The peer's file.
const BARE_FILE_BYTES: u64 = 64 << 20;
/// Records of a group that are kept; what is older is purged, as snapshots would do.
const KEPT: u64 = 50_000;

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let mut log = Log::open(&scratch.join("log"))?;
    let bare = Bare::create(&scratch.join("bare"))?;
    for waiting in WAITING {
        let load = setting.load();
        let turns = alternate(
            &format!("log {waiting}"),
            async || {
                tokio::task::yield_now().await;
                log.commit(waiting, load.warm_up)?;
                log.commit(waiting, load.window)
            },
            async || {
                tokio::task::yield_now().await;
                bare.commit(waiting, load.warm_up)?;
                bare.commit(waiting, load.window)
            },
        )
        .await?;
        let (ours, peer) = turns.medians(Commits::rate);
        let (busy, _) = turns.medians(Commits::client_share);
        let figure = Figure::new(format!("log.{waiting}"), "records/s", ours).against(peer);
        report.add(&figure.judged(Goal::RatioAtLeast(0.8)).unless_client_was_busy(busy))?;
    }
    Ok(())
}

/// What was made durable in a window.
#[derive(Debug)]
struct Commits {
    records: u64,
    syncs: u64,
    wall: Duration,
    client_cpu: Duration,
}

impl Commits {
    fn rate(&self) -> f64 {
        self.records as f64 / self.wall.as_secs_f64()
    }

    fn client_share(&self) -> f64 {
        self.client_cpu.as_secs_f64() / self.wall.as_secs_f64()
    }
}

impl fmt::Display for Commits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let syncs = self.syncs as f64;
        let (size, every) = (self.records as f64 / syncs, self.wall.div_f64(syncs));
        write!(f, "{:.0} records/s, {size:.1} a sync, a sync every {every:.1?}", self.rate())
    }
}

/// The log, with a submitter.
struct Log {
    wal: Wal,
    next_index: [u64; GROUPS as usize],
    record: Bytes,
}

impl Log {
    /// Opens it with its threads on the server's core.
    fn open(folder: &Path) -> Result<Log> {
        std::fs::create_dir(folder)?;
        pin_thread_to(SERVER_CORE)?;
        let opened = Wal::open(folder, wal::Options::default());
        pin_thread_to(CLIENT_CORE)?;
        let (wal, _) = opened.context("cannot open the log")?;
        Ok(Log { wal, next_index: [1; GROUPS as usize], record: Bytes::from(vec![7; RECORD_BYTES]) })
    }

    /// Keeps `waiting` records waiting for as long as the window lasts.
    fn commit(&mut self, waiting: usize, window: Duration) -> Result<Commits> {
        let (durable, completions) = sync_channel(COHORTS * waiting);
        for _ in 0..COHORTS {
            self.submit(waiting, &durable)?;
        }
        let (started, cpu, syncs) = (Instant::now(), thread_cpu(), self.wal.stats().syncs);
        let mut records = 0;
        while started.elapsed() < window {
            settle(&completions)?;
            records += waiting as u64;
            self.submit(waiting, &durable)?;
        }
        let commits = Commits {
            records,
            syncs: self.wal.stats().syncs - syncs,
            wall: started.elapsed(),
            client_cpu: thread_cpu() - cpu,
        };
        for _ in 0..COHORTS {
            settle(&completions)?;
        }
        self.purge()?;
        Ok(commits)
    }

    /// Submits a cohort; the last of its records to become durable tells.
    fn submit(&mut self, records: usize, durable: &SyncSender<io::Result<()>>) -> Result<()> {
        let left = Arc::new(AtomicUsize::new(records));
        for record in 0..records {
            let group = record % GROUPS as usize;
            let entry = Entry { index: self.next_index[group], term: 1, payload: self.record.clone() };
            self.next_index[group] += 1;
            let (left, durable) = (left.clone(), durable.clone());
            let done = Box::new(move |result: io::Result<()>| {
                if left.fetch_sub(1, Ordering::AcqRel) == 1 || result.is_err() {
                    // Nobody listens any more once the benchmark has failed.
                    let _ = durable.send(result);
                }
            });
            self.wal.append(GroupId(group as u32), vec![entry], done)?;
        }
        Ok(())
    }

    fn purge(&self) -> Result<()> {
        for (group, next) in self.next_index.iter().enumerate() {
            if let Some(index) = next.checked_sub(KEPT).filter(|index| *index > 0) {
                self.wal.purge_to(GroupId(group as u32), index, Bytes::new())?;
            }
        }
        Ok(())
    }
}

fn settle(completions: &Receiver<io::Result<()>>) -> Result<()> {
    completions.recv().context("the log dropped a completion")?.context("the log failed")
}

/// The least that durability takes.
struct Bare(File);

impl Bare {
    /// A file with all its blocks written.
    fn create(path: &Path) -> Result<Bare> {
        let file = File::create_new(path)?;
        let piece = vec![1; 1 << 20];
        for offset in (0..BARE_FILE_BYTES).step_by(piece.len()) {
            file.write_all_at(&piece, offset)?;
        }
        file.sync_all()?;
        Ok(Bare(file))
    }

    fn commit(&self, group: usize, window: Duration) -> Result<Commits> {
        pin_thread_to(SERVER_CORE)?;
        let commits = self.write_and_sync(&vec![7; group * RECORD_BYTES], window);
        pin_thread_to(CLIENT_CORE)?;
        let (syncs, wall) = commits?;
        Ok(Commits { records: syncs * group as u64, syncs, wall, client_cpu: Duration::ZERO })
    }

    fn write_and_sync(&self, piece: &[u8], window: Duration) -> io::Result<(u64, Duration)> {
        let pieces = BARE_FILE_BYTES / piece.len() as u64;
        let started = Instant::now();
        let mut syncs = 0;
        while started.elapsed() < window {
            self.0.write_all_at(piece, syncs % pieces * piece.len() as u64)?;
            self.0.sync_data()?;
            syncs += 1;
        }
        Ok((syncs, started.elapsed()))
    }
}
