//! Who runs where, and for how long.
//!
//! The server side of a benchmark has [`SERVER_CORE`] to itself and the client [`CLIENT_CORE`]. A process counts its
//! CPU time in nanoseconds over all its threads, ended ones too; the clock can be read from another process.

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::io;
use std::time::Duration;

/// The core that servers run on.
pub const SERVER_CORE: usize = 0;
/// The core that the client runs on.
pub const CLIENT_CORE: usize = 1;

/// Where a server may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cores {
    /// Wherever whoever starts it may.
    #[default]
    Inherited,
    /// On this one alone.
    One(usize),
    /// On both, the client's too.
    Both,
}

impl Cores {
    /// As taskset takes it; nothing if nothing is to be set.
    pub fn list(self) -> Option<String> {
        match self {
            Cores::Inherited => None,
            Cores::One(core) => Some(core.to_string()),
            Cores::Both => Some(format!("{SERVER_CORE},{CLIENT_CORE}")),
        }
    }
}

/// Keeps the calling thread, and those that it starts from here on, on one core.
pub fn pin_thread_to(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot run on core {core} ({error}): benchmarks need two cores, 0 and 1"),
        )
    })
}

/// CPU time that a process has used since its start, in all its threads. `None` is this process.
pub fn process_cpu(pid: Option<Pid>) -> io::Result<Duration> {
    let mut clock: libc::clockid_t = 0;
    // SAFETY: `clock` is a valid place for the answer; the call touches nothing else.
    let failed = unsafe { libc::clock_getcpuclockid(Pid::as_raw(pid), &mut clock) };
    if failed != 0 {
        return Err(io::Error::from_raw_os_error(failed));
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the answer; the call touches nothing else.
    if unsafe { libc::clock_gettime(clock, &mut time) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32))
}

#[cfg(test)]
mod tests {
    use super::{Cores, process_cpu};
    use rustix::process::getpid;
    use std::hint::black_box;

    #[test]
    fn work_takes_cpu_time_also_as_seen_by_pid() {
        let before = process_cpu(None).unwrap();
        let mut sum = 0u64;
        for number in 0..20_000_000u64 {
            sum = black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
        let between = process_cpu(Some(getpid())).unwrap();
        let after = process_cpu(None).unwrap();
        assert!(before < between && between <= after);
    }

    #[test]
    fn cores_are_named_as_taskset_takes_them() {
        assert_eq!(Cores::Inherited.list(), None);
        assert_eq!(Cores::One(3).list().as_deref(), Some("3"));
        assert_eq!(Cores::Both.list().as_deref(), Some("0,1"));
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        child.wait().unwrap();
        assert!(process_cpu(Some(pid)).is_err());
    }
}
