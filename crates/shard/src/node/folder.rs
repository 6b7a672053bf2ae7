//! A node's folder: what lies where, and the page that says whose folder it is.
//!
//! ```text
//! node.json   who the node is, of which cluster, which slots its shards hold, which master key seals its data
//! wal/        the shared log
//! store/      the local store
//! snapshots/  snapshots on their way between nodes
//! left.json   replicas that were here once (`left`)
//! ```

use base::{ClusterId, NodeId, SlotMap};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use vault::KeyId;

const FORMAT: u32 = 1;

/// Where a node keeps its data.
#[derive(Debug, Clone)]
pub struct NodeFolder {
    root: PathBuf,
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be read or written.
    #[error("the folder {path} cannot be used")]
    Io {
        /// What was touched.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its page does not decode.
    #[error("{path} is damaged; restore it from a backup of the folder")]
    Page {
        /// The page.
        path: PathBuf,
        /// What was found.
        source: serde_json::Error,
    },
    /// It is of another release.
    #[error("{path} has format {format}, which is of a newer release; start that release")]
    Format {
        /// The page.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// There is data without the page that says whose it is.
    #[error("{path} is missing, but there is data beside it; restore it from a backup of the folder")]
    Lost {
        /// The page.
        path: PathBuf,
    },
    /// The log that was begun here is gone.
    #[error(
        "the log in {path} is gone, and with it what this node promised to others: put it back, or let the node join \
         again under a new id, with an empty folder"
    )]
    LogLost {
        /// Where it lay.
        path: PathBuf,
    },
    /// It is the folder of a node of a cluster.
    #[error("{path} holds the data of a node of a cluster; start it as one of its shard nodes")]
    OfCluster {
        /// The folder.
        path: PathBuf,
    },
    /// It belongs to another cluster.
    #[error(
        "{folder} holds the data of a node of cluster {belongs_to}, not of {given}: give each node its own"
    )]
    OtherCluster {
        /// The folder.
        folder: PathBuf,
        /// Whose it is.
        belongs_to: ClusterId,
        /// Of which cluster it was to be started.
        given: ClusterId,
    },
    /// Another master key.
    #[error(
        "the data in {folder} is sealed with the master key {sealed_with}, not with {given}: give that key"
    )]
    MasterKey {
        /// The folder.
        folder: PathBuf,
        /// The key's id.
        sealed_with: String,
        /// The id of the key that was given.
        given: String,
    },
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    format: u32,
    /// The node's number, never reused.
    pub node: u64,
    /// Of which cluster it is a node. An earlier release did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterId>,
    /// Which shard holds which slot. A node of a cluster is told by the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<SlotMap>,
    /// The id of the master key.
    master_key: String,
    /// Whether a log was begun, in which this node may have promised something to others. A hub of one node does not note
    /// it: nobody else relies on its promises.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    log_begun: bool,
}

/// Whose a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// Which node.
    pub node: NodeId,
    /// Of which cluster; an earlier release did not note it.
    pub cluster: Option<ClusterId>,
}

/// Whose a folder is; `None` for a new one.
pub fn owner_of_folder(root: &Path) -> Result<Option<Owner>, FolderError> {
    let folder = NodeFolder { root: root.to_owned() };
    let page: Option<Page> = folder.read_page(&folder.page_path())?;
    Ok(page.map(|page| Owner { node: NodeId(page.node), cluster: page.cluster }))
}

impl NodeFolder {
    /// A folder, made if it is not there.
    pub fn at(root: &Path) -> Result<NodeFolder, FolderError> {
        fs::create_dir_all(root).map_err(|source| FolderError::Io { path: root.to_owned(), source })?;
        Ok(NodeFolder { root: root.to_owned() })
    }

    /// The shared log.
    pub fn wal(&self) -> PathBuf {
        self.root.join("wal")
    }

    /// The local store.
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// Snapshots on their way from and to other nodes.
    pub fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes sure that a log that was begun is there. An empty one in its place would let the node vote against its own
    /// promises, so that this is asked before the log is opened.
    pub fn log_is_there(&self, page: &Page) -> Result<(), FolderError> {
        let path = self.wal();
        match page.log_begun && !self.has_segments().map_err(|source| FolderError::Io { path, source })? {
            true => Err(FolderError::LogLost { path: self.wal() }),
            false => Ok(()),
        }
    }

    /// Notes that there is a log. Called when it is open, and before anything is promised in it.
    pub fn log_has_begun(&self, page: Page) -> Result<(), FolderError> {
        if page.log_begun {
            return Ok(());
        }
        self.write_page(&self.page_path(), &Page { log_begun: true, ..page })
    }

    /// Notes to which cluster the folder belongs, once and for all.
    pub fn belongs_to(&self, page: Page, given: Option<ClusterId>) -> Result<Page, FolderError> {
        match (page.cluster, given) {
            (Some(belongs_to), Some(given)) if belongs_to != given => {
                Err(FolderError::OtherCluster { folder: self.root.clone(), belongs_to, given })
            }
            (None, Some(_)) => {
                let page = Page { cluster: given, ..page };
                self.write_page(&self.page_path(), &page)?;
                Ok(page)
            }
            _ => Ok(page),
        }
    }

    fn has_segments(&self) -> io::Result<bool> {
        if !self.wal().exists() {
            return Ok(false);
        }
        let names = fs::read_dir(self.wal())?.map(|entry| Ok(entry?.path()));
        let names = names.collect::<io::Result<Vec<_>>>()?;
        Ok(names.iter().any(|name| name.extension().is_some_and(|extension| extension == "wal")))
    }

    fn page_path(&self) -> PathBuf {
        self.root.join("node.json")
    }

