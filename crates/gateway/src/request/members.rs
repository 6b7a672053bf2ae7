//! Members are named: what a type of named members is read from.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// What is read from an object alone. A type of named members would also be read from a list of their values, in the order
/// in which the code has them: nobody is told of that order, and it may change.
pub(crate) struct Members<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<T>, D::Error> {
        struct Object<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Members<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Members)
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        name: String,
    }

    #[test]
    fn members_are_named() {
        let read = |body| serde_json::from_str::<Members<Named>>(body).map(|Members(named)| named);
        assert_eq!(read(r#"{"name":"a"}"#).unwrap(), Named { name: "a".into() });
        for body in [r#"["a"]"#, r#""a""#, "null", r#"{"name":"a","more":1}"#, r#"{"name":"a","name":"b"}"#] {
            assert!(read(body).unwrap_err().line() == 1, "{body}");
        }
    }
}
