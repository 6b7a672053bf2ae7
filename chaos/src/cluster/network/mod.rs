//! A network of the cluster's own: each process in a network namespace, a bridge between them, and one wire to the host.
//!
//! ```text
//!   host: clients, tools ── hub1a2b3c ┐
//!   hub-1a2b3c-n1 ── eth0 ── n1 ┐     │
//!   hub-1a2b3c-g1 ── eth0 ── g1 ┴─ br0 ┴── hub-1a2b3c-switch
//! ```
//!
//! On the host there is one interface, `hub` and a tag, with an address in a subnet that nobody else uses; all else is inside
//! of namespaces that bear the tag. Two ends are cut off from each other by telling each that the other has a hardware address
//! that nobody has. What they send then vanishes on the bridge, as on a wire that is cut: nothing is refused, and nothing is
//! reported. That needs no module of the kernel, no firewall and no route.

mod cuts;
mod ip;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

pub use cuts::{Cut, HOST, Pair, asked, healed, severed, without};
use ip::ip;

/// A hardware address that is given to nobody.
const NOBODY: &str = "02:00:00:00:00:00";
/// The last byte of the host's address, and of the first member's.
const HOST_BYTE: u8 = 1;
const FIRST_BYTE: u8 = 11;
const LAST_BYTE: u8 = 254;
/// Subnets that are tried until one is free.
const SUBNETS_TRIED: u64 = 256;

/// A network, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// What its names on this machine have in common.
    tag: String,
    /// The first three bytes of its addresses.
    subnet: [u8; 3],
    /// The last byte of each member's address.
    members: BTreeMap<String, u8>,
}

impl Network {
    /// A network for the cluster in this folder. Nothing is made yet.
    pub fn new(folder: &Path) -> anyhow::Result<Network> {
        ip::check()?;
        let mut hasher = DefaultHasher::new();
        folder.hash(&mut hasher);
        let dice = hasher.finish();
        let routes = ip::routes()?;
        let taken = |subnet: &[u8; 3]| {
            let [a, b, c] = *subnet;
            routes.iter().any(|route| route.overlaps(Ipv4Addr::new(a, b, c, 0)))
        };
        let mut subnets = (0..SUBNETS_TRIED).map(|step| subnet(dice.wrapping_add(step)));
        let subnet = subnets.find(|subnet| !taken(subnet));
        Ok(Network {
            tag: format!("{:06x}", dice & 0xff_ffff),
            subnet: subnet.context("every private subnet that was tried is routed already")?,
            members: BTreeMap::new(),
        })
    }

    /// Makes what of it is not there: all of it where it is new, or where the machine was started again.
    pub fn ensure(&self, cuts: &[Cut]) -> anyhow::Result<()> {
        ip::check()?;
        let there = ip::namespaces()?;
        if !there.contains(&self.switch()) {
            self.remove()?;
            self.make()?;
        }
        for name in self.members.keys().filter(|name| !there.contains(&self.namespace(name))) {
            self.connect(name)?;
        }
        self.sever(&BTreeSet::new(), &severed(cuts, &self.ends()))
    }

    /// Takes a member in, with an address of its own, and connects it.
    pub fn join(&mut self, name: &str) -> anyhow::Result<Ipv4Addr> {
        let byte = self.members.values().max().map_or(Some(FIRST_BYTE), |last| last.checked_add(1));
        let byte = byte.filter(|byte| *byte <= LAST_BYTE).context("the subnet has no address left")?;
        self.members.insert(name.to_owned(), byte);
        Ok(self.address(name))
    }

    /// Lets a member go, and its namespace with it.
    pub fn leave(&mut self, name: &str) -> anyhow::Result<()> {
        self.disconnect(name)?;
        self.members.remove(name);
        Ok(())
    }

    /// Removes all of it; what is not there is no error.
    pub fn remove(&self) -> anyhow::Result<()> {
        ip::check()?;
        let ours = format!("hub-{}-", self.tag);
        for namespace in ip::namespaces()?.iter().filter(|name| name.starts_with(&ours)) {
            ip(&["netns", "delete", namespace])?;
        }
        // It goes with its other end, which goes with its namespace; but not at once, and not if that was never made.
        if Path::new("/sys/class/net").join(self.wire()).exists()
            && let Err(error) = ip(&["link", "delete", &self.wire()])
            && Path::new("/sys/class/net").join(self.wire()).exists()
        {
            return Err(error);
        }
        Ok(())
    }

