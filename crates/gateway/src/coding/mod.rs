//! Content codings: `gzip` and `zstd`, of answers and of bodies (RFC 9110, section 8.4; RFC 8878).
//!
//! An encoded answer is another representation of the same state, so its `ETag` is another one ([`tag`]): the tag of the
//! state, and the coding behind it. Both name the state wherever a client sends one back.

mod answer;
mod body;
pub(crate) mod tag;

pub(crate) use answer::{Plan, Wanted, encode};
pub(crate) use body::Given;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::io::{self, Read, Write};

/// A way to write bytes shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    Gzip,
    Zstd,
}

/// What a frame of `zstd` may make its reader keep, as a power of two: what everyone who takes it has to allow, and not
/// more (RFC 9659).
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Shorter by much, and still faster than the network.
const ZSTD_LEVEL: i32 = 3;

impl Coding {
    /// Every one, the one that is liked best first: `zstd` is both shorter and faster.
    pub const ALL: [Coding; 2] = [Coding::Zstd, Coding::Gzip];

    /// Every name, for the header that says what is taken.
    pub const NAMES: &str = "zstd, gzip";

    /// Its name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Zstd => "zstd",
        }
    }

    /// The same bytes, shorter.
    pub fn encode(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Coding::Gzip => {
                let room = Vec::with_capacity(bytes.len() / 4);
                let mut encoder = GzEncoder::new(room, flate2::Compression::default());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Coding::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL),
        }
    }

    /// Reads what was encoded. What one call gives is bounded by the buffer that it is given.
    fn decoder(self, bytes: &[u8]) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Coding::Gzip => Box::new(MultiGzDecoder::new(bytes)),
            Coding::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
        })
    }

    /// What its decoder keeps at most, besides what it has given.
    fn memory_bytes(self) -> usize {
        match self {
            Coding::Gzip => 64 << 10,
            Coding::Zstd => (1 << ZSTD_WINDOW_LOG_MAX) + (512 << 10),
        }
    }
}
