//! What is known of a live document's content: its graph, and where the bytes of its changes are.

use super::recent::Recent;
use crdt::Hash;
use crdt::admit::Admitted;
use crdt::graph::{Graph, Misfit};
use vault::Key;

/// The committed content of a document at one version.
pub struct Content {
    /// Every committed change.
    pub graph: Graph,
    /// How many commands have changed the heads.
    pub version: u64,
    /// Seals and opens its bytes.
    pub key: Key,
    /// How many changes are compacted, or about to be.
    pub compacted: usize,
    /// Bytes of all changes, about.
    pub bytes: usize,
    /// The version at the end of which the graph had `ends[0]` changes; those before are in the compacted chunk.
    first: u64,
    ends: Vec<u32>,
    recent: Recent,
}

/// Where the bytes of a change are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Here.
    Recent(bytes::Bytes),
    /// In the record of a version: which, and which of its changes it is.
    Version(u64, usize),
    /// In the compacted chunk.
    Compacted,
}

impl Content {
    /// Nothing yet, at the version that a compacted chunk ends with; 0 if there is none.
    pub fn new(key: Key, compacted: u64) -> Content {
        Content {
            graph: Graph::new(),
            version: compacted,
            key,
            compacted: 0,
            bytes: 0,
            first: compacted,
            ends: vec![0],
            recent: Recent::default(),
        }
    }

    /// Takes in what the compacted chunk holds. Before any other change.
    pub fn add_compacted(&mut self, changes: &[Admitted], bytes: usize) -> Result<(), Misfit> {
        for change in changes {
            self.graph.insert(&change.summary)?;
        }
        self.bytes += bytes;
        self.recent = Recent::after(self.graph.len());
        self.ends = vec![self.len()];
        self.compacted = self.graph.len();
        Ok(())
    }

    /// Takes in the changes of the next version, in the order in which they stand in its record.
    pub fn add_version<'c>(&mut self, changes: impl IntoIterator<Item = &'c Admitted>) -> Result<(), Misfit> {
        for Admitted { chunk, summary } in changes {
            if self.graph.insert(summary)? {
                self.bytes += chunk.len();
                self.recent.push(chunk.clone());
            }
        }
        self.version += 1;
        self.ends.push(self.len());
        Ok(())
    }

    /// Where the bytes of a change are, if it is one of this document.
    pub fn find(&self, change: &Hash) -> Option<Found> {
        let position = self.graph.position(change)?;
        if let Some(chunk) = self.recent.at(position) {
            return Some(Found::Recent(chunk.clone()));
        }
        let behind = self.ends.partition_point(|end| *end as usize <= position);
        Some(match behind.checked_sub(1) {
            None => Found::Compacted,
            Some(before) => Found::Version(self.first + behind as u64, position - self.ends[before] as usize),
        })
    }

    /// Bytes of memory that it takes, about.
    pub fn weight(&self) -> usize {
        // Measured: a change of one operation takes so much in the graph.
        const CHANGE: usize = 360;
        const EMPTY: usize = 1_024;
        let graph = self.graph.len() * CHANGE + self.graph.clock_bytes();
        EMPTY + graph + self.ends.capacity() * size_of::<u32>() + self.recent.weight()
    }

    fn len(&self) -> u32 {
        u32::try_from(self.graph.len()).expect("graphs number their changes with 32 bits")
    }
}
