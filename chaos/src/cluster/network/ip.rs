//! `ip`, of iproute2.

use std::net::Ipv4Addr;
use std::process::{Command, Output};

use anyhow::{Context, bail};
use serde::Deserialize;

/// Whether namespaces can be made here.
pub fn check() -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("network namespaces need root: start this as root, or leave --netns out");
    }
    run(&["-Version"]).map(drop)
}

/// Runs `ip` with these words.
pub fn ip(words: &[&str]) -> anyhow::Result<()> {
    run(words).map(drop)
}

/// The names of all network namespaces.
pub fn namespaces() -> anyhow::Result<Vec<String>> {
    let output = run(&["netns", "list"])?;
    // A name, and sometimes a number after it.
    let lines = output.lines().filter_map(|line| line.split_ascii_whitespace().next());
    Ok(lines.map(str::to_owned).collect())
}

/// What is routed from here, except for everything.
pub fn routes() -> anyhow::Result<Vec<Route>> {
    #[derive(Deserialize)]
    struct Line {
        dst: String,
    }
    let output = run(&["-json", "-4", "route", "show", "table", "all"])?;
    let lines: Vec<Line> = serde_json::from_str(&output).context("`ip -json route` is not understood")?;
    Ok(lines.iter().filter_map(|line| Route::parse(&line.dst)).collect())
}

/// Addresses with the same first bits.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    address: u32,
    bits: u32,
}

impl Route {
    /// `10.1.0.0/16`, or one address; nothing for `default`.
    fn parse(text: &str) -> Option<Route> {
        let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
        let address: Ipv4Addr = address.parse().ok()?;
        Some(Route {
            address: address.into(),
            bits: bits.parse().ok().filter(|bits| (1..=32).contains(bits))?,
        })
    }

    /// Whether an address is in both this and the /24 that begins there.
    pub fn overlaps(&self, subnet: Ipv4Addr) -> bool {
        let same = self.bits.min(24);
        (self.address ^ u32::from(subnet)) >> (32 - same) == 0
    }
}

fn run(words: &[&str]) -> anyhow::Result<String> {
    let missing = "cannot run `ip`: install iproute2";
    let Output { status, stdout, stderr } = Command::new("ip").args(words).output().context(missing)?;
    if !status.success() {
        bail!("`ip {}` failed: {}", words.join(" "), String::from_utf8_lossy(&stderr).trim());
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_is_taken_by_what_is_wider_and_by_what_is_in_it() {
        let subnet = Ipv4Addr::new(10, 1, 2, 0);
        for taken in ["10.0.0.0/8", "10.1.2.0/24", "10.1.2.128/25", "10.1.2.7"] {
            assert!(Route::parse(taken).unwrap().overlaps(subnet), "{taken}");
        }
        for free in ["10.1.3.0/24", "192.168.0.0/16", "10.1.1.255"] {
            assert!(!Route::parse(free).unwrap().overlaps(subnet), "{free}");
        }
        assert_eq!(Route::parse("default"), None);
        assert_eq!(Route::parse("0.0.0.0/0"), None);
    }
}
