//! What an odd replica is charged with, and how that is noted.

use super::Digest;
use crate::raft::codec::{Undecodable, from_cbor, to_cbor};
use base::Hash;
use bytes::{BufMut, Bytes, BytesMut};
use std::fmt;

/// A replica's hash is not that of the majority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::raft) struct Charge {
    /// The entry at which all hashed their state.
    pub(in crate::raft) index: u64,
    /// The rules by which they did, all the same.
    pub(in crate::raft) rules: u32,
    /// The hash of the majority.
    pub(in crate::raft) expected: Hash,
    /// The hash of the odd one.
    pub(in crate::raft) own: Hash,
}

impl fmt::Display for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Charge { index, expected, own, .. } = self;
        write!(
            f,
            "this replica is quarantined: at entry {index} its state hashes to {own}, and that of the majority to \
             {expected}"
        )
    }
}

const FORMAT: u8 = 1;

#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
struct Written {
    #[n(0)]
    index: u64,
    #[n(1)]
    rules: u32,
    #[cbor(n(2), with = "minicbor::bytes")]
    expected: [u8; 32],
    #[cbor(n(3), with = "minicbor::bytes")]
    own: [u8; 32],
}

impl Charge {
    /// That a replica made `own` where the majority made `expected`.
    pub(super) fn of(index: u64, expected: Digest, own: Hash) -> Charge {
        Charge { index, rules: expected.rules, expected: expected.hash, own }
    }

    /// The stored form: one byte of format, then a CBOR map.
    pub(in crate::raft) fn encode(&self) -> Bytes {
        let Charge { index, rules, expected, own } = *self;
        let body = to_cbor(&Written { index, rules, expected: expected.0, own: own.0 });
        let mut bytes = BytesMut::with_capacity(1 + body.len());
        bytes.put_u8(FORMAT);
        bytes.put_slice(&body);
        bytes.freeze()
    }

    /// Reads the stored form.
    pub(in crate::raft) fn decode(bytes: &[u8]) -> Result<Charge, Undecodable> {
        let (&format, body) = bytes.split_first().ok_or(Undecodable::Cut("quarantine"))?;
        if format != FORMAT {
            return Err(Undecodable::Format(format));
        }
        let Written { index, rules, expected, own } = from_cbor("quarantine", body)?;
        Ok(Charge { index, rules, expected: Hash(expected), own: Hash(own) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_written_as_ever() {
        let charge = Charge { index: 7, rules: 1, expected: Hash([0xaa; 32]), own: Hash([0xbb; 32]) };
        let bytes = charge.encode();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            format!("01a4000701010258 20{}035820{}", "aa".repeat(32), "bb".repeat(32)).replace(' ', "")
        );
        assert_eq!(Charge::decode(&bytes).unwrap(), charge);
        assert!(matches!(Charge::decode(&[2, 0xa0]), Err(Undecodable::Format(2))));
        for end in 0..bytes.len() {
            assert!(Charge::decode(&bytes[..end]).is_err(), "{end}");
        }
    }
}
