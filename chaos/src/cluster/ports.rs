//! Ports that are free, and stay free while their owner is down.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;

use rand::Rng;

/// How many ports below those that the kernel gives away are ours to choose from.
const CHOICE: u16 = 12_000;
const LOWEST: u16 = 1024;
/// More attempts than a machine with a free port needs.
const ATTEMPTS: usize = 1000;

/// Addresses on loopback that nobody has, each with a port of its own and none of those that are `taken` by who is down.
///
/// Port 0 would give one of those that the kernel also gives to connections that go out. A node that is down would lose such a
/// port to anybody, or to a peer that calls it: a connection to a port of its own side reaches itself.
pub fn free(count: usize, taken: &[u16]) -> io::Result<Vec<SocketAddr>> {
    let range = below_ephemeral();
    // All are held until the last one is found, so that they differ.
    let held: Vec<TcpListener> = (0..count).map(|_| one(range.clone(), taken)).collect::<io::Result<_>>()?;
    held.iter().map(TcpListener::local_addr).collect()
}

fn one(range: Range<u16>, taken: &[u16]) -> io::Result<TcpListener> {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut dice = rand::rng();
    for _ in 0..ATTEMPTS {
        let port = dice.random_range(range.clone());
        if taken.contains(&port) {
            continue;
        }
        match TcpListener::bind((loopback, port)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
    TcpListener::bind((loopback, 0))
}

/// The ports below those that the kernel gives to connections that go out.
fn below_ephemeral() -> Range<u16> {
    let setting = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    range_below(&setting)
}

fn range_below(setting: &str) -> Range<u16> {
    let lowest = setting.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
    let end: u16 = lowest.unwrap_or(32_768).max(LOWEST + 1);
    end.saturating_sub(CHOICE).max(LOWEST)..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn addresses_differ_and_are_free() {
        let addresses = free(30, &[]).unwrap();
        assert_eq!(addresses.iter().collect::<BTreeSet<_>>().len(), 30);
        let bound: Vec<_> = addresses.iter().map(TcpListener::bind).collect::<Result<_, _>>().unwrap();
        assert_eq!(bound.len(), 30);
    }

    #[test]
    fn a_port_of_who_is_down_is_not_given_away() {
        let range = 20_000..20_010;
        let taken: Vec<u16> = range.clone().filter(|port| *port != 20_004).collect();
        for _ in 0..20 {
            let port = one(range.clone(), &taken).unwrap().local_addr().unwrap().port();
            assert!(!taken.contains(&port), "{port}");
        }
    }

    #[test]
    fn they_are_below_those_that_go_out() {
        assert_eq!(range_below("32768\t60999\n"), 20_768..32_768);
        assert_eq!(range_below("1024 65535"), 1024..1025);
        assert_eq!(range_below("nonsense"), 20_768..32_768);
    }
}
