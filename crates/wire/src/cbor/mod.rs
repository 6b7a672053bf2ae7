//! As much CBOR (RFC 8949) as the protocol takes: items of definite length.

mod read;
mod write;

pub use read::CborError;
pub(crate) use read::{Item, Reader};
pub(crate) use write::Writer;

/// Major types, the upper three bits of an item's first byte.
mod major {
    pub const UNSIGNED: u8 = 0;
    pub const BYTES: u8 = 2;
    pub const TEXT: u8 = 3;
    pub const ARRAY: u8 = 4;
    pub const MAP: u8 = 5;
    pub const TAG: u8 = 6;
    pub const SIMPLE: u8 = 7;
}

/// The values of [`major::SIMPLE`] that mean something here.
mod simple {
    pub const FALSE: u8 = 20;
    pub const TRUE: u8 = 21;
    pub const SINGLE: u8 = 26;
    pub const DOUBLE: u8 = 27;
}
