//! A folder of the operating system.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

use super::{Disk, DiskFile};

/// The file that the exclusive lock is taken on. It stays when the log is closed: removing it would let two processes
/// lock two different files of one name.
const LOCK: &str = "lock";

/// A folder on a local file system.
pub struct RealDisk {
    folder: PathBuf,
    handle: File,
    access: Access,
}

/// How the folder is opened.
enum Access {
    /// Alone: the lock is held for as long as this value lives.
    Exclusive { _lock: File },
    /// To look, beside whoever holds the lock.
    ReadOnly,
}

impl RealDisk {
    /// Opens the folder for this process alone, making it if need be. `Ok(None)` says that another process has it.
    pub fn lock(folder: &Path) -> io::Result<Option<Self>> {
        std::fs::create_dir_all(folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        sync_parent(folder)?;
        let handle = File::open(folder)?;
        Ok(Some(Self { folder: folder.to_owned(), handle, access: Access::Exclusive { _lock: lock } }))
    }

    /// Opens the folder to look, without a lock.
    pub fn read_only(folder: &Path) -> io::Result<Self> {
        Ok(Self { folder: folder.to_owned(), handle: File::open(folder)?, access: Access::ReadOnly })
    }
}

/// Makes the folder's own name durable.
fn sync_parent(folder: &Path) -> io::Result<()> {
    match folder.canonicalize()?.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

impl Disk for RealDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name != LOCK {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let write = matches!(self.access, Access::Exclusive { .. });
        let file = OpenOptions::new().read(true).write(write).open(self.folder.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(self.folder.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.folder.join(from), self.folder.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.folder.join(name))
    }

    fn sync_folder(&self) -> io::Result<()> {
        if sync_is_skipped() { Ok(()) } else { self.handle.sync_all() }
    }

    fn spare_bytes(&self) -> io::Result<u64> {
        let room = statvfs(&self.folder)?;
        Ok(room.f_bavail * room.f_frsize)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn reserve(&self, length: u64) -> io::Result<()> {
        match fallocate(&self.0, FallocateFlags::empty(), 0, length) {
            Ok(()) => Ok(()),
            // File systems that cannot reserve take the room when the zeros are written, which happens next.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.0.set_len(length),
            Err(error) => Err(error.into()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        if sync_is_skipped() { Ok(()) } else { self.0.sync_data() }
    }
}

/// Whether the power-cut drill asked for a log that does not sync, to see that it would notice.
#[cfg(feature = "unsafe-skip-fsync")]
fn sync_is_skipped() -> bool {
    static SKIP: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
        std::env::var_os("CONTEXT_HUB_UNSAFE_SKIP_FSYNC").is_some_and(|value| value == "1")
    });
    *SKIP
}

/// A log that ships always syncs.
#[cfg(not(feature = "unsafe-skip-fsync"))]
const fn sync_is_skipped() -> bool {
    false
}
