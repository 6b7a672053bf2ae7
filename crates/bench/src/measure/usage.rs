//! How much CPU both sides use between two moments.

use super::process_cpu;
use anyhow::{Context, Result};
use rustix::process::Pid;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// The first moment.
#[derive(Debug)]
pub struct Usage {
    server: Pid,
    at: Instant,
    server_cpu: Duration,
    client_cpu: Duration,
}

/// What was used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    /// Time that went by.
    pub wall: Duration,
    /// CPU time of the server process.
    pub server_cpu: Duration,
    /// CPU time of this process.
    pub client_cpu: Duration,
}

impl Usage {
    /// Looks at the clocks.
    pub fn begin(server: Pid) -> Result<Usage> {
        let server_cpu = process_cpu(Some(server)).context("the server's CPU clock: did it end?")?;
        Ok(Usage { server, at: Instant::now(), server_cpu, client_cpu: process_cpu(None)? })
    }

    /// Looks at them again.
    pub fn end(&self) -> Result<Used> {
        let now = Usage::begin(self.server)?;
        Ok(Used {
            wall: now.at - self.at,
            server_cpu: now.server_cpu - self.server_cpu,
            client_cpu: now.client_cpu - self.client_cpu,
        })
    }
}

impl Used {
    /// How much of its core the client used.
    pub fn client_share(&self) -> f64 {
        self.client_cpu.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// How much of its core the server used.
    pub fn server_share(&self) -> f64 {
        self.server_cpu.as_secs_f64() / self.wall.as_secs_f64()
    }
}

impl AddAssign for Used {
    fn add_assign(&mut self, more: Used) {
        let Used { wall, server_cpu, client_cpu } = more;
        self.wall += wall;
        self.server_cpu += server_cpu;
        self.client_cpu += client_cpu;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getpid;

    #[test]
    fn what_is_used_adds_up() {
        let usage = Usage::begin(getpid()).unwrap();
        let mut sum = Used::default();
        let (first, second) = (usage.end().unwrap(), usage.end().unwrap());
        sum += first;
        sum += second;
        assert_eq!(sum.wall, first.wall + second.wall);
        assert!(second.client_cpu >= first.client_cpu && second.server_cpu >= first.server_cpu);
    }
}
