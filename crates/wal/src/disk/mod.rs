//! The seam to the disk. Two implementations stand behind it: the real folder, and one in memory that can lose power.
//!
//! The contract is what a local file system promises, and no more:
//! - bytes written are readable at once, and durable only after `sync` on that file has returned;
//! - a created, renamed or removed name is durable only after `sync_folder`;
//! - without those, a loss of power keeps any part of what was written, in sectors of 512 bytes, in any order.

mod real;
mod sim;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub use real::RealDisk;
pub use sim::SimDisk;

/// A folder of files.
pub trait Disk: Send + Sync {
    /// The names of the files in the folder, in any order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens a file for reading and writing; for reading alone where the disk is read-only.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes a new, empty file. Fails when the name is taken.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file another name, atomically.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a name. Open handles stay readable.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes names durable.
    fn sync_folder(&self) -> io::Result<()>;
    /// Bytes that can still be written.
    fn spare_bytes(&self) -> io::Result<u64>;
    /// The name as a person would look it up.
    fn path(&self, name: &str) -> PathBuf;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// The file's length.
    fn length(&self) -> io::Result<u64>;
    /// Fills `buffer` from `offset`. Fails when the file ends before.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Takes room for `length` bytes, so that writing them later does not meet a full disk.
    fn reserve(&self, length: u64) -> io::Result<()>;
    /// Makes the file's bytes and length durable.
    fn sync(&self) -> io::Result<()>;
}
