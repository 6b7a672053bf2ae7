//! Reads what stands as a string in JSON and is more than a string here.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

/// Reads a string by the grammar of its type.
pub(crate) fn from_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use crate::{DocId, Hash, Slot, UserId};

    #[test]
    fn what_is_written_is_read_and_the_grammar_is_kept() {
        let id = DocId::mint(Slot::new(5).unwrap(), [7; 16]);
        let all = (Hash([9; 32]), id, UserId::new("ada").unwrap());
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<(Hash, DocId, UserId)>(&text).unwrap(), all);
        assert!(serde_json::from_str::<Hash>("\"12\"").is_err());
        assert!(serde_json::from_str::<UserId>("\"a:b\"").is_err());
        assert!(serde_json::from_str::<DocId>("7").is_err());
    }
}
