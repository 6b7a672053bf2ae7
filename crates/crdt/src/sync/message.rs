//! A message of the Automerge sync protocol, read where it lies: nothing is copied or allocated.
//!
//! Its form, versions 1 and 2: the version's byte; heads; needs; haves, each with heads and a filter with its
//! length; changes, each with its length; flags with their length, if the sender knows any. Lists have their
//! count before them, numbers are LEB128. What may stand behind the flags is for later versions.
//!
//! Decoding is total: every input gives a message or an error, and what a message holds has been read once
//! when it is handed out.

use std::borrow::Cow;

use super::bloom::Bloom;
use super::error::SyncError;
use super::flags::Flags;
use super::hashes::Hashes;
use super::limits::Limits;
use crate::admit::Malformed;
use crate::admit::reader::Reader;

/// The form of a message. What is different is how changes stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// A list of changes.
    V1,
    /// Chunks one behind the other, a whole document among them.
    V2,
}

impl Version {
    pub(super) const fn byte(self) -> u8 {
        match self {
            Version::V1 => 0x42,
            Version::V2 => 0x43,
        }
    }
}

/// A message from outside.
#[derive(Debug, Clone, Copy)]
pub struct Message<'m> {
    /// Its form.
    pub version: Version,
    /// The heads of the sender.
    pub heads: Hashes<'m>,
    /// Changes that the sender asks for.
    pub needs: Hashes<'m>,
    /// What the sender has.
    pub haves: Haves<'m>,
    /// Changes that the receiver may lack.
    pub changes: Changes<'m>,
    /// Flags, if the sender knows any.
    pub flags: Option<Flags>,
}

impl<'m> Message<'m> {
    /// Reads a message.
    pub fn decode(bytes: &'m [u8], limits: &Limits) -> Result<Self, SyncError> {
        let mut from = Reader::new(bytes);
        let version = match from.byte()? {
            0x42 => Version::V1,
            0x43 => Version::V2,
            found => return Err(SyncError::UnknownVersion { found }),
        };
        let too_many_heads = |count| SyncError::TooManyHeads { count, limit: limits.heads };
        let too_many_needs = |count| SyncError::TooManyNeeds { count, limit: limits.needs };
        Ok(Message {
            version,
            heads: hashes(&mut from, limits.heads, too_many_heads)?,
            needs: hashes(&mut from, limits.needs, too_many_needs)?,
            haves: Haves::decode(&mut from, limits)?,
            changes: Changes::decode(&mut from)?,
            flags: if from.is_empty() { None } else { Some(Flags::decode(from.bytes()?)) },
        })
    }
}

fn hashes<'m>(
    from: &mut Reader<'m>,
    limit: usize,
    too_many: impl Fn(u64) -> SyncError,
) -> Result<Hashes<'m>, SyncError> {
    let count = from.unsigned()?;
    match count <= limit as u64 {
        true => Ok(Hashes::new(from.take(Hashes::bytes(count))?)),
        false => Err(too_many(count)),
    }
}

/// What the sender of a message has: everything up to the heads of the last sync, and what the filter claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Have<'m> {
    /// Changes that both had when they last were in sync.
    pub last_sync: Hashes<'m>,
    /// Changes since then.
    pub filter: Bloom<'m>,
}

impl<'m> Have<'m> {
    fn decode(from: &mut Reader<'m>, limits: &Limits) -> Result<Self, SyncError> {
        let too_many_heads = |count| SyncError::TooManyHeads { count, limit: limits.heads };
        let last_sync = hashes(from, limits.heads, too_many_heads)?;
        Ok(Have { last_sync, filter: Bloom::decode(from.bytes()?, limits)? })
    }
}

/// The summaries of a message.
#[derive(Debug, Clone, Copy)]
pub struct Haves<'m> {
    bytes: &'m [u8],
    limits: Limits,
}

impl<'m> Haves<'m> {
    fn decode(from: &mut Reader<'m>, limits: &Limits) -> Result<Self, SyncError> {
        let count = from.unsigned()?;
        if count > limits.haves as u64 {
            return Err(SyncError::TooManyHaves { count, limit: limits.haves });
        }
        let start = from.rest();
        for _ in 0..count {
            Have::decode(from, limits)?;
        }
        Ok(Haves { bytes: &start[..start.len() - from.rest().len()], limits: *limits })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Have<'m>> + use<'m> {
        let (mut from, limits) = (Reader::new(self.bytes), self.limits);
        // An error is the end: that every summary can be read was seen when the message was.
        std::iter::from_fn(move || Have::decode(&mut from, &limits).ok())
    }
}

/// The changes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes<'m> {
    bytes: &'m [u8],
}

impl<'m> Changes<'m> {
    fn decode(from: &mut Reader<'m>) -> Result<Self, Malformed> {
        let count = from.unsigned()?;
        let start = from.rest();
        for _ in 0..count {
            from.bytes()?;
        }
        Ok(Changes { bytes: &start[..start.len() - from.rest().len()] })
    }

    /// Whether the message carries no bytes of changes.
    pub fn is_empty(&self) -> bool {
        self.iter().all(<[u8]>::is_empty)
    }

    /// The elements in which the changes came: chunks, one or several in each.
    pub fn iter(&self) -> impl Iterator<Item = &'m [u8]> + use<'m> {
        let mut from = Reader::new(self.bytes);
        std::iter::from_fn(move || from.bytes().ok())
    }

    /// All chunks, one behind the other. Only a list of several is copied.
    pub fn joined(&self) -> Cow<'m, [u8]> {
        let mut elements = self.iter();
        match (elements.next(), elements.next()) {
            (None, _) => Cow::Borrowed(&[]),
            (Some(only), None) => Cow::Borrowed(only),
            _ => Cow::Owned(self.iter().collect::<Vec<_>>().concat()),
        }
    }
}
