//! A cluster of real processes on this machine: started, broken, and ended.
//!
//! Three etcds, nodes and gateways are processes of their own, in sessions of their own, so that they outlive whoever started
//! them; what they are is in a file of the cluster's folder. `context-hub cluster` works on that file. A drill holds a
//! [`Cluster`] that ends everything when it is dropped.
//!
//! Processes are reached by [`Process`], which never signals a number that is used again. With a [`Network`] of its own the
//! nodes can be cut off from each other; without one, all is on loopback.

mod act;
pub mod cli;
mod keys;
mod launch;
mod make;
mod members;
mod network;
mod ports;
mod print;
pub(crate) mod probe;
mod process;
mod state;
mod status;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::Signal;

pub use launch::LaunchError;
pub use make::Spec;
pub use members::folder as data_folder;
pub use network::{Cut, Network};
pub use process::{Condition, Process};
pub use state::{Member, Role};
pub use status::{Look, MemberLook, ShardLook};

use state::{Lock, State};

/// How long the last of the processes have to be gone when a cluster is dropped.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// Tells a person what is going on.
pub type Say = fn(&str);

/// A cluster, and the right to change it. What was started with it ends when it is dropped, unless it is
/// [left](Cluster::leave).
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    state: State,
    say: Say,
    stays: bool,
    /// Held, not read: nobody else changes the cluster meanwhile.
    lock: Option<Lock>,
}

impl Cluster {
    /// The cluster that is in this folder, to be changed. It stays when this is dropped.
    pub fn open(folder: &Path, say: Say) -> anyhow::Result<Cluster> {
        // Before the lock: a folder that has nothing to do with clusters gets no file.
        let folder = Cluster::peek(folder)?.folder.clone();
        let lock = Lock::take(&folder, || say("another process works on this cluster; waiting for it"))?;
        // Again: whoever had the lock may have changed it.
        let mut cluster = Cluster::peek(&folder)?;
        cluster.say = say;
        cluster.lock = Some(lock);
        Ok(cluster)
    }

    /// The cluster that is in this folder, to be looked at while others change it.
    fn peek(folder: &Path) -> anyhow::Result<Cluster> {
        let none = || format!("there is no cluster in {}: start one with `up`", folder.display());
        let folder = folder.canonicalize().with_context(none)?;
        let state = State::load(&folder)?.with_context(none)?;
        Ok(Cluster { folder, state, say: |_| {}, stays: true, lock: None })
    }

    /// Whether there is a cluster in this folder.
    fn is_in(folder: &Path) -> anyhow::Result<bool> {
        Ok(State::load(folder)?.is_some())
    }

    /// Lets the processes run on.
    pub fn leave(mut self) {
        self.stays = true;
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URLs of the gateways.
    pub fn gateways(&self) -> Vec<String> {
        self.state.with(Role::Gateway).map(|gateway| format!("http://{}", gateway.addr)).collect()
    }

    /// Everyone with this role.
    pub fn members(&self, role: Role) -> impl Iterator<Item = &Member> {
        self.state.with(role)
    }

    /// The one with this name.
    pub fn member(&self, name: &str) -> anyhow::Result<&Member> {
        self.state.member(name)
    }

    /// The file with the owner's token.
    pub fn owner_token_file(&self) -> PathBuf {
        keys::owner_token(&self.folder)
    }

    /// The file with the key that signs tokens.
    pub fn signing_key_file(&self) -> PathBuf {
        keys::signing_key(&self.folder)
    }

    /// The owner's token.
    pub fn owner_token(&self) -> anyhow::Result<String> {
        let file = self.owner_token_file();
        let token = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(token.trim().to_owned())
    }

    /// The URLs of the etcds, with commas in between.
    pub fn etcd_endpoints(&self) -> String {
        members::endpoints(&self.state)
    }

    /// Whether members can be cut off.
    pub fn severable(&self) -> bool {
        self.state.network.is_some()
    }

    /// The network namespace of a member; nothing if members have none.
    pub fn namespace(&self, member: &str) -> Option<String> {
        self.state.network.as_ref().map(|network| network.namespace(member))
    }

    fn save(&self) -> anyhow::Result<()> {
        self.state.save(&self.folder)
    }

    /// Kills everyone and removes the network, without waiting for a runtime.
    pub fn down_now(&mut self) -> anyhow::Result<()> {
        let processes: Vec<_> =
            self.state.members.iter_mut().filter_map(|member| member.process.take()).collect();
        for process in &processes {
            process.signal(Signal::KILL)?;
        }
        let deadline = Instant::now() + GONE_WITHIN;
        for process in &processes {
            while process.is_there()? {
                ensure!(Instant::now() < deadline, "process {} was killed and does not end", process.pid);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        if let Some(network) = &self.state.network {
            network.remove()?;
        }
        self.state.cuts.clear();
        // A drill's folder may be gone by now; then there is nobody to tell.
        if self.folder.exists() { self.save() } else { Ok(()) }
    }

    /// Removes a cluster that was ended, with all data; the folder too, unless something else is in it.
    pub fn purge(self) -> anyhow::Result<()> {
        for name in
            ["data", "keys", "keys.new", "certs", "logs", "owner.token", "cluster.lock", "cluster.json"]
        {
            let path = self.folder.join(name);
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", path.display()));
                }
                _ => {}
            }
        }
        match fs::remove_dir(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !self.stays
            && let Err(error) = self.down_now()
        {
            (self.say)(&format!("not everything of the cluster could be ended: {error:#}"));
        }
    }
}
