//! Document ids as the protocol writes them: base58check of their 16 bytes.
//!
//! Every message names its document, so this is on the hot path: twenty bytes go through three limbs of ten digits
//! each, not digit by digit.

use base::{DocId, DocIdError};
use sha2::{Digest, Sha256};
use std::fmt;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// The value of each byte as a digit; [`NO_DIGIT`] for those that are none.
const DIGITS: [u8; 256] = digits();
const NO_DIGIT: u8 = u8::MAX;

const ID_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 4;
const BYTES: usize = ID_BYTES + CHECKSUM_BYTES;
/// Twenty bytes take at most this many digits: 58^28 > 2^160 > 58^27.
const DIGITS_MAX: usize = 28;
/// Digits in a limb: 58^10 < 2^59.
const LIMB_DIGITS: usize = 10;
const LIMB: u64 = 58u64.pow(LIMB_DIGITS as u32);

/// The text of a document id, held in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DocumentName {
    digits: [u8; DIGITS_MAX],
    length: u8,
}

impl DocumentName {
    /// The name.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.length.into()]).expect("every digit is ASCII")
    }
}

impl From<DocId> for DocumentName {
    fn from(id: DocId) -> DocumentName {
        let mut bytes = [0; BYTES];
        bytes[..ID_BYTES].copy_from_slice(id.as_bytes());
        bytes[ID_BYTES..].copy_from_slice(&checksum(id.as_bytes()));
        encode(&bytes)
    }
}

impl fmt::Display for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The document that a message names.
pub fn document_id(name: &str) -> Result<DocId, DocIdError> {
    let bytes = decode(name.as_bytes()).ok_or(DocIdError::Malformed)?;
    let (id, check) = bytes.split_first_chunk::<ID_BYTES>().expect("twenty bytes hold sixteen");
    if checksum(id) != check {
        return Err(DocIdError::Malformed);
    }
    DocId::from_bytes(*id)
}

fn checksum(id: &[u8; ID_BYTES]) -> [u8; CHECKSUM_BYTES] {
    let twice = Sha256::digest(Sha256::digest(id));
    *twice.first_chunk().expect("a digest has 32 bytes")
}

/// Twenty bytes as digits. Each zero byte in front is a `1` of its own.
fn encode(bytes: &[u8; BYTES]) -> DocumentName {
    let mut number = words(bytes);
    let mut digits = [0; 3 * LIMB_DIGITS];
    for limb in digits.rchunks_mut(LIMB_DIGITS) {
        let mut rest = divide(&mut number);
        for digit in limb.iter_mut().rev() {
            *digit = (rest % 58) as u8;
            rest /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let first = digits.iter().take_while(|digit| **digit == 0).count();
    let mut name = DocumentName { digits: [ALPHABET[0]; DIGITS_MAX], length: 0 };
    name.length = (zeros + digits.len() - first) as u8;
    for (place, digit) in name.digits[zeros..].iter_mut().zip(&digits[first..]) {
        *place = ALPHABET[usize::from(*digit)];
    }
    name
}

/// Digits as twenty bytes; nothing if they are other digits, or another number of bytes.
fn decode(digits: &[u8]) -> Option<[u8; BYTES]> {
    if digits.len() > DIGITS_MAX {
        return None;
    }
    let mut number = [0u32; BYTES / 4];
    for limb in digits.chunks(LIMB_DIGITS) {
        let mut value = 0;
        for digit in limb {
            let digit = DIGITS[usize::from(*digit)];
            if digit == NO_DIGIT {
                return None;
            }
            value = value * 58 + u64::from(digit);
        }
        multiply_add(&mut number, 58u64.pow(limb.len() as u32), value)?;
    }
    let mut bytes = [0; BYTES];
    for (place, word) in bytes.chunks_exact_mut(4).zip(number) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    let zeros = |bytes: &[u8], zero| bytes.iter().take_while(|byte| **byte == zero).count();
    (zeros(&bytes, 0) == zeros(digits, ALPHABET[0])).then_some(bytes)
}

fn words(bytes: &[u8; BYTES]) -> [u32; BYTES / 4] {
    let mut words = [0; BYTES / 4];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_be_bytes(bytes.try_into().expect("chunks of four"));
    }
    words
}

/// Divides by [`LIMB`]; gives the rest.
fn divide(number: &mut [u32; BYTES / 4]) -> u64 {
    let mut rest = 0u128;
    for word in number {
        let current = rest << 32 | u128::from(*word);
        // The rest is below LIMB < 2^59, so the quotient of each step fits a word.
        *word = (current / u128::from(LIMB)) as u32;
        rest = current % u128::from(LIMB);
    }
    rest as u64
}

/// `number × factor + term`; nothing if it does not fit.
fn multiply_add(number: &mut [u32; BYTES / 4], factor: u64, term: u64) -> Option<()> {
    let mut carry = u128::from(term);
    for word in number.iter_mut().rev() {
        let current = u128::from(*word) * u128::from(factor) + carry;
        *word = current as u32;
        carry = current >> 32;
    }
    (carry == 0).then_some(())
}

const fn digits() -> [u8; 256] {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        digits[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same by the book.
    fn reference(bytes: &[u8]) -> String {
        bs58::encode(bytes).with_check().into_string()
    }

    #[test]
    fn names_of_the_reference_client_are_read() {
        // Made by automerge-repo 2.5.6.
        let name = "4NMNnkMhL8jXrdJ9jamS58PAVdXu";
        let id = document_id(name).unwrap();
        assert_eq!(DocumentName::from(id).as_str(), name);
        assert_eq!(id, name.parse().unwrap());
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for wrong in ["", "hello", "0OIl", "4NMNnkMhL8jXrdJ9jamS58PAVdXv", &"z".repeat(28), &"1".repeat(29)] {
            assert_eq!(document_id(wrong), Err(DocIdError::Malformed), "{wrong}");
        }
        // A UUID of version 7: well made, and not an id of this hub.
        let other = reference(&0x0189_0a5d_ac96_774b_bcce_b302_099a_8057_u128.to_be_bytes());
        assert_eq!(document_id(&other), Err(DocIdError::Version));
    }

    proptest! {
        #[test]
        fn encoding_is_that_of_the_book(zeros in 0..16usize, mut bytes: [u8; 16]) {
            bytes[..zeros].fill(0);
            let mut checked = [0; BYTES];
            checked[..16].copy_from_slice(&bytes);
            checked[16..].copy_from_slice(&checksum(&bytes));
            let name = encode(&checked);
            prop_assert_eq!(name.as_str(), reference(&bytes));
            prop_assert_eq!(decode(reference(&bytes).as_bytes()), Some(checked));
        }

        #[test]
        fn decoding_takes_what_the_book_takes(name in "[1-9A-HJ-NP-Za-km-z]{0,30}") {
            let expected: Option<[u8; BYTES]> =
                bs58::decode(&name).into_vec().ok().and_then(|bytes| bytes.try_into().ok());
            prop_assert_eq!(decode(name.as_bytes()), expected);
        }

        #[test]
        fn ids_come_back(mut bytes: [u8; 16]) {
            bytes[6] = 0x40 | bytes[6] & 0xf;
            bytes[8] = 0x80 | bytes[8] & 0x3f;
            let id = DocId::from_bytes(bytes).unwrap();
            prop_assert_eq!(document_id(DocumentName::from(id).as_str()), Ok(id));
        }
    }
}
