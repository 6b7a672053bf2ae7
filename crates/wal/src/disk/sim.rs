//! A folder in memory that behaves as badly as a disk may.
//!
//! It keeps, for each file, the bytes as a process sees them and the bytes as they are on the platter, with the writes in
//! between; names likewise. [`SimDisk::after_power_cut`] gives the disk as the next start finds it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Disk, DiskFile};

/// What a disk writes in one piece.
const SECTOR: usize = 512;

/// A disk in memory. Clones share it.
#[derive(Clone, Default)]
pub struct SimDisk(Arc<Mutex<World>>);

#[derive(Default)]
struct World {
    /// Names as a process sees them, to file numbers.
    names: BTreeMap<String, u64>,
    /// Names as they are on the platter.
    durable_names: BTreeMap<String, u64>,
    /// What was done to names since the folder was last synced.
    pending_names: Vec<NameChange>,
    files: BTreeMap<u64, Contents>,
    next_file: u64,
    /// Writes, syncs and changes of names that still succeed before the power goes.
    operations_left: Option<u64>,
    /// The error that every sync gives from now on.
    sync_error: Option<SyncError>,
    /// The error that every renaming and removal gives from now on.
    names_error: Option<io::ErrorKind>,
    /// Bytes that all files together may take.
    capacity: Option<u64>,
}

/// What a failing sync does.
#[derive(Clone, Copy)]
struct SyncError {
    kind: io::ErrorKind,
    /// Whether what was written counts as clean from then on, though it never reached the platter.
    forgets: bool,
}

#[derive(Clone)]
enum NameChange {
    Set(String, u64),
    Move { from: String, to: String },
    Remove(String),
}

#[derive(Clone, Default)]
struct Contents {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// Writes since the last sync.
    pending: Vec<(usize, Vec<u8>)>,
}

