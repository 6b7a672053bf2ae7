//! The envelope of changes: magic, checksum, type, length. Whatever is compressed is inflated here, under a
//! limit.

use std::io::Read;

use base::Hash;
use bytes::Bytes;
use flate2::Compression;
use flate2::bufread::{DeflateDecoder, DeflateEncoder};
use sha2::{Digest, Sha256};

use super::limits::Budget;
use super::reader::{Malformed, Reader};
use super::refused::Refused;
use super::writer::{put_bytes, put_unsigned};

/// What every chunk begins with.
pub(super) const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHECKSUM_BYTES: u64 = 4;
const DOCUMENT: u8 = 0;
const CHANGE: u8 = 1;
const COMPRESSED_CHANGE: u8 = 2;

/// Shorter changes are not worth the time that it takes to set up a compressor.
const LONG_BYTES: usize = 4 << 10;

/// One chunk of untrusted bytes, its checksum verified.
#[derive(Debug)]
pub(crate) enum Chunk<'a> {
    /// A whole document: the body, columns of which may still be compressed.
    Document { body: &'a [u8] },
    /// One change.
    Change(ChangeChunk),
}

/// The chunk of one change.
#[derive(Debug)]
pub(crate) struct ChangeChunk {
    pub(crate) hash: Hash,
    /// The chunk as it came.
    pub(crate) chunk: Bytes,
    /// What is in it, inflated.
    pub(crate) body: Bytes,
}

/// Takes the next chunk off the bytes.
pub(crate) fn next<'a>(from: &mut Reader<'a>, budget: &mut Budget) -> Result<Chunk<'a>, Refused> {
    let start = from.rest();
    if from.take(MAGIC.len() as u64).ok() != Some(&MAGIC[..]) {
        return Err(Refused::NotAChunk);
    }
    let checksum = from.take(CHECKSUM_BYTES)?;
    let chunk_type = from.byte()?;
    if chunk_type > COMPRESSED_CHANGE {
        return Err(Refused::UnknownChunkType { chunk_type });
    }
    let body = from.bytes()?;
    let raw = &start[..start.len() - from.rest().len()];
    budget.charge(raw.len() as u64)?;
    if chunk_type == DOCUMENT {
        return match hash_of(DOCUMENT, body).0.starts_with(checksum) {
            true => Ok(Chunk::Document { body }),
            false => Err(Refused::BadChecksum),
        };
    }
    let chunk = Bytes::copy_from_slice(raw);
    let body = match chunk_type {
        COMPRESSED_CHANGE => inflate(body, budget)?.into(),
        _ => chunk.slice(raw.len() - body.len()..),
    };
    // A compressed change has the checksum and the hash of what is in it.
    let hash = hash_of(CHANGE, &body);
    match hash.0.starts_with(checksum) {
        true => Ok(Chunk::Change(ChangeChunk { hash, chunk, body })),
        false => Err(Refused::BadChecksum),
    }
}

impl ChangeChunk {
    /// Wraps the body of a change in its envelope.
    pub(crate) fn wrap(body: &[u8]) -> ChangeChunk {
        let (hash, chunk) = seal(CHANGE, body);
        let chunk = Bytes::from(chunk);
        ChangeChunk { hash, body: chunk.slice(chunk.len() - body.len()..), chunk }
    }
}

/// The same change in fewer bytes, if it is long, was not compressed and gets shorter that way. Its hash stays.
pub(crate) fn compressed(chunk: &Bytes) -> Bytes {
    let mut from = Reader::new(chunk);
    let head = from.take(MAGIC.len() as u64 + CHECKSUM_BYTES);
    let (Ok(head), Ok(CHANGE), Ok(body)) = (head, from.byte(), from.bytes()) else { return chunk.clone() };
    if body.len() < LONG_BYTES {
        return chunk.clone();
    }
    let mut deflated = Vec::new();
    DeflateEncoder::new(body, Compression::fast())
        .read_to_end(&mut deflated)
        .expect("neither bytes in memory nor what compresses them can fail");
    let mut out = Vec::with_capacity(deflated.len() + 16);
    out.extend_from_slice(head);
    out.push(COMPRESSED_CHANGE);
    put_bytes(&mut out, &deflated);
    if out.len() < chunk.len() { out.into() } else { chunk.clone() }
}

/// Puts the envelope of a chunk around a body.
pub(crate) fn seal(chunk_type: u8, body: &[u8]) -> (Hash, Vec<u8>) {
    let hash = hash_of(chunk_type, body);
    let mut out = Vec::with_capacity(body.len() + 16);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&hash.0[..CHECKSUM_BYTES as usize]);
    out.push(chunk_type);
    put_bytes(&mut out, body);
    (hash, out)
}

/// Inflates exactly these bytes; what comes out is charged before it is kept.
pub(crate) fn inflate(bytes: &[u8], budget: &mut Budget) -> Result<Vec<u8>, Refused> {
    let mut decoder = DeflateDecoder::new(bytes);
    let mut out = Vec::new();
    let room = budget.left().saturating_add(1);
    (&mut decoder).take(room).read_to_end(&mut out).map_err(|_| Refused::BadCompression)?;
    budget.charge(out.len() as u64)?;
    match decoder.into_inner().is_empty() {
        true => Ok(out),
        false => Err(Refused::BadCompression),
    }
}

fn hash_of(chunk_type: u8, body: &[u8]) -> Hash {
    let mut head = vec![chunk_type];
    put_unsigned(&mut head, body.len() as u64);
    Hash(Sha256::new().chain_update(head).chain_update(body).finalize().into())
}

/// The column of a body: what it holds, and whether it is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ColumnName(u64);

impl ColumnName {
    const COMPRESSED: u64 = 0b1000;

    /// The column that is written under this number.
    pub(crate) const fn new(number: u64) -> Self {
        ColumnName(number)
    }

    pub(crate) const fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn is_compressed(self) -> bool {
        self.0 & Self::COMPRESSED != 0
    }

    pub(crate) fn plain(self) -> Self {
        ColumnName(self.0 & !Self::COMPRESSED)
    }
}

/// The list of columns that stands before their bytes: each with the length of its bytes.
pub(crate) fn column_list(from: &mut Reader<'_>, known: usize) -> Result<Vec<(ColumnName, u64)>, Malformed> {
    let count = from.unsigned()?;
    if count > known as u64 {
        return Err(Malformed("there are more columns than the format has"));
    }
    let mut list: Vec<(ColumnName, u64)> = Vec::with_capacity(known);
    for _ in 0..count {
        let name = ColumnName(from.unsigned()?);
        let len = from.unsigned()?;
        if list.last().is_some_and(|(last, _)| last.plain().0 >= name.plain().0) {
            return Err(Malformed("columns are not in order"));
        }
        list.push((name, len));
    }
    Ok(list)
}