    /// Reads the page, or writes the first one of a new folder.
    pub fn page(
        &self,
        master: KeyId,
        new: impl FnOnce() -> (u64, Option<SlotMap>),
    ) -> Result<Page, FolderError> {
        let path = self.page_path();
        let master_key = format!("{master:?}");
        if let Some(page) = self.read_page(&path)? {
            return self.check(path, page, master_key);
        }
        if self.wal().exists() || self.store().exists() {
            return Err(FolderError::Lost { path });
        }
        let (node, slots) = new();
        let page = Page { format: FORMAT, node, cluster: None, slots, master_key, log_begun: false };
        self.write_page(&path, &page)?;
        Ok(page)
    }

    fn check(&self, path: PathBuf, page: Page, given: String) -> Result<Page, FolderError> {
        if page.format != FORMAT {
            return Err(FolderError::Format { path, format: page.format });
        }
        if page.master_key != given {
            let (folder, sealed_with) = (self.root.clone(), page.master_key);
            return Err(FolderError::MasterKey { folder, sealed_with, given });
        }
        Ok(page)
    }

    /// Reads a page of this folder, if it is there.
    pub(super) fn read_page<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>, FolderError> {
        let path = path.to_owned();
        match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(|source| FolderError::Page { path, source })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FolderError::Io { path, source }),
        }
    }

    /// Writes a page of this folder: whole or not at all, and durable when it returns.
    pub(super) fn write_page(&self, path: &Path, page: &impl Serialize) -> Result<(), FolderError> {
        self.write(path, page).map_err(|source| FolderError::Io { path: path.to_owned(), source })
    }

    fn write(&self, path: &Path, page: &impl Serialize) -> io::Result<()> {
        let draft = path.with_extension("json.new");
        let mut file = File::create(&draft)?;
        file.write_all(&serde_json::to_vec_pretty(page)?)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(&self.root)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vault::Key;

    fn first() -> (u64, Option<SlotMap>) {
        (1, Some(SlotMap::even(4)))
    }

    #[test]
    fn the_first_page_stays() {
        let root = tempfile::tempdir().unwrap();
        let folder = NodeFolder::at(root.path()).unwrap();
        let key = Key::random().id();
        let page = folder.page(key, first).unwrap();
        assert_eq!(folder.page(key, || (2, None)).unwrap(), page);
    }

    #[test]
    fn another_master_key_is_named() {
        let root = tempfile::tempdir().unwrap();
        let folder = NodeFolder::at(root.path()).unwrap();
        folder.page(Key::random().id(), first).unwrap();
        let error = folder.page(Key::random().id(), first).unwrap_err();
        assert!(matches!(error, FolderError::MasterKey { .. }));
    }

    #[test]
    fn data_without_its_page_is_not_taken_for_new() {
        let root = tempfile::tempdir().unwrap();
        let folder = NodeFolder::at(root.path()).unwrap();
        fs::create_dir(folder.wal()).unwrap();
        assert!(matches!(folder.page(Key::random().id(), first), Err(FolderError::Lost { .. })));
    }

    #[test]
    fn a_log_that_was_begun_has_to_be_there() {
        let root = tempfile::tempdir().unwrap();
        let folder = NodeFolder::at(root.path()).unwrap();
        let key = Key::random().id();
        let page = || folder.page(key, first).unwrap();
        folder.log_is_there(&page()).unwrap();
        let options = wal::Options { segment_bytes: 256 << 10, ..wal::Options::default() };
        let (wal, _) = wal::Wal::open(&folder.wal(), options).unwrap();
        folder.log_has_begun(page()).unwrap();
        wal.close();
        folder.log_is_there(&page()).unwrap();
        // Another volume, or none.
        let lost = || matches!(folder.log_is_there(&page()), Err(FolderError::LogLost { .. }));
        fs::remove_dir_all(folder.wal()).unwrap();
        assert!(lost());
        fs::create_dir(folder.wal()).unwrap();
        assert!(lost());
    }

    #[test]
    fn a_folder_belongs_to_one_cluster() {
        let root = tempfile::tempdir().unwrap();
        let folder = NodeFolder::at(root.path()).unwrap();
        let key = Key::random().id();
        let owner = || owner_of_folder(root.path()).unwrap();
        assert_eq!(owner(), None);
        let page = || folder.page(key, || (7, None)).unwrap();
        assert_eq!(folder.belongs_to(page(), None).unwrap().cluster, None);
        assert_eq!(owner(), Some(Owner { node: NodeId(7), cluster: None }), "of an earlier release");
        let (ours, other) = (Some(ClusterId::from_u128(1)), Some(ClusterId::from_u128(2)));
        folder.belongs_to(page(), ours).unwrap();
        assert_eq!(owner(), Some(Owner { node: NodeId(7), cluster: ours }));
        assert_eq!(folder.belongs_to(page(), ours).unwrap(), page());
        let refused = folder.belongs_to(page(), other);
        assert!(matches!(refused, Err(FolderError::OtherCluster { .. })), "{refused:?}");
        assert_eq!(owner(), Some(Owner { node: NodeId(7), cluster: ours }));
    }

    #[test]
    fn a_newer_or_damaged_page_is_named() {
        let root = tempfile::tempdir().unwrap();
        let folder = NodeFolder::at(root.path()).unwrap();
        let key = Key::random().id();
        folder.page(key, first).unwrap();
        let path = root.path().join("node.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
        assert!(matches!(folder.page(key, first), Err(FolderError::Format { format: 2, .. })));
        fs::write(&path, &text[..20]).unwrap();
        assert!(matches!(folder.page(key, first), Err(FolderError::Page { .. })));
    }
}
