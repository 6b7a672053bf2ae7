//! What every process of the program that runs on begins with: a runtime, signals, metrics.

use anyhow::Result;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long work that nobody waits for any more may take to end.
const LEFTOVERS_END_WITHIN: Duration = Duration::from_millis(500);

/// Runs a service to its end.
pub fn run(serve: impl Future<Output = Result<()>>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(serve);
    // What still computes has nobody to tell, and nothing of it is lost: it is in the log.
    runtime.shutdown_timeout(LEFTOVERS_END_WITHIN);
    served.map(|()| ExitCode::SUCCESS)
}

/// The signals that end a process.
pub struct Ended {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Ended {
    /// Listens from now on, so that a signal during the start is not lost.
    pub fn listen() -> Result<Ended> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Ended { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the first of them.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Takes in all metrics from now on.
pub fn prometheus() -> Result<PrometheusHandle> {
    // From a cached read to a slow disk.
    const SECONDS: [f64; 14] =
        [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
    Ok(builder.install_recorder()?)
}
