//! The payloads of log entries: what one Raft entry carries.
//!
//! Kinds are kept apart so that the archive can tell them without reading a command: key records can be deleted.

use super::{Command, CommandError};
use bytes::Bytes;
use minicbor::{CborLen, Decode, Encode};

const FORMAT: u8 = 1;
const COMMANDS: u8 = 1;
const KEYS: u8 = 2;
const PART: u8 = 3;
const CLAIM: u8 = 4;

/// The payload of a log entry: `format (1 byte) ‖ kind (1 byte) ‖ body`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Commands, applied in order.
    Commands(Vec<Command>),
    /// Key records, applied in order.
    Keys(Vec<Command>),
    /// A part of a command that is too long for one entry.
    Part(Part),
    /// The end of a command in parts: it is put together and applied now.
    Claim(Claim),
}

/// A part of a long command.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Part {
    /// Random, the same for all parts of a command.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub transfer: [u8; 16],
    /// Its place, from 0.
    #[n(1)]
    pub number: u32,
    /// The bytes.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// The leader's time; unclaimed parts expire by it.
    #[n(3)]
    pub time_ms: u64,
}

/// The end of a command in parts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Claim {
    /// The transfer.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub transfer: [u8; 16],
    /// How many parts there are.
    #[n(1)]
    pub parts: u32,
    /// SHA-256 of the whole command.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub hash: [u8; 32],
}

/// Why bytes are not the payload of an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Cut short, or trailing bytes.
    #[error("an entry is cut short or has bytes left over")]
    Frame,
    /// A format or kind of another release.
    #[error("entry format {format}, kind {kind} is of a newer release; start that release")]
    Newer {
        /// The format.
        format: u8,
        /// The kind.
        kind: u8,
    },
    /// The command at this place.
    #[error("command {0} of an entry: {1}")]
    Command(usize, #[source] CommandError),
    /// A part or a claim that does not decode.
    #[error("a part or claim does not decode: {0}")]
    Fields(String),
}

impl Entry {
    /// A payload of commands that are already encoded: `(length (4, big endian) ‖ command)*`.
    pub fn encode_commands<'a>(commands: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
        frame(COMMANDS, commands)
    }

    /// A payload of key records that are already encoded.
    pub fn encode_keys<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
        frame(KEYS, records)
    }

    /// The stored form.
    pub fn encode(&self) -> Bytes {
        match self {
            Entry::Commands(commands) => frame_all(COMMANDS, commands),
            Entry::Keys(records) => frame_all(KEYS, records),
            Entry::Part(part) => cbor(PART, part),
            Entry::Claim(claim) => cbor(CLAIM, claim),
        }
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Entry, EntryError> {
        let [format, kind, body @ ..] = bytes else { return Err(EntryError::Frame) };
        match (*format, *kind) {
            (FORMAT, COMMANDS) => unframe(body).map(Entry::Commands),
            (FORMAT, KEYS) => unframe(body).map(Entry::Keys),
            (FORMAT, PART) => from_cbor(body).map(Entry::Part),
            (FORMAT, CLAIM) => from_cbor(body).map(Entry::Claim),
            (format, kind) => Err(EntryError::Newer { format, kind }),
        }
    }
}

fn frame<'a>(kind: u8, commands: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
    let mut bytes = vec![FORMAT, kind];
    for command in commands {
        let length = u32::try_from(command.len()).expect("commands in one entry are far below 4 GiB");
        bytes.extend(length.to_be_bytes());
        bytes.extend(command);
    }
    bytes.into()
}

fn frame_all(kind: u8, commands: &[Command]) -> Bytes {
    let encoded: Vec<_> = commands.iter().map(Command::encode).collect();
    frame(kind, encoded.iter().map(Vec::as_slice))
}

fn unframe(mut body: &[u8]) -> Result<Vec<Command>, EntryError> {
    let mut commands = Vec::new();
    while !body.is_empty() {
        let (length, rest) = body.split_first_chunk().ok_or(EntryError::Frame)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (command, rest) = rest.split_at_checked(length).ok_or(EntryError::Frame)?;
        let decoded = Command::decode(command).map_err(|error| EntryError::Command(commands.len(), error))?;
        commands.push(decoded);
        body = rest;
    }
    Ok(commands)
}

fn cbor<T: Encode<()> + CborLen<()>>(kind: u8, fields: &T) -> Bytes {
    let mut bytes = Vec::with_capacity(2 + minicbor::len(fields));
    bytes.extend([FORMAT, kind]);
    minicbor::encode(fields, &mut bytes).expect("a vector takes every write");
    bytes.into()
}

fn from_cbor<T: for<'b> Decode<'b, ()>>(body: &[u8]) -> Result<T, EntryError> {
    minicbor::decode(body).map_err(|error| EntryError::Fields(error.to_string()))
}
