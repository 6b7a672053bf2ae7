//! How a thing is stored: as a JSON object, with the version of its format in it.

use super::StateError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The format that is written. One that adds fields keeps its number; one that an older reader would misread has the next.
const FORMAT: u32 = 1;

/// The longest value that is looked at, in bytes: etcd takes 1.5 MiB in a request.
const VALUE_BYTES_MAX: usize = 2 << 20;

/// Why a value is not one, though its JSON has the right shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid(pub(crate) &'static str);

/// What holds for a value beyond its shape.
pub trait Checked {
    /// Says what is wrong with it.
    fn check(&self) -> Result<(), Invalid>;
}

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    format: u32,
    #[serde(flatten)]
    value: T,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// The bytes to store.
pub(crate) fn encode<T: Serialize + Checked>(value: &T) -> Vec<u8> {
    debug_assert_eq!(value.check(), Ok(()), "what is stored has been checked");
    serde_json::to_vec(&Versioned { format: FORMAT, value })
        .expect("numbers, texts and lists are always JSON")
}

/// Reads what is stored below `key`.
pub(crate) fn decode<T: DeserializeOwned + Checked>(key: &str, stored: &[u8]) -> Result<T, StateError> {
    let damaged = |reason: String| StateError::Damaged { key: key.into(), reason };
    if stored.len() > VALUE_BYTES_MAX {
        return Err(damaged(format!("it has {} bytes", stored.len())));
    }
    let Format { format } = serde_json::from_slice(stored).map_err(|error| damaged(error.to_string()))?;
    if format != FORMAT {
        return Err(StateError::Format { key: key.into(), format });
    }
    let versioned: Versioned<T> =
        serde_json::from_slice(stored).map_err(|error| damaged(error.to_string()))?;
    versioned.value.check().map_err(|Invalid(reason)| damaged(reason.into()))?;
    Ok(versioned.value)
}
