//! The closed loop: a fixed number of workers, each with one operation in flight, watched through a window.
//!
//! Only what ends inside the window counts, and CPU time is read at its two edges, so that what warms up before and
//! drains after is in no figure. All workers share the calling thread.

use super::{Histogram, Servers, Usage, Used};
use anyhow::{Context, Result};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, LocalSet};

/// One client: does the same operation again and again.
pub trait Worker: 'static {
    /// One operation, to its answer. An error ends the benchmark: a refused request is no measurement.
    fn step(&mut self) -> impl Future<Output = Result<()>>;
}

/// How long to load a server.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Before the window: caches fill, connections are made.
    pub warm_up: Duration,
    /// What is measured.
    pub window: Duration,
}

/// What a window saw.
#[derive(Debug, Clone)]
pub struct Measured {
    /// What both sides used between the two edges of the window.
    pub used: Used,
    /// Operations that ended within, by how long they took.
    pub latency: Histogram,
}

impl Measured {
    /// Operations that ended, a second.
    pub fn rate(&self) -> f64 {
        self.latency.count() as f64 / self.used.wall.as_secs_f64()
    }

    /// Microseconds of the server's CPU for each operation.
    pub fn server_micros(&self) -> f64 {
        self.used.server_cpu.as_secs_f64() * 1e6 / self.latency.count() as f64
    }

    /// How much of its core the client used.
    pub fn client_share(&self) -> f64 {
        self.used.client_share()
    }

    /// The latency in milliseconds that a share `quantile` (0 to 1) of the operations did not exceed.
    pub fn millis(&self, quantile: f64) -> f64 {
        self.latency.quantile(quantile).as_secs_f64() * 1e3
    }

    /// The median latency in microseconds.
    pub fn median_micros(&self) -> f64 {
        self.latency.quantile(0.5).as_secs_f64() * 1e6
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (middle, slow) = (self.latency.quantile(0.5), self.latency.quantile(0.99));
        write!(f, "{:.0}/s, p50 {middle:.2?}, p99 {slow:.2?}, ", self.rate())?;
        write!(f, "server {:.1} us/op, client at {:.0} %", self.server_micros(), self.client_share() * 100.0)
    }
}

/// What workers and the watch share.
#[derive(Default)]
struct Phase {
    recording: Cell<bool>,
    stopping: Cell<bool>,
    latency: RefCell<Histogram>,
}

/// Runs the workers through a warm-up and a window, and hands them back for the next one.
pub async fn drive<W: Worker>(
    workers: Vec<W>,
    load: Load,
    servers: impl Into<Servers>,
) -> Result<(Vec<W>, Measured)> {
    let local = LocalSet::new();
    local.run_until(run(workers, load, servers.into())).await
}

async fn run<W: Worker>(workers: Vec<W>, load: Load, servers: Servers) -> Result<(Vec<W>, Measured)> {
    let phase = Rc::new(Phase::default());
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn_local(work(worker, phase.clone()));
    }
    let measured = tokio::select! {
        measured = watch(&phase, load, servers) => measured?,
        failed = first_failure(&mut tasks) => return Err(failed),
    };
    phase.stopping.set(true);
    let mut rested = Vec::with_capacity(tasks.len());
    while let Some(ended) = tasks.join_next().await {
        rested.push(ended.context("a worker panicked")??);
    }
    Ok((rested, measured))
}

/// One operation at a time: `steps` of each worker in its turn, after one that is not counted.
pub async fn sequence<W: Worker>(
    workers: &mut [W],
    steps: usize,
    servers: impl Into<Servers>,
) -> Result<Measured> {
    let servers = servers.into();
    let mut sum = Measured { used: Used::default(), latency: Histogram::default() };
    for worker in workers {
        worker.step().await?;
        let opened = Usage::begin(servers.clone())?;
        for _ in 0..steps {
            let started = Instant::now();
            worker.step().await?;
            sum.latency.record(started.elapsed());
        }
        sum.used.add(&opened.end()?);
    }
    Ok(sum)
}

async fn work<W: Worker>(mut worker: W, phase: Rc<Phase>) -> Result<W> {
    while !phase.stopping.get() {
        let started = Instant::now();
        worker.step().await?;
        if phase.recording.get() {
            phase.latency.borrow_mut().record(started.elapsed());
        }
    }
    Ok(worker)
}

async fn watch(phase: &Phase, load: Load, servers: Servers) -> Result<Measured> {
    tokio::time::sleep(load.warm_up).await;
    let opened = Usage::begin(servers)?;
    phase.recording.set(true);
    tokio::time::sleep(load.window).await;
    let used = opened.end()?;
    phase.recording.set(false);
    Ok(Measured { used, latency: phase.latency.take() })
}

/// Why the first worker that ended did so; workers only end early by an error.
async fn first_failure<W: 'static>(tasks: &mut JoinSet<Result<W>>) -> anyhow::Error {
    match tasks.join_next().await {
        Some(Ok(Err(error))) => error,
        Some(Err(panic)) => anyhow::Error::new(panic).context("a worker panicked"),
        Some(Ok(Ok(_))) | None => anyhow::anyhow!("a worker stopped before it was told to"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use rustix::process::getpid;

    const AT_ONCE: Load = Load { warm_up: Duration::ZERO, window: Duration::ZERO };
    const NEVER_ENDS: Load = Load { warm_up: Duration::ZERO, window: Duration::from_secs(1 << 20) };

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    /// Opens the window in its third step and is told to stop in its sixth.
    struct Scripted {
        steps: u64,
        phase: Rc<Phase>,
    }

    impl Worker for Scripted {
        async fn step(&mut self) -> Result<()> {
            self.steps += 1;
            self.phase.recording.set(self.steps >= 3);
            self.phase.stopping.set(self.steps == 6);
            Ok(())
        }
    }

    struct FailsAt(u64);

    impl Worker for FailsAt {
        async fn step(&mut self) -> Result<()> {
            tokio::task::yield_now().await;
            if self.0 == 0 {
                bail!("refused");
            }
            self.0 -= 1;
            Ok(())
        }
    }

    #[test]
    fn only_what_ends_inside_the_window_counts() {
        let phase = Rc::new(Phase::default());
        let worker = block_on(work(Scripted { steps: 0, phase: phase.clone() }, phase.clone())).unwrap();
        assert_eq!((worker.steps, phase.latency.borrow().count()), (6, 4));
    }

    #[test]
    fn every_worker_comes_back() {
        let workers = (0..4).map(|_| FailsAt(u64::MAX)).collect();
        let (workers, _) = block_on(drive(workers, AT_ONCE, getpid())).unwrap();
        assert_eq!(workers.len(), 4);
    }

    #[test]
    fn in_sequence_each_worker_takes_its_steps() {
        let mut workers = vec![FailsAt(100), FailsAt(100)];
        let measured = block_on(sequence(&mut workers, 7, getpid())).unwrap();
        assert_eq!(measured.latency.count(), 14);
        assert!(workers.iter().all(|worker| worker.0 == 92));
    }

    #[test]
    fn the_first_failure_ends_it() {
        let workers = vec![FailsAt(u64::MAX), FailsAt(3)];
        let error = block_on(drive(workers, NEVER_ENDS, getpid())).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "refused");
    }
}
