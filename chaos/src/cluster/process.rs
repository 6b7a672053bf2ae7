//! A process that outlives whoever started it, known by its number and the moment of its start.
//!
//! Numbers are used again: one that stands in a file may belong to anybody by now. So a process is known by its start,
//! too, as the kernel counts it, and a signal goes through a descriptor that was compared with both. It reaches this
//! process or none.

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, waitpid};
use serde::{Deserialize, Serialize};

/// How often a process that is to end is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A process of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it began, in the kernel's ticks since the machine did.
    started: u64,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It runs.
    Running,
    /// It was told to stand still, and does.
    Frozen,
    /// It is not there any more.
    Ended,
}

impl Process {
    /// The process that has this number now; it must not have been waited for, or it may be another one.
    pub fn with_pid(pid: u32) -> io::Result<Process> {
        let pid = i32::try_from(pid).map_err(io::Error::other)?;
        let stat = read_stat(pid)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Process { pid, started: stat.started })
    }

    /// What it does. One that is a child of ours and has ended is waited for, so that nothing of it stays.
    pub fn condition(&self) -> io::Result<Condition> {
        let Some(stat) = read_stat(self.pid)?.filter(|stat| stat.started == self.started) else {
            return Ok(Condition::Ended);
        };
        Ok(match stat.state {
            // Its first thread has ended. Others may still hold files and ports.
            b'Z' if self.has_other_threads()? => Condition::Running,
            b'Z' | b'X' | b'x' => {
                self.reap();
                Condition::Ended
            }
            b'T' => Condition::Frozen,
            _ => Condition::Running,
        })
    }

    /// Whether it is there, frozen or not.
    pub fn is_there(&self) -> io::Result<bool> {
        Ok(self.condition()? != Condition::Ended)
    }

    /// Sends a signal; false if the process has ended.
    pub fn signal(&self, signal: Signal) -> io::Result<bool> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(false) };
        // First the descriptor, then the look: what it names cannot become another process after that.
        let descriptor = match pidfd_open(pid, PidfdFlags::empty()) {
            Err(Errno::SRCH) => return Ok(false),
            opened => opened?,
        };
        if !self.is_there()? {
            return Ok(false);
        }
        match pidfd_send_signal(&descriptor, signal) {
            Err(Errno::SRCH) => Ok(false),
            sent => Ok(sent.map(|()| true)?),
        }
    }

    /// Waits until it has ended; false if it is still there after so long.
    pub async fn ends_within(&self, limit: Duration) -> io::Result<bool> {
        self.becomes(Condition::Ended, limit).await
    }

    /// Waits until it is in this condition; false if it is not after so long.
    pub async fn becomes(&self, wanted: Condition, limit: Duration) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        while self.condition()? != wanted {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(true)
    }

    fn has_other_threads(&self) -> io::Result<bool> {
        match fs::read_dir(format!("/proc/{}/task", self.pid)) {
            Ok(threads) => Ok(threads.count() > 1),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Another process's child is nobody whom we may wait for, and its parent does.
    fn reap(&self) {
        let _status = waitpid(Pid::from_raw(self.pid), WaitOptions::NOHANG);
    }
}

/// Which start of the machine this is. What was written down during another one names no process of now.
pub fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

struct Stat {
    state: u8,
    started: u64,
}

/// What the kernel says about a number; nothing if nobody has it.
fn read_stat(pid: i32) -> io::Result<Option<Stat>> {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(line) => parse_stat(&line).map(Some).ok_or_else(|| io::Error::other("/proc is not understood")),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a file of `/proc` tells that its process is not there, or ended while the file was open.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

/// The third and the twenty-second field. The second is the program's name, which may hold anything, and ends with the
/// last bracket.
fn parse_stat(line: &str) -> Option<Stat> {
    let (_, fields) = line.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    Some(Stat { state, started: fields.nth(18)?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command};

    const SOON: Duration = Duration::from_secs(20);

    fn sleeper() -> (Child, Process) {
        let child = Command::new("sleep").arg("600").spawn().unwrap();
        let process = Process::with_pid(child.id()).unwrap();
        (child, process)
    }

    #[test]
    fn a_program_may_have_any_name() {
        let line = "7 (a) S) b) T 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21";
        let stat = parse_stat(line).unwrap();
        assert_eq!((stat.state, stat.started), (b'T', 4242));
        assert!(parse_stat("7 (sh) S 1 2").is_none());
    }

    #[tokio::test]
    async fn a_process_is_frozen_thawed_and_killed() {
        let (_child, process) = sleeper();
        assert_eq!(process.condition().unwrap(), Condition::Running);
        assert!(process.signal(Signal::STOP).unwrap());
        assert!(process.becomes(Condition::Frozen, SOON).await.unwrap());
        assert!(process.signal(Signal::CONT).unwrap());
        assert!(process.becomes(Condition::Running, SOON).await.unwrap());
        assert!(process.signal(Signal::KILL).unwrap());
        assert!(process.ends_within(SOON).await.unwrap());
        assert!(!process.signal(Signal::KILL).unwrap());
    }

    #[tokio::test]
    async fn a_number_that_is_used_again_is_left_alone() {
        let (mut child, process) = sleeper();
        let before = Process { started: process.started - 1, ..process.clone() };
        assert_eq!(before.condition().unwrap(), Condition::Ended);
        assert!(!before.signal(Signal::KILL).unwrap());
        assert!(before.ends_within(Duration::ZERO).await.unwrap());
        assert!(child.try_wait().unwrap().is_none(), "who has the number now lives on");
        assert!(process.signal(Signal::KILL).unwrap());
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn a_child_that_ended_leaves_nothing() {
        let (_child, process) = sleeper();
        process.signal(Signal::KILL).unwrap();
        assert!(process.ends_within(SOON).await.unwrap());
        assert!(!std::path::Path::new(&format!("/proc/{}", process.pid)).exists());
    }

    #[tokio::test]
    async fn waiting_has_an_end() {
        let (mut child, process) = sleeper();
        assert!(!process.ends_within(Duration::from_millis(30)).await.unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
