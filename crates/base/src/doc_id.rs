//! Document ids: 16 bytes that name a document within its tenant and route to its slot without a look-up.
//!
//! Two kinds exist. An id minted by the hub is a UUIDv8 whose first 14 bits are the slot of the owner at creation.
//! An id minted by a client is a UUIDv4 (as automerge-repo makes), and lives in the slot of its own hash.
//! The same bytes print as a UUID in REST and as base58check in `automerge:` URLs; both are read everywhere.

use crate::slot::Slot;
use std::fmt;
use std::str::FromStr;

/// A document id: 16 bytes, always a UUIDv8 minted by the hub or a UUIDv4 minted by a client.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocId([u8; 16]);

/// Why a text or a byte string is not a document id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocIdError {
    /// Neither a UUID nor base58check.
    #[error("not a document id: expected a UUID or the base58check form of an automerge: URL")]
    Malformed,
    /// A UUID of another version than 4 and 8, or of another variant.
    #[error("document ids are UUIDs of version 8 (minted by the hub) or 4 (minted by a client)")]
    Version,
}

const VERSION_HUB: u8 = 8;
const VERSION_CLIENT: u8 = 4;
const AUTOMERGE_SCHEME: &str = "automerge:";

impl DocId {
    /// A new id in `slot`. `random` fills the 108 bits that carry no meaning.
    pub fn mint(slot: Slot, random: [u8; 16]) -> DocId {
        let mut bytes = random;
        bytes[0] = (slot.number() >> 6) as u8;
        bytes[1] = ((slot.number() << 2) as u8) | (random[1] & 0b11);
        bytes[6] = (VERSION_HUB << 4) | (random[6] & 0x0f);
        bytes[8] = 0x80 | (random[8] & 0x3f);
        DocId(bytes)
    }

    /// Takes 16 bytes for an id, if their version and variant are ones that exist here.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<DocId, DocIdError> {
        let (version, variant) = (bytes[6] >> 4, bytes[8] >> 6);
        match (version, variant) {
            (VERSION_HUB | VERSION_CLIENT, 0b10) => Ok(DocId(bytes)),
            _ => Err(DocIdError::Version),
        }
    }

    /// The 16 bytes, as they stand in keys and in `automerge:` URLs.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The slot that the document lives in.
    pub fn slot(&self) -> Slot {
        if self.is_minted_by_hub() {
            let first = u16::from_be_bytes([self.0[0], self.0[1]]);
            Slot::from_top_bits(first)
        } else {
            Slot::of_client_id(&self.0)
        }
    }

    /// Whether the hub minted it. If not, a client did.
    pub fn is_minted_by_hub(&self) -> bool {
        self.0[6] >> 4 == VERSION_HUB
    }

    /// The URL by which automerge-repo clients name the document.
    pub fn automerge_url(&self) -> String {
        format!("{AUTOMERGE_SCHEME}{}", bs58::encode(self.0).with_check().into_string())
    }
}

impl FromStr for DocId {
    type Err = DocIdError;

    fn from_str(text: &str) -> Result<DocId, DocIdError> {
        let bytes = if let Ok(uuid) = uuid::Uuid::try_parse(text) {
            *uuid.as_bytes()
        } else {
            let encoded = text.strip_prefix(AUTOMERGE_SCHEME).unwrap_or(text);
            // 16 bytes and a checksum never take more than 28 characters; longer input is not worth decoding.
            if encoded.len() > 28 {
                return Err(DocIdError::Malformed);
            }
            let decoded = bs58::decode(encoded).with_check(None).into_vec();
            decoded.ok().and_then(|bytes| bytes.try_into().ok()).ok_or(DocIdError::Malformed)?
        };
        DocId::from_bytes(bytes)
    }
}

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl serde::Serialize for DocId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for DocId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<DocId, D::Error> {
        crate::json::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_id_carries_its_slot_whatever_the_random_bits() {
        for number in [0, 1, 63, 64, 8_191, 16_383] {
            let slot = Slot::new(number).unwrap();
            for random in [[0; 16], [0xff; 16], [0xa5; 16]] {
                let id = DocId::mint(slot, random);
                assert_eq!(id.slot(), slot);
                assert_eq!(DocId::from_bytes(*id.as_bytes()), Ok(id));
            }
        }
    }

    #[test]
    fn both_written_forms_are_read_back() {
        let id = DocId::mint(Slot::new(77).unwrap(), [9; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.automerge_url().parse(), Ok(id));
        assert_eq!(id.automerge_url().trim_start_matches("automerge:").parse(), Ok(id));
    }

    #[test]
    fn a_clients_id_lives_in_the_slot_of_its_hash() {
        let id: DocId = "936da01f-9abd-4d9d-80c7-02af85c822a8".parse().unwrap();
        // Pinned: a change here would lose documents.
        assert_eq!(id.slot().number(), 11_584);
    }

    #[test]
    fn other_forms_are_refused_by_name() {
        assert_eq!("hello".parse::<DocId>(), Err(DocIdError::Malformed));
        assert_eq!("".parse::<DocId>(), Err(DocIdError::Malformed));
        let version_7 = "01890a5d-ac96-774b-bcce-b302099a8057".parse::<DocId>();
        assert_eq!(version_7, Err(DocIdError::Version));
        assert_eq!(DocId::from_bytes([0; 16]), Err(DocIdError::Version));
    }
}
