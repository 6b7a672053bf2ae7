//! Uploads: changes of a session on their way into the log.

use super::Session;
use bytes::Bytes;
use crdt::Hash;
use crdt::admit::{Admitted, Orphan, pieces};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// The most that is taken of one session at once, unless a single chunk is longer.
const PIECE_BYTES: usize = 8 << 10;

/// A piece of what a session sent.
pub struct Upload {
    /// Whose.
    pub session: Arc<Session>,
    /// Chunks of changes, not admitted yet.
    pub bytes: Bytes,
    /// Whether it is the last piece of a message.
    pub last: bool,
    /// How often it was taken on a state that did not last.
    pub attempts: u32,
    /// Whether it takes long to look into: that is not done where requests are served.
    pub heavy: bool,
    /// Room for the message that it is a piece of; given back with the last of them.
    room: Option<Arc<OwnedSemaphorePermit>>,
}

impl Upload {
    /// The changes of a message, in pieces.
    pub fn pieces(
        session: &Arc<Session>,
        changes: &Bytes,
        room: Option<OwnedSemaphorePermit>,
    ) -> impl Iterator<Item = Upload> {
        let pieces = pieces(changes, PIECE_BYTES);
        let (count, room) = (pieces.len(), room.map(Arc::new));
        let session = session.clone();
        pieces.into_iter().enumerate().map(move |(number, bytes)| {
            session.waits(bytes.len());
            let (session, room) = (session.clone(), room.clone());
            let heavy = bytes.len() > PIECE_BYTES;
            Upload { session, bytes, last: number + 1 == count, attempts: 0, heavy, room }
        })
    }

    /// How long it is.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.room = None;
        self.session.waits_no_more(self.bytes.len());
    }
}

/// An upload that was looked into.
pub struct Arrived {
    /// What came.
    pub upload: Upload,
    /// What of it is new and sound, ancestors first.
    pub changes: Vec<Admitted>,
    /// What waits for changes that are not there.
    pub orphans: Vec<Orphan>,
}

impl Arrived {
    /// The new changes, one behind the other.
    pub fn chunks(&self) -> Vec<u8> {
        self.changes.iter().map(|change| &change.chunk[..]).collect::<Vec<_>>().concat()
    }

    /// Their hashes.
    pub fn hashes(&self) -> Vec<Hash> {
        self.changes.iter().map(|change| change.summary.hash()).collect()
    }
}
