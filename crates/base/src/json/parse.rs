//! Reading JSON bytes strictly: what a plain reader would change without a word is refused by name.
//!
//! Refused are: a key that stands twice in one object (one of the two values would vanish), and an integer that needs
//! more than 64 bits (it would come back as a rounded double). A number with a fraction or an exponent is a double of
//! IEEE 754 by definition and is read to the nearest one. NUL and every other Unicode character are kept.

use super::measure::{Bounds, Excess, measure};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Why bytes are not a JSON value that a document can hold exactly.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not JSON, a key twice, or nested beyond what the reader follows. The message says which, with line and column.
    #[error("{0}")]
    Json(serde_json::Error),
    /// An integer beyond 64 bits.
    #[error(transparent)]
    Excess(#[from] Excess),
}

/// Reads one JSON value.
pub fn parse(bytes: &[u8]) -> Result<Value, ParseError> {
    measure(bytes, Bounds::NONE)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = exact(&mut reader).map_err(ParseError::Json)?;
    reader.end().map_err(ParseError::Json)?;
    Ok(value)
}

/// Reads a value inside of something else: `#[serde(deserialize_with = "base::json::exact")]`. Keys that stand twice are
/// refused here; integers are for [`measure`], because a reader of JSON shows them rounded.
pub fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Strict.deserialize(deserializer)
}

/// Builds a `Value`, refusing double keys.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(serde::de::Error::custom(format_args!(
                    "the key {key:?} stands twice in one object"
                )));
            }
            map.insert(key, entries.next_value_seed(Strict)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_64_bits_are_refused() {
        assert_eq!(parse(b"18446744073709551615").unwrap(), Value::from(u64::MAX));
        assert_eq!(parse(b"[-9223372036854775808]").unwrap()[0], Value::from(i64::MIN));
        for text in ["18446744073709551616", "{\"a\":[1,-9223372036854775809]}"] {
            assert!(
                matches!(parse(text.as_bytes()), Err(ParseError::Excess(Excess::Integer { .. }))),
                "{text}"
            );
        }
        assert!(parse(br#"{"a\"18446744073709551616":"\\18446744073709551616"}"#).is_ok());
        assert!(parse(b"1.8446744073709551616e19").is_ok());
    }

    #[test]
    fn a_key_twice_is_refused_at_any_depth() {
        let error = parse(br#"{"a":[{"b":1,"c":2,"b":3}]}"#).unwrap_err();
        assert!(error.to_string().contains("\"b\" stands twice"), "{error}");
        assert!(parse(br#"[{"b":1},{"b":2}]"#).is_ok());
    }

    #[test]
    fn no_key_has_a_meaning_to_the_reader() {
        let text = r#"{"$serde_json::private::RawValue":"[1]"}"#;
        assert_eq!(parse(text.as_bytes()).unwrap().to_string(), text);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", "{", "1 2", "\"a", "1e999", "nul", "\"\\"] {
            assert!(matches!(parse(text.as_bytes()), Err(ParseError::Json(_))), "{text}");
        }
    }

    #[test]
    fn doubles_are_read_to_the_nearest() {
        for value in [0.1, 5e-324, f64::MAX, 123456789.12345679, -0.0, 2.2250738585072014e-308] {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(parse(text.as_bytes()).unwrap().as_f64().map(f64::to_bits), Some(f64::to_bits(value)));
        }
    }
}
