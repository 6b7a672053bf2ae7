//! What is to be sent to a peer, before the bytes of the changes are fetched.
//!
//! Equal plans with the same changes are equal messages: whoever serves many readers of one document encodes
//! each plan once.

use std::sync::Arc;

use base::Hash;
use bytes::Bytes;

use super::flags::Flags;
use super::message::Version;
use crate::admit::writer::{put_bytes, put_unsigned};

/// A message without the bytes of its changes. It belongs to the stream of messages to a peer: a plan that is
/// not sent leaves the peer with changes that nobody sends it again, until it is met afresh.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use = "the peer counts on it being sent"]
pub struct Plan {
    pub(super) version: Version,
    pub(super) flags: Flags,
    pub(super) heads: Arc<[Hash]>,
    pub(super) needs: Box<[Hash]>,
    pub(super) have: Option<Has>,
    pub(super) content: Content,
}

/// What we have: everything up to some changes, and those in a filter, encoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Has {
    pub(super) last_sync: Arc<[Hash]>,
    pub(super) filter: Vec<u8>,
}

/// Which changes go along.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Content {
    /// None.
    Nothing,
    /// These, ancestors first.
    Changes(Box<[Hash]>),
    /// The whole document: chunks of any kind that together hold all changes up to the heads.
    Document,
}

impl Plan {
    /// The heads that the peer is told of.
    pub fn heads(&self) -> &[Hash] {
        &self.heads
    }

    /// Which changes go along.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Whether the peer reads chunks of whole documents. If it does, one may be sent instead of changes, with
    /// those that it lacks behind it.
    pub fn takes_documents(&self) -> bool {
        self.version == Version::V2
    }

    /// The message, with the chunks that the plan asks for, in its order.
    pub fn encode<B: AsRef<[u8]>>(&self, chunks: &[B]) -> Bytes {
        let len: usize = chunks.iter().map(|chunk| chunk.as_ref().len()).sum();
        let mut out = Vec::with_capacity(len + self.size_without_changes(chunks.len()));
        out.push(self.version.byte());
        put_hashes(&mut out, &self.heads);
        put_hashes(&mut out, &self.needs);
        put_unsigned(&mut out, self.have.iter().len() as u64);
        if let Some(have) = &self.have {
            put_hashes(&mut out, &have.last_sync);
            put_bytes(&mut out, &have.filter);
        }
        self.put_changes(&mut out, chunks, len);
        out.extend(self.flags.encode());
        out.into()
    }

    fn put_changes<B: AsRef<[u8]>>(&self, out: &mut Vec<u8>, chunks: &[B], len: usize) {
        match self.version {
            Version::V1 => {
                put_unsigned(out, chunks.len() as u64);
                chunks.iter().for_each(|chunk| put_bytes(out, chunk.as_ref()));
            }
            Version::V2 if len == 0 => put_unsigned(out, 0),
            Version::V2 => {
                put_unsigned(out, 1);
                put_unsigned(out, len as u64);
                chunks.iter().for_each(|chunk| out.extend_from_slice(chunk.as_ref()));
            }
        }
    }

    /// At most, so that a message is allocated once.
    fn size_without_changes(&self, chunks: usize) -> usize {
        const NUMBERS: usize = 64;
        const NUMBER: usize = 10;
        let last_sync = self.have.as_ref().map_or(0, |have| have.last_sync.len());
        let filter = self.have.as_ref().map_or(0, |have| have.filter.len());
        let lengths = if self.version == Version::V1 { chunks * NUMBER } else { 0 };
        NUMBERS + 32 * (self.heads.len() + self.needs.len() + last_sync) + filter + lengths
    }
}

fn put_hashes(out: &mut Vec<u8>, hashes: &[Hash]) {
    put_unsigned(out, hashes.len() as u64);
    hashes.iter().for_each(|hash| out.extend_from_slice(&hash.0));
}
