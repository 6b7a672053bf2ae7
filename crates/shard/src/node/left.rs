//! Replicas that left this node, and what they promised while they were here.
//!
//! ```text
//! left.json   shard → whether its data is gone, and what is left of its promises
//! ```
//!
//! A replica is noted here before its data goes, so that a node that stops in between finishes when it starts again; and it
//! stays noted, because the promises hold for every later replica of the shard on this node.

use super::folder::{FolderError, NodeFolder};
use crate::raft::Promise;
use base::ShardId;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

const FORMAT: u32 = 1;

/// A replica that left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Left {
    /// Whether its log and its store are gone.
    pub(super) cleared: bool,
    /// What it promised; nobody knows any more if its log was damaged.
    pub(super) promise: Option<Promise>,
}

#[derive(Serialize, Deserialize)]
struct Page {
    format: u32,
    replicas: BTreeMap<ShardId, Left>,
}

/// The page of those that left.
pub(super) struct LeftPage {
    folder: NodeFolder,
    replicas: Mutex<BTreeMap<ShardId, Left>>,
}

impl LeftPage {
    /// Reads the page; there is none where nothing ever left.
    pub(super) fn open(folder: &NodeFolder) -> Result<LeftPage, FolderError> {
        let path = LeftPage::path(folder);
        let read = folder.read_page::<Page>(&path)?;
        let replicas = match read {
            Some(page) if page.format != FORMAT => {
                return Err(FolderError::Format { path, format: page.format });
            }
            Some(page) => page.replicas,
            None => BTreeMap::new(),
        };
        Ok(LeftPage { folder: folder.clone(), replicas: Mutex::new(replicas) })
    }

    fn path(folder: &NodeFolder) -> PathBuf {
        folder.root().join("left.json")
    }

    pub(super) fn get(&self, shard: ShardId) -> Option<Left> {
        self.replicas.lock().get(&shard).copied()
    }

    /// Those whose data is still there.
    pub(super) fn uncleared(&self) -> Vec<ShardId> {
        let replicas = self.replicas.lock();
        replicas.iter().filter(|(_, left)| !left.cleared).map(|(shard, _)| *shard).collect()
    }

    /// Notes a replica. It is on disk when this returns.
    pub(super) fn note(&self, shard: ShardId, left: Left) -> Result<(), FolderError> {
        let mut replicas = self.replicas.lock();
        let mut noted = replicas.clone();
        noted.insert(shard, left);
        let page = Page { format: FORMAT, replicas: noted };
        self.folder.write_page(&LeftPage::path(&self.folder), &page)?;
        *replicas = page.replicas;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_left_is_remembered() {
        let root = tempfile::tempdir().unwrap();
        let folder = NodeFolder::at(root.path()).unwrap();
        let shard = ShardId(3);
        let page = LeftPage::open(&folder).unwrap();
        assert_eq!(page.get(shard), None);
        let left = Left { cleared: false, promise: Some(Promise::default()) };
        page.note(shard, left).unwrap();
        let again = LeftPage::open(&folder).unwrap();
        assert_eq!((again.get(shard), again.uncleared()), (Some(left), vec![shard]));
        again.note(shard, Left { cleared: true, promise: None }).unwrap();
        assert_eq!(LeftPage::open(&folder).unwrap().uncleared(), []);
    }

    #[test]
    fn a_page_of_another_release_is_named() {
        let root = tempfile::tempdir().unwrap();
        let folder = NodeFolder::at(root.path()).unwrap();
        let path = LeftPage::path(&folder);
        std::fs::write(&path, r#"{"format":2,"replicas":{}}"#).unwrap();
        assert!(matches!(LeftPage::open(&folder), Err(FolderError::Format { format: 2, .. })));
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(LeftPage::open(&folder), Err(FolderError::Page { .. })));
    }
}
