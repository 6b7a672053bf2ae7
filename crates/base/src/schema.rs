//! How the words that print as text look in JSON Schema: the reference of the API is made from it.

use crate::{DocId, Hash, Timestamp, UserId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

macro_rules! text {
    ($type:ident as $name:literal: $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

text!(DocId as "DocumentId": {
    "description": "A document's id: a UUID, as the hub prints it, or the base58check form of an `automerge:` URL, with or \
                    without the scheme.",
    "type": "string",
    "anyOf": [{ "format": "uuid" }, { "pattern": "^(automerge:)?[1-9A-HJ-NP-Za-km-z]{20,28}$" }],
    "examples": ["0015c8a2-5f6e-8d3b-9a41-7c20e4b1d9f3"],
});

text!(Hash as "Hash": {
    "description": "The SHA-256 hash that names a change, in hexadecimal digits.",
    "type": "string",
    "pattern": "^[0-9A-Fa-f]{64}$",
    "examples": ["9f3c2e5d8a7b6c4f1e0d9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f"],
});

text!(Timestamp as "Time": {
    "description": "A time in UTC with milliseconds (RFC 3339): for people and for expiry, never for order.",
    "type": "string",
    "format": "date-time",
    "examples": ["2026-11-21T04:00:00.000Z"],
});

text!(UserId as "User": {
    "description": "A user within a tenant.",
    "type": "string",
    "pattern": "^[A-Za-z0-9._@+-]{1,128}$",
    "examples": ["bob"],
});

#[cfg(test)]
mod tests {
    use super::*;

    /// What the schema says of a type holds for what it prints; patterns are checked where a validator is, against a hub.
    #[test]
    fn each_has_a_name_of_its_own_and_is_text() {
        let mut generator = SchemaGenerator::default();
        let names =
            [DocId::schema_name(), Hash::schema_name(), Timestamp::schema_name(), UserId::schema_name()];
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        for schema in [
            DocId::json_schema(&mut generator),
            Hash::json_schema(&mut generator),
            Timestamp::json_schema(&mut generator),
            UserId::json_schema(&mut generator),
        ] {
            assert_eq!(schema.get("type"), Some(&"string".into()));
        }
    }

    #[test]
    fn the_examples_are_of_the_types() {
        let example = |schema: Schema| schema.get("examples").unwrap()[0].as_str().unwrap().to_owned();
        let generator = &mut SchemaGenerator::default();
        example(DocId::json_schema(generator)).parse::<DocId>().unwrap();
        example(Hash::json_schema(generator)).parse::<Hash>().unwrap();
        example(UserId::json_schema(generator)).parse::<UserId>().unwrap();
    }
}
