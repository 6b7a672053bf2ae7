//! Disks under the nodes that can lose their power.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::cluster::data_folder;
use crate::powercut::{Mounted, mount};

pub use crate::powercut::Survivors;

/// A disk for each node.
#[derive(Default)]
pub struct Disks(Vec<(String, Mounted)>);

impl Disks {
    /// Mounts one for each of `count` nodes of a cluster that will be in `folder`.
    pub fn mount(folder: &Path, count: usize, seed: u64) -> anyhow::Result<Disks> {
        let mut disks = Disks::default();
        for number in 1..=count {
            let name = format!("n{number}");
            let (backing, path) = (folder.join("disks").join(&name), data_folder(folder, &name));
            for folder in [&backing, &path] {
                fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
            disks.0.push((name, mount(&backing, &path, seed ^ number as u64)?));
        }
        Ok(disks)
    }

    /// Nothing that these nodes write any more is written.
    pub fn power_off(&self, nodes: &[String]) {
        self.0.iter().filter(|(name, _)| nodes.contains(name)).for_each(|(_, disk)| disk.power_off());
    }

    /// Takes from the disks of these nodes what was not fsynced; the nodes have ended.
    pub fn cut(&mut self, nodes: &[String], survivors: Survivors) -> anyhow::Result<()> {
        for (_, disk) in self.0.iter_mut().filter(|(name, _)| nodes.contains(name)) {
            disk.cut(survivors)?;
        }
        Ok(())
    }

    /// Leaves what is on them beside the folders of the nodes, in `disks`. Everyone who used them has ended.
    pub fn unmount(self) -> anyhow::Result<()> {
        for (_, disk) in self.0 {
            disk.unmount()?;
        }
        Ok(())
    }
}
