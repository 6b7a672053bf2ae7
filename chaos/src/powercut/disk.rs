//! The whole file system as a value: files, names, open handles, and what a power cut makes of them.
//!
//! Nothing here touches the kernel; `adapter` translates its requests into these calls. Permissions and
//! times are kept but take no part in a cut. Symbolic links are not offered, and links are not counted.
//!
//! Invariant: every number that the tree references has a node, and so has every open file.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::time::SystemTime;

use super::content::Content;
use super::luck::Luck;
use super::tree::{Ino, Tree};

/// The number of the topmost directory.
pub const ROOT: Ino = 1;

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// No such file, directory or number.
    #[error("there is no such file or directory")]
    NotFound,
    /// The name is taken.
    #[error("the name is taken")]
    Exists,
    /// A file stands where a directory is wanted.
    #[error("this is a file, not a directory")]
    NotADirectory,
    /// A directory stands where a file is wanted.
    #[error("this is a directory, not a file")]
    IsADirectory,
    /// Only an empty directory can be removed or replaced.
    #[error("the directory is not empty")]
    NotEmpty,
    /// The power is off: the disk answers nothing until it is on again.
    #[error("the power is off")]
    PowerOff,
}

/// A file or a directory, without its name.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u16,
    /// When it was changed last.
    pub modified: SystemTime,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A directory; its entries are in the tree.
    Directory,
    /// A file and its bytes.
    File(Content),
}

/// What is to become of a file's metadata; `None` leaves it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// The new length; directories refuse it.
    pub len: Option<u64>,
    /// New permission bits.
    pub mode: Option<u16>,
    /// New modification time.
    pub modified: Option<SystemTime>,
}

/// A file system in memory that can lose its power.
#[derive(Debug)]
pub struct Disk {
    nodes: BTreeMap<Ino, Node>,
    tree: Tree,
    open: BTreeMap<Ino, usize>,
    next: Ino,
    powered: bool,
}

impl Default for Disk {
    fn default() -> Disk {
        let root = Node::new(Kind::Directory, 0o755, SystemTime::UNIX_EPOCH);
        Disk {
            nodes: BTreeMap::from([(ROOT, root)]),
            tree: Tree::default(),
            open: BTreeMap::new(),
            next: ROOT + 1,
            powered: true,
        }
    }
}

impl Node {
    /// A node that was changed at `modified`.
    pub fn new(kind: Kind, mode: u16, modified: SystemTime) -> Node {
        Node { kind, mode, modified }
    }

    /// The file's bytes, or the refusal that a directory deserves.
    pub fn content(&self) -> Result<&Content, DiskError> {
        match &self.kind {
            Kind::File(content) => Ok(content),
            Kind::Directory => Err(DiskError::IsADirectory),
        }
    }
}

impl Disk {
    /// The node with this number.
    pub fn node(&self, ino: Ino) -> Result<&Node, DiskError> {
        self.check_power()?;
        self.nodes.get(&ino).ok_or(DiskError::NotFound)
    }

    /// What `name` stands for in `dir`.
    pub fn lookup(&self, dir: Ino, name: &OsStr) -> Result<Ino, DiskError> {
        self.directory(dir)?;
        self.tree.lookup(dir, name).ok_or(DiskError::NotFound)
    }

    /// The names in `dir` and what they stand for.
    pub fn list(&self, dir: Ino) -> Result<Vec<(OsString, Ino)>, DiskError> {
        self.directory(dir)?;
        let entries = self.tree.list(dir);
        Ok(entries.map(|(name, ino)| (name.to_owned(), ino)).collect())
    }

    /// Makes a file or directory under a name that is free.
    pub fn create(&mut self, dir: Ino, name: &OsStr, node: Node) -> Result<Ino, DiskError> {
        self.check_free(dir, name)?;
        let ino = self.next;
        self.next += 1;
        self.nodes.insert(ino, node);
        self.tree.link((dir, name.to_owned()), ino);
        Ok(ino)
    }

    /// Gives a file one more name, which must be free.
    pub fn link(&mut self, ino: Ino, dir: Ino, name: &OsStr) -> Result<(), DiskError> {
        self.node(ino)?.content()?;
        self.check_free(dir, name)?;
        self.tree.link((dir, name.to_owned()), ino);
        Ok(())
    }

    /// Takes the name of a file away; its bytes stay while somebody has it open.
    pub fn unlink(&mut self, dir: Ino, name: &OsStr) -> Result<(), DiskError> {
        let ino = self.lookup(dir, name)?;
        self.node(ino)?.content()?;
        self.tree.unlink((dir, name.to_owned()));
        Ok(())
    }

    /// Removes an empty directory.
    pub fn remove_directory(&mut self, dir: Ino, name: &OsStr) -> Result<(), DiskError> {
        let ino = self.lookup(dir, name)?;
        self.directory(ino)?;
        self.check_empty(ino)?;
        self.tree.unlink((dir, name.to_owned()));
        Ok(())
    }

