//! What a cluster is made of, in a file, so that a later process can go on with it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::network::{Cut, Network};
use super::process::{self, Process};

/// The file, in the folder of the cluster.
const FILE: &str = "cluster.json";
const LOCK: &str = "cluster.lock";
/// How the file is written; another program's file is not guessed at.
const FORMAT: u32 = 1;

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    format: u32,
    /// The start of the machine during which its processes began.
    boot: String,
    /// The program of its nodes and gateways.
    pub binary: PathBuf,
    /// How many shards it was made with.
    pub shards: u32,
    /// How many replicas each has.
    pub replicas: u32,
    /// Environment variables of its nodes and gateways.
    pub env: Vec<(String, String)>,
    /// Flags of every node, new ones too.
    pub node_flags: Vec<String>,
    /// Flags of every gateway.
    pub gateway_flags: Vec<String>,
    /// The network that it made, if it has one of its own.
    pub network: Option<Network>,
    /// Who is cut off from whom.
    pub cuts: Vec<Cut>,
    /// The number of the node that was added last; numbers are not used again.
    pub last_node: u32,
    /// Everyone.
    pub members: Vec<Member>,
}

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// One of the etcds.
    Etcd,
    /// It holds replicas of shards.
    Node,
    /// Clients speak with it.
    Gateway,
}

/// A place for a process, which it comes back to after every restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// `e1`, `n1`, `g1`.
    pub name: String,
    /// What it is there for.
    pub role: Role,
    /// Where it is reached.
    pub addr: SocketAddr,
    /// A second address: where a node shows its metrics, and where an etcd meets the others.
    pub side: Option<SocketAddr>,
    /// Its data; a gateway has none.
    pub folder: Option<PathBuf>,
    /// What it printed.
    pub out: PathBuf,
    /// What it logged.
    pub log: PathBuf,
    /// The process that was started last.
    pub process: Option<Process>,
}

impl Member {
    /// The ports that it comes back to.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        [Some(self.addr), self.side].into_iter().flatten().map(|addr| addr.port())
    }
}

impl State {
    /// A cluster of which nothing is there yet.
    pub fn new(binary: PathBuf, shards: u32, replicas: u32) -> io::Result<State> {
        Ok(State {
            format: FORMAT,
            boot: process::boot_id()?,
            binary,
            shards,
            replicas,
            env: Vec::new(),
            node_flags: Vec::new(),
            gateway_flags: Vec::new(),
            network: None,
            cuts: Vec::new(),
            last_node: 0,
            members: Vec::new(),
        })
    }

    /// The cluster of this folder; nothing if there is none. After a restart of the machine none of its processes is there.
    pub fn load(folder: &Path) -> anyhow::Result<Option<State>> {
        let path = folder.join(FILE);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let mut state: State = serde_json::from_str(&text)
            .with_context(|| format!("{} is not understood: remove the folder", path.display()))?;
        if state.format != FORMAT {
            bail!("{} was written by another version of this program", path.display());
        }
        let boot = process::boot_id()?;
        if state.boot != boot {
            state.boot = boot;
            state.members.iter_mut().for_each(|member| member.process = None);
        }
        Ok(Some(state))
    }

    /// Writes the file anew, whole or not at all.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        let write = || -> io::Result<()> {
            let mut file = NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.persist(folder.join(FILE))?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", folder.join(FILE).display()))
    }

    /// Everyone with this role.
    pub fn with(&self, role: Role) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.role == role)
    }

    /// The names of everyone with this role.
    pub fn names(&self, role: Role) -> Vec<String> {
        self.with(role).map(|member| member.name.clone()).collect()
    }

    /// The one with this name.
    pub fn member(&self, name: &str) -> anyhow::Result<&Member> {
        let found = self.members.iter().find(|member| member.name == name);
        found.with_context(|| self.unknown(name))
    }

    /// The one with this name, to be changed.
    pub fn member_mut(&mut self, name: &str) -> anyhow::Result<&mut Member> {
        let unknown = self.unknown(name);
        self.members.iter_mut().find(|member| member.name == name).context(unknown)
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<_> = self.members.iter().map(|member| member.name.as_str()).collect();
        format!("there is no {name} here, but {}", names.join(" "))
    }
}

/// Keeps others from changing the cluster of a folder; goes when it is dropped, and with its process.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of this folder, and waits for it; `waits` is called if it does.
    pub fn take(folder: &Path, waits: impl FnOnce()) -> anyhow::Result<Lock> {
        let path = folder.join(LOCK);
        let take = || -> io::Result<Lock> {
            let file = OpenOptions::new().create(true).write(true).truncate(false).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    waits();
                    file.lock()?;
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
            Ok(Lock { _file: file })
        };
        take().with_context(|| format!("cannot lock {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, role: Role) -> Member {
        let process = Process::with_pid(std::process::id()).unwrap();
        Member {
            name: name.into(),
            role,
            addr: "127.0.0.1:7400".parse().unwrap(),
            side: None,
            folder: Some("/tmp/data".into()),
            out: "/tmp/out".into(),
            log: "/tmp/log".into(),
            process: Some(process),
        }
    }

    fn state() -> State {
        let mut state = State::new("/bin/true".into(), 4, 3).unwrap();
        state.members = vec![member("e1", Role::Etcd), member("n1", Role::Node)];
        state.cuts = vec!["n1:host".parse().unwrap()];
        state
    }

    #[test]
    fn a_cluster_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(State::load(folder.path()).unwrap(), None);
        state().save(folder.path()).unwrap();
        let read = State::load(folder.path()).unwrap().unwrap();
        assert_eq!(read, state());
        assert_eq!(read.names(Role::Node), ["n1"]);
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1, "no draft stays behind");
    }

    #[test]
    fn processes_end_with_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        State { boot: "another".into(), ..state() }.save(folder.path()).unwrap();
        let read = State::load(folder.path()).unwrap().unwrap();
        assert!(read.members.iter().all(|member| member.process.is_none()));
        assert_eq!(read.boot, state().boot);
    }

    #[test]
    fn a_file_that_is_not_understood_is_not_taken_for_no_cluster() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "{\"format\":").unwrap();
        assert!(State::load(folder.path()).is_err());
        State { format: FORMAT + 1, ..state() }.save(folder.path()).unwrap();
        assert!(State::load(folder.path()).is_err());
    }

    #[test]
    fn a_name_that_is_wrong_is_answered_with_those_that_are_right() {
        let error = state().member("n9").unwrap_err().to_string();
        assert!(error.contains("n9") && error.contains("e1 n1"), "{error}");
    }

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path(), || panic!("it is free")).unwrap();
        let (waits, waited) = std::sync::mpsc::channel();
        let path = folder.path().to_owned();
        let second = std::thread::spawn(move || Lock::take(&path, || waits.send(()).unwrap()).map(drop));
        waited.recv().unwrap();
        drop(first);
        second.join().unwrap().unwrap();
    }
}
