//! What the kernel keeps for TCP sockets, of the whole machine.

use anyhow::{Context, Result};
use std::fs;

/// Kinds of kernel objects of which an open TCP socket has one each.
const OBJECTS: [&str; 4] = ["TCP", "TCPv6", "sock_inode_cache", "eventpoll_epi"];

/// Memory of all sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelSockets {
    /// What is in their buffers.
    pub buffer_bytes: u64,
    /// The sockets themselves; only root may know.
    pub object_bytes: Option<u64>,
}

impl KernelSockets {
    /// As it is now.
    pub fn now() -> Result<KernelSockets> {
        let pages = buffer_pages(&fs::read_to_string("/proc/net/sockstat")?)
            .context("/proc/net/sockstat does not tell the memory of TCP")?;
        let object_bytes = fs::read_to_string("/proc/slabinfo").ok().map(|slabs| object_bytes(&slabs));
        Ok(KernelSockets { buffer_bytes: pages * rustix::param::page_size() as u64, object_bytes })
    }
}

/// The number after `mem` in the line `TCP: inuse 4 orphan 0 tw 0 alloc 6 mem 1`.
fn buffer_pages(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    line.split_whitespace().skip_while(|word| *word != "mem").nth(1)?.parse().ok()
}

/// Lines are `name active_objects all_objects object_bytes …`.
fn object_bytes(slabinfo: &str) -> u64 {
    let bytes = |line: &str| {
        let mut words = line.split_whitespace();
        let wanted = words.next().is_some_and(|name| OBJECTS.contains(&name));
        let active: u64 = words.next()?.parse().ok()?;
        let size: u64 = words.nth(1)?.parse().ok()?;
        wanted.then_some(active * size)
    };
    slabinfo.lines().filter_map(bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_told_in_pages() {
        let sockstat = "sockets: used 9\nTCP: inuse 4 orphan 0 tw 0 alloc 6 mem 17\nUDP: inuse 1 mem 2\n";
        assert_eq!(buffer_pages(sockstat), Some(17));
        assert_eq!(buffer_pages("UDP: inuse 1 mem 2\n"), None);
    }

    #[test]
    fn objects_are_those_of_sockets() {
        let slabinfo = "slabinfo - version: 2.1\n\
            TCP  10 12 2368 13 8 : tunables 0 0 0\n\
            dentry 900 900 192 21 1 : tunables 0 0 0\n\
            sock_inode_cache 5 5 832 19 4 : tunables 0 0 0\n";
        assert_eq!(object_bytes(slabinfo), 10 * 2368 + 5 * 832);
    }

    #[test]
    fn this_machine_tells() {
        let _listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let sockets = KernelSockets::now().unwrap();
        assert!(sockets.object_bytes.is_none_or(|bytes| bytes > 0));
    }
}
