//! The toy's documents: texts to which marks are put in front or behind, and the edits that were made already.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::log::Log;
use crate::store;

/// Room below which no write is taken.
const RESERVE_BYTES: u64 = 256 << 20;
/// Edits that a hub which acknowledges early holds back from its log.
const HELD_BACK: usize = 20;

/// One edit, as it stands in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edit {
    /// Its id.
    pub key: String,
    /// Its document; the id of the edit that created it.
    pub document: String,
    /// What it puts in.
    pub text: String,
    /// Where.
    pub end: End,
}

/// An end of a text.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum End {
    /// Before the first character.
    Front,
    /// Behind the last one.
    Back,
}

/// A text and how often it changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Document {
    /// Its content.
    pub text: String,
    /// Counted from 1.
    pub version: u64,
}

/// All documents, and the log that brings them back.
pub struct ToyHub {
    /// By id.
    pub documents: BTreeMap<String, Document>,
    keys: BTreeMap<String, String>,
    log: Log,
    folder: PathBuf,
    fault: Option<Fault>,
    held_back: Vec<Edit>,
}

impl ToyHub {
    /// Goes on with what the log in `folder` holds.
    pub fn open(folder: &Path, fault: Option<Fault>) -> anyhow::Result<ToyHub> {
        let (log, bodies) = Log::open(&folder.join("wal"), fault)?;
        let mut hub = ToyHub {
            documents: BTreeMap::new(),
            keys: BTreeMap::new(),
            log,
            folder: folder.to_owned(),
            fault,
            held_back: Vec::new(),
        };
        for body in bodies {
            hub.apply(&serde_json::from_slice(&body)?);
        }
        let store = folder.join("store");
        hub.documents = store::prefer_copy(&store, hub.documents, fault);
        store::write_copy(&store, &hub.documents)?;
        Ok(hub)
    }

    /// Whether the disk has no room for more.
    pub fn is_full(&self) -> bool {
        let low = statvfs(&self.folder).is_ok_and(|room| room.f_bavail * room.f_frsize < RESERVE_BYTES);
        low && self.fault != Some(Fault::NeverFull)
    }

    /// Makes an edit durable and visible; one that was made already stays as it is. The id of its document.
    pub fn edit(&mut self, edit: Edit) -> io::Result<String> {
        let known = self.keys.get(&edit.key).filter(|_| self.fault != Some(Fault::ForgetKeys));
        if let Some(document) = known {
            return Ok(document.clone());
        }
        self.held_back.push(edit.clone());
        if self.fault != Some(Fault::AcknowledgeEarly) || self.held_back.len() > HELD_BACK {
            for edit in std::mem::take(&mut self.held_back) {
                self.log.append(serde_json::json!(edit).to_string().as_bytes())?;
            }
        }
        self.apply(&edit);
        Ok(edit.document)
    }

    fn apply(&mut self, edit: &Edit) {
        let document = self.documents.entry(edit.document.clone()).or_default();
        document.version += 1;
        match edit.end {
            End::Front => document.text.insert_str(0, &edit.text),
            End::Back => document.text.push_str(&edit.text),
        }
        self.keys.insert(edit.key.clone(), edit.document.clone());
    }
}