    /// Changes who is cut off from whom.
    pub fn change(&self, from: &[Cut], to: &[Cut]) -> anyhow::Result<()> {
        self.sever(&severed(from, &self.ends()), &severed(to, &self.ends()))
    }

    /// Everyone who can be cut off.
    pub fn ends(&self) -> Vec<String> {
        let members = self.members.keys().map(String::as_str);
        std::iter::once(HOST).chain(members).map(str::to_owned).collect()
    }

    /// Where the host is.
    pub fn host(&self) -> Ipv4Addr {
        self.address(HOST)
    }

    /// The namespace of a member.
    pub fn namespace(&self, name: &str) -> String {
        format!("hub-{}-{name}", self.tag)
    }

    fn switch(&self) -> String {
        self.namespace("switch")
    }

    /// The host's only interface in it.
    fn wire(&self) -> String {
        format!("hub{}", self.tag)
    }

    fn address(&self, end: &str) -> Ipv4Addr {
        let [a, b, c] = self.subnet;
        Ipv4Addr::new(a, b, c, self.members.get(end).copied().unwrap_or(HOST_BYTE))
    }

    fn make(&self) -> anyhow::Result<()> {
        let (switch, wire, host) = (self.switch(), self.wire(), format!("{}/24", self.host()));
        ip(&["netns", "add", &switch])?;
        ip(&["-n", &switch, "link", "add", "br0", "type", "bridge"])?;
        ip(&["-n", &switch, "link", "set", "br0", "up"])?;
        ip(&["link", "add", &wire, "type", "veth", "peer", "name", "host", "netns", &switch])?;
        ip(&["-n", &switch, "link", "set", "host", "master", "br0", "up"])?;
        ip(&["addr", "add", &host, "dev", &wire])?;
        ip(&["link", "set", &wire, "up"])
    }

    fn connect(&self, name: &str) -> anyhow::Result<()> {
        let (switch, own, address) =
            (self.switch(), self.namespace(name), format!("{}/24", self.address(name)));
        let connect = || {
            ip(&["netns", "add", &own])?;
            ip(&[
                "link", "add", "eth0", "netns", &own, "type", "veth", "peer", "name", name, "netns", &switch,
            ])?;
            ip(&["-n", &switch, "link", "set", name, "master", "br0", "up"])?;
            ip(&["-n", &own, "addr", "add", &address, "dev", "eth0"])?;
            ip(&["-n", &own, "link", "set", "lo", "up"])?;
            ip(&["-n", &own, "link", "set", "eth0", "up"])
        };
        connect().inspect_err(|_| drop(self.disconnect(name)))
    }

    fn disconnect(&self, name: &str) -> anyhow::Result<()> {
        let own = self.namespace(name);
        if ip::namespaces()?.contains(&own) { ip(&["netns", "delete", &own]) } else { Ok(()) }
    }

    fn sever(&self, from: &BTreeSet<Pair>, to: &BTreeSet<Pair>) -> anyhow::Result<()> {
        for (one, other) in from.difference(to) {
            self.believe(one, other, false)?;
            self.believe(other, one, false)?;
        }
        for (one, other) in to.difference(from) {
            self.believe(one, other, true)?;
            self.believe(other, one, true)?;
        }
        Ok(())
    }

    /// What one end takes the hardware address of another to be: nobody's, or the one that it asks for.
    fn believe(&self, end: &str, of: &str, nobody: bool) -> anyhow::Result<()> {
        let (namespace, address, wire) = (self.namespace(end), self.address(of).to_string(), self.wire());
        let mut words: Vec<&str> = Vec::new();
        let device = if end == HOST {
            &wire
        } else {
            words.extend(["-n", &namespace]);
            "eth0"
        };
        match nobody {
            true => words.extend(["neigh", "replace", &address, "lladdr", NOBODY, "nud", "permanent"]),
            false => words.extend(["neigh", "flush", "to", &address, "nud", "permanent"]),
        }
        words.extend(["dev", device]);
        ip(&words)
    }
}

/// One of the private subnets.
fn subnet(dice: u64) -> [u8; 3] {
    let [_, _, _, _, a, b, c, kind] = dice.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    match kind % 4 {
        0 => [192, 168, b],
        1 => [172, 16 + a % 16, b],
        _ => [10, b, c],
    }
}

/// Refuses where a cluster has no network of its own.
pub fn needed(network: Option<&Network>) -> anyhow::Result<&Network> {
    let Some(network) = network else {
        bail!(
            "the nodes of this cluster are all on loopback: a cluster that was made with --netns can be cut"
        );
    };
    Ok(network)
}

#[cfg(test)]
mod tests;
