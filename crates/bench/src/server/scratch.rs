//! Where data of a benchmark goes: a folder on a real disk that is gone afterwards.

use anyhow::{Context, Result, bail};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// `f_type` of tmpfs and ramfs: an fsync there costs nothing, so that no figure would mean anything.
const MEMORY_FILE_SYSTEMS: [i64; 2] = [0x0102_1994, 0x8584_58f6];

/// A folder that is removed when dropped. Drop it after the processes that write there.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes a folder below `parent`, which must be on a disk.
    pub fn below(parent: &Path) -> Result<Scratch> {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        if MEMORY_FILE_SYSTEMS.contains(&rustix::fs::statfs(parent)?.f_type) {
            bail!("{} is kept in memory: choose a folder on a disk with --dir", parent.display());
        }
        Ok(Scratch(tempfile::Builder::new().prefix("hub-bench-").tempdir_in(parent)?))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A path in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// What a folder takes on the disk, in blocks really used.
pub fn bytes_on_disk(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_on_disk(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_gone_afterwards() {
        let scratch = Scratch::below(&std::env::current_exe().unwrap().with_file_name("scratch")).unwrap();
        fs::create_dir(scratch.join("inner")).unwrap();
        fs::write(scratch.join("inner").join("file"), vec![1; 10_000]).unwrap();
        assert!(bytes_on_disk(scratch.path()).unwrap() >= 10_000);
        let path = scratch.path().to_owned();
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn memory_is_refused() {
        let error = Scratch::below(Path::new("/dev/shm")).unwrap_err().to_string();
        assert!(error.contains("--dir"), "{error}");
    }
}
