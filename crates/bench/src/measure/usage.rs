//! How much CPU both sides use between two moments.

use super::process_cpu;
use anyhow::{Context, Result};
use rustix::process::Pid;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The processes of one side, in an order that whoever names them knows.
#[derive(Debug, Clone)]
pub struct Servers(Rc<[Pid]>);

impl From<Pid> for Servers {
    fn from(server: Pid) -> Servers {
        Servers(Rc::new([server]))
    }
}

impl FromIterator<Pid> for Servers {
    fn from_iter<I: IntoIterator<Item = Pid>>(servers: I) -> Servers {
        Servers(servers.into_iter().collect())
    }
}

/// The first moment.
#[derive(Debug)]
pub struct Usage {
    servers: Servers,
    at: Instant,
    each: Vec<Duration>,
    client_cpu: Duration,
}

/// What was used.
#[derive(Debug, Clone, Default)]
pub struct Used {
    /// Time that went by.
    pub wall: Duration,
    /// CPU time of the server's processes, all together.
    pub server_cpu: Duration,
    /// CPU time of each of them, in their order.
    pub each: Vec<Duration>,
    /// CPU time of this process.
    pub client_cpu: Duration,
}

impl Usage {
    /// Looks at the clocks.
    pub fn begin(servers: impl Into<Servers>) -> Result<Usage> {
        let servers = servers.into();
        let clock = |pid: &Pid| process_cpu(Some(*pid)).context("the server's CPU clock: did it end?");
        let each = servers.0.iter().map(clock).collect::<Result<_>>()?;
        Ok(Usage { servers, at: Instant::now(), each, client_cpu: process_cpu(None)? })
    }

    /// Looks at them again.
    pub fn end(&self) -> Result<Used> {
        let now = Usage::begin(self.servers.clone())?;
        let each: Vec<_> = now.each.iter().zip(&self.each).map(|(now, then)| *now - *then).collect();
        Ok(Used {
            wall: now.at - self.at,
            server_cpu: each.iter().sum(),
            each,
            client_cpu: now.client_cpu - self.client_cpu,
        })
    }
}

impl Used {
    /// How much of its core the client used.
    pub fn client_share(&self) -> f64 {
        self.client_cpu.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// How much of a core the server used.
    pub fn server_share(&self) -> f64 {
        self.server_cpu.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// Adds what the same servers used at another time.
    pub fn add(&mut self, more: &Used) {
        self.wall += more.wall;
        self.server_cpu += more.server_cpu;
        self.client_cpu += more.client_cpu;
        self.each.resize(self.each.len().max(more.each.len()), Duration::ZERO);
        for (mine, more) in self.each.iter_mut().zip(&more.each) {
            *mine += *more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{getpid, getppid};

    #[test]
    fn what_is_used_adds_up() {
        let usage = Usage::begin(getpid()).unwrap();
        let mut sum = Used::default();
        let (first, second) = (usage.end().unwrap(), usage.end().unwrap());
        sum.add(&first);
        sum.add(&second);
        assert_eq!(sum.wall, first.wall + second.wall);
        assert_eq!(sum.each, [sum.server_cpu]);
        assert!(second.client_cpu >= first.client_cpu && second.server_cpu >= first.server_cpu);
    }

    #[test]
    fn several_servers_are_told_apart_and_together() {
        let servers: Servers = [getpid(), getppid().unwrap()].into_iter().collect();
        let used = Usage::begin(servers).unwrap().end().unwrap();
        assert_eq!(used.each.len(), 2);
        assert_eq!(used.server_cpu, used.each[0] + used.each[1]);
    }
}