    /// Moves a file or directory to another name, replacing a file or an empty directory there.
    pub fn rename(&mut self, from: (Ino, &OsStr), to: (Ino, &OsStr)) -> Result<(), DiskError> {
        let moved = self.lookup(from.0, from.1)?;
        match self.lookup(to.0, to.1) {
            Err(DiskError::NotFound) => {}
            Err(refusal) => return Err(refusal),
            Ok(same) if same == moved => return Ok(()),
            Ok(replaced) => self.check_replaceable(moved, replaced)?,
        }
        let entry = |(dir, name): (Ino, &OsStr)| (dir, name.to_owned());
        self.tree.rename(entry(from), entry(to), moved);
        Ok(())
    }

    /// Counts one more open handle.
    pub fn open(&mut self, ino: Ino) -> Result<(), DiskError> {
        self.node(ino)?;
        *self.open.entry(ino).or_default() += 1;
        Ok(())
    }

    /// Counts one open handle less.
    pub fn release(&mut self, ino: Ino) {
        if let Some(count) = self.open.get_mut(&ino) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(&ino);
            }
        }
    }

    /// Up to `max` bytes of a file.
    pub fn read(&self, ino: Ino, offset: u64, max: usize) -> Result<Vec<u8>, DiskError> {
        Ok(self.node(ino)?.content()?.read(offset, max))
    }

    /// Writes into a file; nothing of it is durable yet.
    pub fn write(&mut self, ino: Ino, offset: u64, bytes: &[u8], now: SystemTime) -> Result<(), DiskError> {
        self.content_mut(ino)?.write(offset, bytes);
        self.node_mut(ino)?.modified = now;
        Ok(())
    }

    /// Changes length, permissions or times.
    pub fn change(&mut self, ino: Ino, change: Change) -> Result<&Node, DiskError> {
        if let Some(len) = change.len {
            self.content_mut(ino)?.set_len(len);
        }
        let node = self.node_mut(ino)?;
        node.mode = change.mode.unwrap_or(node.mode);
        node.modified = change.modified.unwrap_or(node.modified);
        Ok(node)
    }

    /// fsync or fdatasync of a file: its bytes and length survive from now on, its name may not.
    pub fn sync_file(&mut self, ino: Ino) -> Result<(), DiskError> {
        self.content_mut(ino)?.sync();
        Ok(())
    }

    /// fsync of a directory: the names in it survive from now on, the bytes of its files may not.
    pub fn sync_directory(&mut self, ino: Ino) -> Result<(), DiskError> {
        self.directory(ino)?;
        self.tree.sync(ino);
        self.sweep();
        Ok(())
    }

    /// Makes everything durable, as a clean unmount does.
    pub fn sync_all(&mut self) {
        self.tree.sync_all();
        for node in self.nodes.values_mut() {
            if let Kind::File(content) = &mut node.kind {
                content.sync();
            }
        }
        self.sweep();
    }

    /// Answers nothing and keeps nothing from now on, as a disk without power.
    pub fn power_off(&mut self) {
        self.powered = false;
    }

    /// Loses everything that was not fsynced, but for what luck keeps, and goes on with the rest.
    pub fn cut(&mut self, luck: &mut Luck) {
        self.tree.cut(luck);
        self.open.clear();
        for node in self.nodes.values_mut() {
            if let Kind::File(content) = &mut node.kind {
                content.cut(luck);
            }
        }
        self.powered = true;
        self.sweep();
    }

    fn check_power(&self) -> Result<(), DiskError> {
        if self.powered { Ok(()) } else { Err(DiskError::PowerOff) }
    }

    fn directory(&self, ino: Ino) -> Result<(), DiskError> {
        match self.node(ino)?.kind {
            Kind::Directory => Ok(()),
            Kind::File(_) => Err(DiskError::NotADirectory),
        }
    }

    fn check_free(&self, dir: Ino, name: &OsStr) -> Result<(), DiskError> {
        match self.lookup(dir, name) {
            Err(DiskError::NotFound) => Ok(()),
            Err(refusal) => Err(refusal),
            Ok(_) => Err(DiskError::Exists),
        }
    }

    fn check_empty(&self, dir: Ino) -> Result<(), DiskError> {
        match self.tree.list(dir).next() {
            None => Ok(()),
            Some(_) => Err(DiskError::NotEmpty),
        }
    }

    fn check_replaceable(&self, moved: Ino, replaced: Ino) -> Result<(), DiskError> {
        match (&self.node(moved)?.kind, &self.node(replaced)?.kind) {
            (Kind::File(_), Kind::File(_)) => Ok(()),
            (Kind::Directory, Kind::Directory) => self.check_empty(replaced),
            (Kind::File(_), Kind::Directory) => Err(DiskError::IsADirectory),
            (Kind::Directory, Kind::File(_)) => Err(DiskError::NotADirectory),
        }
    }

    fn node_mut(&mut self, ino: Ino) -> Result<&mut Node, DiskError> {
        self.check_power()?;
        self.nodes.get_mut(&ino).ok_or(DiskError::NotFound)
    }

    fn content_mut(&mut self, ino: Ino) -> Result<&mut Content, DiskError> {
        match &mut self.node_mut(ino)?.kind {
            Kind::File(content) => Ok(content),
            Kind::Directory => Err(DiskError::IsADirectory),
        }
    }

    /// Forgets the nodes that neither a name nor an open handle can reach any more.
    fn sweep(&mut self) {
        let mut live: BTreeSet<Ino> = self.tree.referenced();
        live.insert(ROOT);
        live.extend(self.open.keys());
        self.nodes.retain(|ino, _| live.contains(ino));
    }
}
