//! A file system that can lose its power.
//!
//! It keeps everything in memory, in two states: what programs see, and what would be left if the power went off
//! now. Bytes of a file are left once the file was fsynced; a name is left once its directory was fsynced; a
//! rename happens wholly or not at all. A [`Luck`](luck::Luck) other than none also leaves a random part of what was in flight, as
//! a real disk does: sectors in any order, names in the order in which they were made.
//!
//! ```text
//!   hub ──▶ kernel ──▶ adapter ──▶ Disk { Tree, Content… }     cut(): forget what was not fsynced
//!                      (FUSE)      (pure)
//! ```
//!
//! A `kill -9` of the hub loses nothing here, as on any file system. A power cut is: power off, kill the hub, cut.

mod adapter;
pub mod content;
pub mod disk;
mod image;
pub mod luck;
mod mounted;
pub mod tree;

pub use mounted::{MountError, Mounted, Survivors, mount};