impl SimDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `operations` more writes, syncs and changes of names succeed; then the power is gone and everything fails.
    pub fn cut_power_after(&self, operations: u64) {
        self.0.lock().operations_left = Some(operations);
    }

    /// Makes every sync fail from now on.
    pub fn fail_syncs(&self, kind: io::ErrorKind) {
        self.0.lock().sync_error = Some(SyncError { kind, forgets: false });
    }

    /// Makes every sync fail from now on, and forget what it was to make durable, as kernels do: processes go on reading
    /// what was written, and no later sync brings it to the platter.
    pub fn fail_syncs_and_forget(&self, kind: io::ErrorKind) {
        self.0.lock().sync_error = Some(SyncError { kind, forgets: true });
    }

    /// Lets syncs succeed again: what was written meanwhile is durable after the next one, what was forgotten is not.
    pub fn heal_syncs(&self) {
        self.0.lock().sync_error = None;
    }

    /// Makes every renaming and removal fail from now on; `None` lets them succeed again.
    pub fn fail_names(&self, kind: Option<io::ErrorKind>) {
        self.0.lock().names_error = kind;
    }

    /// Limits what all files together may take; `None` lifts the limit.
    pub fn limit_capacity(&self, bytes: Option<u64>) {
        self.0.lock().capacity = bytes;
    }

    /// The disk that the next start finds: what was synced, and of the rest what chance kept.
    pub fn after_power_cut(&self, seed: u64) -> Self {
        let world = self.0.lock();
        let mut chance = StdRng::seed_from_u64(seed);
        let mut names = world.durable_names.clone();
        // A journalling file system keeps changes of names in order, so some first part of them survives.
        let survivors = chance.random_range(0..=world.pending_names.len());
        for change in &world.pending_names[..survivors] {
            change.apply(&mut names);
        }
        let files =
            names.values().map(|file| (*file, world.files[file].after_power_cut(&mut chance))).collect();
        Self::with(names, files, world.next_file)
    }

    /// A copy of everything as a process sees it now, all of it durable.
    pub fn snapshot(&self) -> Self {
        let world = self.0.lock();
        let files = world
            .names
            .values()
            .map(|file| (*file, Contents::durable(world.files[file].seen.clone())))
            .collect();
        Self::with(world.names.clone(), files, world.next_file)
    }

    fn with(names: BTreeMap<String, u64>, files: BTreeMap<u64, Contents>, next_file: u64) -> Self {
        Self(Arc::new(Mutex::new(World {
            durable_names: names.clone(),
            names,
            files,
            next_file,
            ..World::default()
        })))
    }

    /// How many files were ever made.
    pub fn created_files(&self) -> u64 {
        self.0.lock().next_file
    }

    /// The bytes of a file, for a test to look at.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let world = self.0.lock();
        world.names.get(name).map(|file| world.files[file].seen.clone())
    }

    /// Puts a durable file in place, for a test to damage what is there.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut world = self.0.lock();
        let file = world.new_file(Contents::durable(bytes));
        world.names.insert(name.to_owned(), file);
        world.durable_names.insert(name.to_owned(), file);
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Set(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Move { from, to } => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

impl Contents {
    fn durable(bytes: Vec<u8>) -> Self {
        Self { seen: bytes.clone(), durable: bytes, pending: Vec::new() }
    }

    fn after_power_cut(&self, chance: &mut StdRng) -> Self {
        let mut bytes = self.durable.clone();
        for (offset, written) in &self.pending {
            bytes.resize(bytes.len().max(offset + written.len()), 0);
            let mut at = 0;
            while at < written.len() {
                let sector_end = ((offset + at) / SECTOR + 1) * SECTOR;
                let end = (sector_end - offset).min(written.len());
                if chance.random() {
                    bytes[offset + at..offset + end].copy_from_slice(&written[at..end]);
                }
                at = end;
            }
        }
        Self::durable(bytes)
    }

    /// Brings what was written since the last sync to the platter.
    fn sync(&mut self) {
        for (offset, bytes) in self.pending.drain(..) {
            let end = offset + bytes.len();
            self.durable.resize(self.durable.len().max(end), 0);
            self.durable[offset..end].copy_from_slice(&bytes);
        }
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.seen.resize(self.seen.len().max(offset + bytes.len()), 0);
        self.seen[offset..offset + bytes.len()].copy_from_slice(bytes);
        self.pending.push((offset, bytes.to_vec()));
    }
}

impl World {
    /// Counts one operation, and fails when the power is gone.
    fn spend(&mut self) -> io::Result<()> {
        match &mut self.operations_left {
            None => Ok(()),
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    fn check_room(&self, file: u64, length: u64) -> io::Result<()> {
        match self.capacity {
            Some(capacity) if self.used_bytes(Some(file)) + length > capacity => {
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => Ok(()),
        }
    }

    /// What the named files take, but for one.
    fn used_bytes(&self, except: Option<u64>) -> u64 {
        let counted = self.names.values().filter(|file| Some(**file) != except);
        counted.map(|file| self.files[file].seen.len() as u64).sum()
    }

    fn new_file(&mut self, contents: Contents) -> u64 {
        let file = self.next_file;
        self.next_file += 1;
        self.files.insert(file, contents);
        file
    }

    fn change_name(&mut self, change: NameChange) -> io::Result<()> {
        self.spend()?;
        if let (Some(kind), NameChange::Move { .. } | NameChange::Remove(_)) = (self.names_error, &change) {
            return Err(kind.into());
        }
        change.apply(&mut self.names);
        self.pending_names.push(change);
        Ok(())
    }

    fn existing(&self, name: &str) -> io::Result<u64> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for SimDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.0.lock().names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.0.lock().existing(name)?;
        Ok(Arc::new(SimFile { disk: self.clone(), file }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut world = self.0.lock();
        if world.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = world.new_file(Contents::default());
        world.change_name(NameChange::Set(name.to_owned(), file))?;
        Ok(Arc::new(SimFile { disk: self.clone(), file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.0.lock();
        world.existing(from)?;
        world.change_name(NameChange::Move { from: from.to_owned(), to: to.to_owned() })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut world = self.0.lock();
        world.existing(name)?;
        world.change_name(NameChange::Remove(name.to_owned()))
    }

    fn sync_folder(&self) -> io::Result<()> {
        let mut world = self.0.lock();
        world.spend()?;
        world.durable_names = world.names.clone();
        world.pending_names.clear();
        Ok(())
    }

    fn spare_bytes(&self) -> io::Result<u64> {
        let world = self.0.lock();
        Ok(world.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(world.used_bytes(None))))
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(name)
    }
}

struct SimFile {
    disk: SimDisk,
    file: u64,
}

impl SimFile {
    fn with<T>(&self, act: impl FnOnce(&mut World, u64) -> T) -> T {
        act(&mut self.disk.0.lock(), self.file)
    }
}

/// The file of an open handle: removing a name does not remove it.
fn contents(world: &mut World, file: u64) -> &mut Contents {
    world.files.get_mut(&file).expect("files are never dropped from a simulated disk")
}

impl DiskFile for SimFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.with(|world, file| contents(world, file).seen.len() as u64))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.with(|world, file| {
            let start = offset as usize;
            let bytes = contents(world, file).seen.get(start..start + buffer.len());
            buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.with(|world, file| {
            world.spend()?;
            let length = contents(world, file).seen.len().max(offset as usize + bytes.len());
            world.check_room(file, length as u64)?;
            contents(world, file).write(offset as usize, bytes);
            Ok(())
        })
    }

    fn reserve(&self, length: u64) -> io::Result<()> {
        self.with(|world, file| {
            world.spend()?;
            world.check_room(file, length)?;
            let contents = contents(world, file);
            let missing = (length as usize).saturating_sub(contents.seen.len());
            contents.write(contents.seen.len(), &vec![0; missing]);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|world, file| {
            world.spend()?;
            let error = world.sync_error;
            let contents = contents(world, file);
            match error {
                None => contents.sync(),
                Some(SyncError { forgets: true, .. }) => contents.pending.clear(),
                Some(SyncError { forgets: false, .. }) => {}
            }
            error.map_or(Ok(()), |error| Err(error.kind.into()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_cut_keeps_what_was_synced() {
        let disk = SimDisk::new();
        let file = disk.create("a").unwrap();
        file.write_at(b"synced", 0).unwrap();
        file.sync().unwrap();
        disk.sync_folder().unwrap();
        file.write_at(&[1; 4096], 6).unwrap();
        for seed in 0..50 {
            assert_eq!(&disk.after_power_cut(seed).bytes("a").unwrap()[..6], b"synced");
        }
    }

    #[test]
    fn a_power_cut_can_lose_and_tear_what_was_not_synced() {
        let disk = SimDisk::new();
        let file = disk.create("a").unwrap();
        disk.sync_folder().unwrap();
        file.write_at(&[1; 4096], 0).unwrap();
        let kept =
            |seed| disk.after_power_cut(seed).bytes("a").unwrap().iter().filter(|byte| **byte == 1).count();
        assert!((0..50).map(kept).any(|bytes| bytes > 0 && bytes < 4096));
    }

    #[test]
    fn a_name_that_was_not_synced_can_be_lost() {
        let disk = SimDisk::new();
        disk.create("a").unwrap();
        assert!((0..50).any(|seed| disk.after_power_cut(seed).bytes("a").is_none()));
        disk.sync_folder().unwrap();
        assert!((0..50).all(|seed| disk.after_power_cut(seed).bytes("a").is_some()));
    }
}
