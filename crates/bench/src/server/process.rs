//! A child process that cannot outlive its owner.

use crate::measure::Cores;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What a server gets to end by itself after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(30);
/// How much of its log is shown when a server fails.
const LOG_TAIL_LINES: usize = 20;

/// How to end a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM, and SIGKILL if it takes too long.
    Gently,
    /// SIGKILL.
    Hard,
}

/// How to start a process.
#[derive(Debug)]
pub struct Launch<'a> {
    /// What to run.
    pub program: &'a Path,
    /// With what.
    pub arguments: &'a [String],
    /// Where its standard error goes.
    pub log: &'a Path,
    /// Where it may run.
    pub cores: Cores,
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
    first_line: Option<oneshot::Receiver<String>>,
    /// Reads the child's standard output to its end, so that the child never blocks on a full pipe.
    drain: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts it.
    pub fn start(launch: &Launch<'_>) -> Result<Process> {
        let Launch { program, arguments, log, cores } = launch;
        let errors = File::create(log).with_context(|| format!("cannot make {}", log.display()))?;
        let mut child = command(program, *cores)
            .args(*arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let out = child.stdout.take().expect("standard output was asked for as a pipe");
        let (first, first_line) = oneshot::channel();
        let drain = std::thread::spawn(move || drain(out, first));
        let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
        let log = log.to_path_buf();
        Ok(Process { child, name, log, first_line: Some(first_line), drain: Some(drain) })
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The first line that it prints, once.
    pub async fn first_line(&mut self, limit: Duration) -> Result<String> {
        let line = self.first_line.take().context("its first line was already taken")?;
        match tokio::time::timeout(limit, line).await {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(_)) => {
                bail!("{} ended before it was ready; its log ends:\n{}", self.name, self.log_tail())
            }
            Err(_) => {
                bail!("{} was not ready within {limit:?}; its log ends:\n{}", self.name, self.log_tail())
            }
        }
    }

    /// Waits until `ready` says so, asking again every few milliseconds.
    pub async fn wait_until(&mut self, limit: Duration, mut ready: impl AsyncFnMut() -> bool) -> Result<()> {
        let started = Instant::now();
        while !ready().await {
            if self.child.try_wait()?.is_some() || started.elapsed() > limit {
                bail!("{} did not get ready; its log ends:\n{}", self.name, self.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Resident memory in bytes.
    pub fn resident_bytes(&self) -> Result<u64> {
        self.kilobytes("status", "VmRSS:").map(|kilobytes| kilobytes * 1024)
    }

    /// Resident memory in bytes, of pages shared with other processes only its share.
    pub fn proportional_bytes(&self) -> Result<u64> {
        self.kilobytes("smaps_rollup", "Pss:").map(|kilobytes| kilobytes * 1024)
    }

    /// The number in a line of a file that the kernel keeps about the process.
    fn kilobytes(&self, file: &str, name: &str) -> Result<u64> {
        let told = fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?;
        let line = told.lines().find_map(|line| line.strip_prefix(name));
        let number = line.with_context(|| format!("no {name} in {file}"))?;
        Ok(number.trim().trim_end_matches("kB").trim().parse()?)
    }

    /// Ends it and waits until it is gone. A server that has to be killed on a gentle stop is an error.
    pub async fn stop(mut self, how: Stop) -> Result<()> {
        match how {
            Stop::Hard => self.child.kill()?,
            Stop::Gently => {
                kill_process(self.pid(), Signal::TERM)?;
                let status = self.wait_for_end().await?;
                if !status.success() {
                    bail!("{} ended with {status}; its log ends:\n{}", self.name, self.log_tail());
                }
            }
        }
        Ok(())
    }

    async fn wait_for_end(&mut self) -> Result<ExitStatus> {
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if asked.elapsed() > GRACE {
                bail!(
                    "{} did not end within {GRACE:?} of SIGTERM; its log ends:\n{}",
                    self.name,
                    self.log_tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and been waited for, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(drain) = self.drain.take() {
            let _ = drain.join();
        }
    }
}

/// The program itself, or through taskset, which becomes the program once it has set the cores.
fn command(program: &Path, cores: Cores) -> Command {
    match cores.list() {
        None => Command::new(program),
        Some(list) => {
            let mut command = Command::new("taskset");
            command.arg("--cpu-list").arg(list).arg(program);
            command
        }
    }
}

fn drain(out: ChildStdout, first: oneshot::Sender<String>) {
    let mut lines = BufReader::new(out).lines().map_while(Result::ok);
    if let Some(line) = lines.next() {
        // Whoever started it may not care.
        let _ = first.send(line);
    }
    lines.for_each(drop);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (tempfile::TempDir, Process) {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["-c".to_owned(), script.to_owned()];
        let log = folder.path().join("log");
        let launch =
            Launch { program: Path::new("/bin/sh"), arguments: &arguments, log: &log, cores: Cores::One(0) };
        let process = Process::start(&launch).unwrap();
        (folder, process)
    }

    #[tokio::test]
    async fn the_first_line_tells_that_it_is_ready() {
        let (_folder, mut process) = shell("echo ready; echo more; exec sleep 1000");
        assert_eq!(process.first_line(Duration::from_secs(60)).await.unwrap(), "ready");
        let own = std::fs::read_to_string(format!("/proc/{}/comm", process.child.id())).unwrap();
        assert!(["sh", "dash", "sleep"].contains(&own.trim()), "{own}");
        assert!(process.proportional_bytes().unwrap() > 0);
        // In this order: it may grow between the two.
        let proportional = process.proportional_bytes().unwrap();
        assert!(process.resident_bytes().unwrap() >= proportional);
        process.stop(Stop::Hard).await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_fails_shows_its_log() {
        let (_folder, mut process) = shell("echo disk on fire >&2; exit 3");
        let error = process.first_line(Duration::from_secs(60)).await.unwrap_err().to_string();
        assert!(error.contains("disk on fire"), "{error}");
    }

    #[tokio::test]
    async fn a_gentle_stop_lets_it_end_by_itself() {
        let (_folder, mut process) = shell("trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done");
        process.first_line(Duration::from_secs(60)).await.unwrap();
        process.stop(Stop::Gently).await.unwrap();
    }

    #[tokio::test]
    async fn a_bad_end_is_an_error() {
        let (_folder, mut process) = shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done");
        process.first_line(Duration::from_secs(60)).await.unwrap();
        let error = process.stop(Stop::Gently).await.unwrap_err().to_string();
        assert!(error.contains('7'), "{error}");
    }
}
