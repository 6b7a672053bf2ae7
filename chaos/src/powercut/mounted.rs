//! A mounted power-cut disk: what a drill holds in its hand.
//!
//! The FUSE thread belongs to [`Mounted`], which joins it whenever the disk is unmounted: at a cut, at the end, or
//! when it is dropped.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fuser::{BackgroundSession, Config, MountOption};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::io::Errno;

use super::adapter::Adapter;
use super::disk::Disk;
use super::image;
use super::luck::Luck;

/// How long an unmount waits for those who only look at the disk.
const IDLE_WITHIN: Duration = Duration::from_secs(2);
/// The pause between two attempts to unmount.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// How much of what was never fsynced a cut may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survivors {
    /// Nothing.
    None,
    /// A seeded part: torn sectors, the first of the pending renames.
    Some,
}

/// Why a disk could not be mounted, cut or unmounted.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// The kernel did not mount it.
    #[error(
        "cannot mount a FUSE file system at {path}: root, or fusermount3 and access to /dev/fuse, is needed"
    )]
    Mount {
        /// Where it was to appear.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The kernel did not unmount it.
    #[error("cannot unmount {path}: end every process that has a file open there")]
    Unmount {
        /// Where it is mounted.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The backing folder could not be read or written.
    #[error("cannot carry the files of {path} over")]
    Backing {
        /// The backing folder.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

/// A disk under a path, until it is unmounted.
pub struct Mounted {
    disk: Arc<Mutex<Disk>>,
    session: Option<BackgroundSession>,
    backing: PathBuf,
    mountpoint: PathBuf,
    dice: StdRng,
}

/// Shows what `backing` holds under `mountpoint`. Until [`Mounted::unmount`] every change stays in memory.
pub fn mount(backing: &Path, mountpoint: &Path, seed: u64) -> Result<Mounted, MountError> {
    let disk =
        image::import(backing).map_err(|source| MountError::Backing { path: backing.to_owned(), source })?;
    let disk = Arc::new(Mutex::new(disk));
    Ok(Mounted {
        session: Some(serve(&disk, mountpoint)?),
        disk,
        backing: backing.to_owned(),
        mountpoint: mountpoint.to_owned(),
        dice: StdRng::seed_from_u64(seed),
    })
}

impl Mounted {
    /// Where programs see the disk.
    pub fn path(&self) -> &Path {
        &self.mountpoint
    }

    /// Stops the disk at this moment: every request fails and changes nothing, until [`Mounted::cut`].
    pub fn power_off(&self) {
        self.disk.lock().power_off();
    }

    /// Throws away what was not fsynced and mounts what is left. No process may have a file open here any more.
    pub fn cut(&mut self, survivors: Survivors) -> Result<(), MountError> {
        self.power_off();
        self.take_down()?;
        let mut luck = match survivors {
            Survivors::None => Luck::none(),
            Survivors::Some => Luck::seeded(self.dice.random()),
        };
        self.disk.lock().cut(&mut luck);
        self.session = Some(serve(&self.disk, &self.mountpoint)?);
        Ok(())
    }

    /// Unmounts cleanly and leaves everything in the backing folder.
    pub fn unmount(mut self) -> Result<(), MountError> {
        self.take_down()?;
        image::export(&self.disk.lock(), &self.backing)
            .map_err(|source| MountError::Backing { path: self.backing.clone(), source })
    }

    fn take_down(&mut self) -> Result<(), MountError> {
        if self.session.is_none() {
            return Ok(());
        }
        let is_down = self.unmount_once_idle();
        let taken = is_down.and_then(|is_down| match self.session.take() {
            Some(session) if is_down => ended(session),
            Some(session) => session.umount_and_join(),
            None => Ok(()),
        });
        taken.map_err(|source| MountError::Unmount { path: self.mountpoint.clone(), source })
    }

    /// Unmounts the disk; `false` where only fusermount3, which the session calls, may do that.
    ///
    /// Whatever looks at every mount of the machine, such as `df` or a monitor, is in the way for a moment.
    fn unmount_once_idle(&self) -> io::Result<bool> {
        let deadline = Instant::now() + IDLE_WITHIN;
        loop {
            match rustix::mount::unmount(&self.mountpoint, rustix::mount::UnmountFlags::empty()) {
                Ok(()) => return Ok(true),
                Err(Errno::PERM) => return Ok(false),
                Err(Errno::BUSY) if Instant::now() < deadline => std::thread::sleep(BUSY_PAUSE),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Joins the thread of a disk that is unmounted. What the kernel told it last is of a connection that is gone, and
/// depends on what was being asked at that moment.
fn ended(session: BackgroundSession) -> io::Result<()> {
    match session.join() {
        Err(error) if error.raw_os_error().is_some() => Ok(()),
        joined => joined,
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // Detached, because whoever still has a file open must not keep a dead mount in the way.
            let detach = rustix::mount::UnmountFlags::DETACH;
            if rustix::mount::unmount(&self.mountpoint, detach).is_ok() {
                drop(session);
            }
        }
    }
}

fn serve(disk: &Arc<Mutex<Disk>>, mountpoint: &Path) -> Result<BackgroundSession, MountError> {
    let mut config = Config::default();
    config.mount_options =
        vec![MountOption::FSName("powercut".into()), MountOption::DefaultPermissions, MountOption::NoAtime];
    fuser::spawn_mount(Adapter::new(Arc::clone(disk)), mountpoint, &config)
        .map_err(|source| MountError::Mount { path: mountpoint.to_owned(), source })
}
