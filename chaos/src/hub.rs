//! A hub as a child process: started, waited for, killed and stopped, always by its own process id.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long a hub may take until it is ready, on a machine that is busy with other things too.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long a hub may take to stop when asked to; it promises ten seconds, the rest is for the machine.
const STOPPED_WITHIN: Duration = Duration::from_secs(20);
/// How much of what a hub said since its start an error shows; the end of it.
const LOG_TAIL_BYTES: u64 = 64 << 10;

/// How to start a hub.
#[derive(Clone, Debug)]
pub struct HubSpec {
    /// The program.
    pub binary: PathBuf,
    /// Its data folder.
    pub data_dir: PathBuf,
    /// The port to listen on; 0 takes a free one at every start.
    pub port: u16,
    /// Where what it prints to standard error is appended.
    pub log: PathBuf,
    /// Flags on top of those that every hub here is started with.
    pub flags: Vec<String>,
    /// Environment variables on top of ours.
    pub env: Vec<(String, String)>,
    /// A program and its arguments that runs the hub, such as a tracer; mostly empty.
    pub wrapper: Vec<String>,
}

/// Where a hub listens and how it lets us in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `127.0.0.1:PORT`.
    pub authority: String,
    /// The owner's bearer token.
    pub token: String,
}

/// A hub that runs; it is killed when this is dropped.
#[derive(Debug)]
pub struct Hub {
    child: Child,
    /// The hub's own process, which is not the child where a wrapper runs it.
    pid: rustix::process::Pid,
    /// Where it listens.
    pub address: Address,
}

/// Why a hub did not get ready.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It could not be started at all.
    #[error("cannot run {binary}: build it first, or set CONTEXT_HUB_BIN")]
    Spawn {
        /// The program.
        binary: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("the hub ended with {status} before it was ready; it said:\n{log}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// It neither got ready nor ended.
    #[error("the hub was not ready after {} s; it said:\n{log}", READY_WITHIN.as_secs())]
    Silent {
        /// The end of its log.
        log: String,
    },
    /// The line that says that it is ready makes no sense.
    #[error("the hub's ready line is not understood: {line}")]
    Line {
        /// What it printed.
        line: String,
    },
    /// A file or pipe failed.
    #[error("cannot read what the hub left at {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The line that a hub prints when it is ready.
#[derive(Deserialize)]
struct Ready {
    event: String,
    url: String,
    token_file: PathBuf,
    pid: i32,
}

impl HubSpec {
    /// A hub on this folder with small log segments, so that drills see many of them.
    pub fn new(binary: &Path, data_dir: &Path, log: &Path) -> HubSpec {
        HubSpec {
            binary: binary.to_owned(),
            data_dir: data_dir.to_owned(),
            port: 0,
            log: log.to_owned(),
            flags: Vec::new(),
            env: vec![("WAL_SEGMENT_SIZE_MB".into(), "1".into())],
            wrapper: Vec::new(),
        }
    }

    /// Starts the hub and waits until it is ready.
    pub async fn start(&self) -> Result<Hub, StartError> {
        let said_before = self.log.metadata().map_or(0, |log| log.len());
        let mut child = self.spawn()?;
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let ready = match timeout(READY_WITHIN, self.ready_line(&mut lines)).await {
            Ok(Some(ready)) => ready?,
            Ok(None) => return Err(self.ended(child, said_before).await),
            Err(_) => {
                return Err(StartError::Silent { log: self.said_since(said_before) });
            }
        };
        Ok(Hub {
            address: address(&ready)?,
            pid: rustix::process::Pid::from_raw(ready.pid)
                .ok_or_else(|| StartError::Line { line: format!("pid {}", ready.pid) })?,
            child,
        })
    }

    /// Starts the hub and kills it after `head_start`, ready or not.
    pub async fn start_and_kill(&self, head_start: Duration) -> Result<(), StartError> {
        let mut child = self.spawn()?;
        tokio::time::sleep(head_start).await;
        let binary = self.binary.clone();
        child.kill().await.map_err(|source| StartError::Spawn { binary, source })
    }

    /// The folder of its log segments.
    pub fn wal_dir(&self) -> PathBuf {
        self.data_dir.join("wal")
    }

    fn spawn(&self) -> Result<Child, StartError> {
        let binary = self.binary.clone();
        let failed = |source| StartError::Spawn { binary, source };
        let mut words = self.wrapper.iter().map(AsRef::as_ref);
        let program = words.next().unwrap_or(self.binary.as_os_str());
        let mut command = Command::new(program);
        command.args(words);
        if !self.wrapper.is_empty() {
            command.arg(&self.binary);
        }
        command
            .args(["dev", "--json", "--addr", &format!("127.0.0.1:{}", self.port), "--data-dir"])
            .arg(&self.data_dir)
            .args(&self.flags)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        self.open_log().and_then(|log| command.stderr(log).spawn()).map_err(failed)
    }

    /// What the hub printed to standard error since its log had this length; the end of it.
    fn said_since(&self, length: u64) -> String {
        let mut said = Vec::new();
        let read = File::open(&self.log).and_then(|mut log| {
            let end = log.metadata()?.len();
            log.seek(SeekFrom::Start(length.max(end.saturating_sub(LOG_TAIL_BYTES))))?;
            log.read_to_end(&mut said)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&said).into_owned(),
            Err(error) => format!("({} cannot be read: {error})", self.log.display()),
        }
    }

    fn open_log(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(&self.log)
    }

    /// The ready line, or nothing when the hub closed its output without one.
    async fn ready_line(
        &self,
        lines: &mut Lines<BufReader<ChildStdout>>,
    ) -> Option<Result<Ready, StartError>> {
        loop {
            let line = lines.next_line().await.ok()??;
            match serde_json::from_str::<Ready>(&line) {
                Ok(ready) if ready.event == "ready" => return Some(Ok(ready)),
                Ok(_) => {}
                Err(_) => return Some(Err(StartError::Line { line })),
            }
        }
    }

    async fn ended(&self, mut child: Child, said_before: u64) -> StartError {
        match child.wait().await {
            Ok(status) => StartError::Ended { status, log: self.said_since(said_before) },
            Err(source) => StartError::Spawn { binary: self.binary.clone(), source },
        }
    }
}

impl Hub {
    /// Ends the hub at once, as `kill -9` does, and waits until the kernel has closed its files.
    pub async fn kill(mut self) -> io::Result<()> {
        self.signal(rustix::process::Signal::KILL);
        self.child.wait().await.map(drop)
    }

    /// Asks the hub to stop and waits until it has.
    pub async fn stop(mut self) -> io::Result<ExitStatus> {
        self.signal(rustix::process::Signal::TERM);
        self.ended_within(STOPPED_WITHIN).await
    }

    /// Waits until the hub ends by itself.
    pub async fn ended_within(&mut self, limit: Duration) -> io::Result<ExitStatus> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the hub did not end in time");
        timeout(limit, self.child.wait()).await.map_err(late)?
    }

    fn signal(&self, signal: rustix::process::Signal) {
        // A hub that has ended already is what every caller wants.
        let _ = rustix::process::kill_process(self.pid, signal);
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // Not reaped yet, so the number still is its own. A wrapper that dies would leave the hub running.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(rustix::process::Signal::KILL);
        }
    }
}

fn address(ready: &Ready) -> Result<Address, StartError> {
    let token = std::fs::read_to_string(&ready.token_file)
        .map_err(|source| StartError::Read { path: ready.token_file.clone(), source })?;
    let authority = ready.url.trim_start_matches("http://");
    Ok(Address { authority: authority.trim_end_matches('/').to_owned(), token: token.trim().to_owned() })
}
