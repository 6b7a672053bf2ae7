//! `Content`: a JSON value as a document can hold it, read from a client's body with the tags resolved.

use super::base64;
use super::tag::{self, Tag};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// One value, typed as Automerge types it. Map keys are in the order in which documents keep them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
    Counter(i64),
    Timestamp(i64),
    Bytes(Vec<u8>),
    /// A scalar of a future Automerge, kept as it came.
    Unknown {
        code: u8,
        bytes: Vec<u8>,
    },
    List(Vec<Content>),
    Map(BTreeMap<String, Content>),
}

/// Why a JSON value cannot be the content of a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Objects and lists nest too deeply.
    #[error(
        "objects and lists nest deeper than {limit} levels; store the inner part as a document of its own"
    )]
    TooDeep {
        /// The deepest nesting that is accepted.
        limit: usize,
    },
    /// An object looks like a tagged value but is none.
    #[error(
        "{{\"{tag}\": …}} at {path:?} must hold {expected}; to store this object as it stands, wrap it: \
         {{\"$map\": {{\"{tag}\": …}}}}"
    )]
    BadTag {
        /// Where the object is, as a JSON pointer.
        path: String,
        /// The reserved key.
        tag: &'static str,
        /// What its value must be.
        expected: &'static str,
    },
}

impl Content {
    /// Reads a client's JSON. `depth` is how many levels of objects and lists may nest.
    pub(crate) fn read(value: &Value, depth: usize) -> Result<Content, ContentError> {
        Reader { limit: depth, path: Vec::new() }.value(value, depth)
    }

    /// Bytes of text, keys and binary in it: what a change that writes it carries at least.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Content::Text(text) => text.len() + 2,
            Content::Bytes(bytes) | Content::Unknown { bytes, .. } => bytes.len() * 4 / 3 + 16,
            Content::List(items) => 2 + items.iter().map(|item| item.bytes() + 1).sum::<usize>(),
            Content::Map(entries) => {
                2 + entries.iter().map(|(key, value)| key.len() + 4 + value.bytes()).sum::<usize>()
            }
            _ => 24,
        }
    }

    /// The word for its type in messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Content::Null => "null",
            Content::Bool(_) => "a boolean",
            Content::Int(_) | Content::Uint(_) | Content::Float(_) => "a number",
            Content::Text(_) => "a string",
            Content::Counter(_) => "a counter",
            Content::Timestamp(_) => "a timestamp",
            Content::Bytes(_) => "bytes",
            Content::Unknown { .. } => "a value of an unknown type",
            Content::List(_) => "a list",
            Content::Map(_) => "an object",
        }
    }
}

/// Where the reading is, so that an error can say it.
struct Reader<'a> {
    limit: usize,
    path: Vec<Step<'a>>,
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Reader<'a> {
    fn value(&mut self, value: &'a Value, depth: usize) -> Result<Content, ContentError> {
        Ok(match value {
            Value::Null => Content::Null,
            Value::Bool(value) => Content::Bool(*value),
            Value::Number(number) => self::number(number),
            Value::String(text) => Content::Text(text.clone()),
            Value::Array(items) => self.list(items, depth)?,
            Value::Object(entries) => match tag::of(entries) {
                Some((tag, body)) => self.tagged(tag, body, depth)?,
                None => self.map(entries, depth)?,
            },
        })
    }

    fn list(&mut self, items: &'a [Value], depth: usize) -> Result<Content, ContentError> {
        let inner = self.deeper(depth)?;
        let mut list = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.path.push(Step::Index(index));
            list.push(self.value(item, inner)?);
            self.path.pop();
        }
        Ok(Content::List(list))
    }

    fn map(&mut self, entries: &'a Map<String, Value>, depth: usize) -> Result<Content, ContentError> {
        let inner = self.deeper(depth)?;
        let mut map = BTreeMap::new();
        for (key, value) in entries {
            self.path.push(Step::Key(key));
            map.insert(key.clone(), self.value(value, inner)?);
            self.path.pop();
        }
        Ok(Content::Map(map))
    }

    fn tagged(&mut self, tag: Tag, body: &'a Value, depth: usize) -> Result<Content, ContentError> {
        let content = match (tag, body) {
            (Tag::Map, Value::Object(entries)) => return self.map(entries, depth),
            (Tag::Counter, Value::Number(n)) => n.as_i64().map(Content::Counter),
            (Tag::Timestamp, Value::Number(n)) => n.as_i64().map(Content::Timestamp),
            (Tag::Bytes, Value::String(text)) => base64::decode(text).map(Content::Bytes),
            (Tag::Float, Value::String(name)) => tag::float(name).map(Content::Float),
            (Tag::Unknown, Value::Array(parts)) => unknown(parts),
            _ => None,
        };
        content.ok_or_else(|| ContentError::BadTag {
            path: self.pointer(),
            tag: tag.key(),
            expected: tag.expected(),
        })
    }

    fn deeper(&self, depth: usize) -> Result<usize, ContentError> {
        depth.checked_sub(1).ok_or(ContentError::TooDeep { limit: self.limit })
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.path {
            pointer.push('/');
            match step {
                Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}

fn number(number: &Number) -> Content {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(int), _, _) => Content::Int(int),
        (None, Some(uint), _) => Content::Uint(uint),
        (None, None, float) => Content::Float(
            float.expect("a JSON number that is no integer is a double: serde_json reads no others"),
        ),
    }
}

fn unknown(parts: &[Value]) -> Option<Content> {
    let [code, bytes] = parts else { return None };
    let code = u8::try_from(code.as_u64()?).ok()?;
    Some(Content::Unknown { code, bytes: base64::decode(bytes.as_str()?)? })
}

/// Contents of every kind, for property tests.
#[cfg(test)]
pub(crate) mod strategy {
    use super::Content;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Texts with characters of every width, graphemes of several, NUL and what JSON escapes.
    pub(crate) fn text() -> impl Strategy<Value = String> {
        let parts = [
            "a",
            "b",
            " ",
            "\n",
            "\r\n",
            "\0",
            "\"",
            "\\",
            "é",
            "e\u{301}",
            "水",
            "😀",
            "👨‍👩‍👧",
            "🇩🇪",
            "\u{fffc}",
        ];
        proptest::collection::vec(proptest::sample::select(parts.to_vec()), 0..8)
            .prop_map(|parts| parts.concat())
    }

    /// Keys, some of them reserved ones.
    pub(crate) fn key() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "[a-d]{0,2}",
            1 => proptest::sample::select(vec!["$counter", "$bytes", "$map", "$ref", "$", "content", "é"])
                .prop_map(str::to_owned),
        ]
    }

    /// One value that holds no others.
    pub(crate) fn leaf() -> impl Strategy<Value = Content> {
        prop_oneof![
            Just(Content::Null),
            any::<bool>().prop_map(Content::Bool),
            prop_oneof![-3i64..3, any::<i64>()].prop_map(Content::Int),
            (i64::MAX as u64 + 1..=u64::MAX).prop_map(Content::Uint),
            any::<f64>().prop_map(|float| Content::Float(if float.is_nan() { f64::NAN } else { float })),
            text().prop_map(Content::Text),
            any::<i64>().prop_map(Content::Counter),
            any::<i64>().prop_map(Content::Timestamp),
            proptest::collection::vec(any::<u8>(), 0..5).prop_map(Content::Bytes),
            (10u8..16, proptest::collection::vec(any::<u8>(), 0..3))
                .prop_map(|(code, bytes)| Content::Unknown { code, bytes }),
        ]
    }

    /// Any value.
    pub(crate) fn content() -> impl Strategy<Value = Content> {
        leaf().prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Content::List),
                proptest::collection::btree_map(key(), inner, 0..4).prop_map(Content::Map),
            ]
        })
    }

    /// The entries of a JSON document.
    pub(crate) fn entries() -> impl Strategy<Value = BTreeMap<String, Content>> {
        proptest::collection::btree_map(key(), content(), 0..5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Content, ContentError> {
        Content::read(&value, 4)
    }

    #[test]
    fn numbers_keep_their_type() {
        assert_eq!(read(json!(-3)), Ok(Content::Int(-3)));
        assert_eq!(read(json!(u64::MAX)), Ok(Content::Uint(u64::MAX)));
        assert_eq!(read(json!(5.0)), Ok(Content::Float(5.0)));
    }

    #[test]
    fn nesting_is_limited() {
        assert!(read(json!([[[[1]]]])).is_ok());
        assert_eq!(read(json!([[[[[]]]]])), Err(ContentError::TooDeep { limit: 4 }));
    }

    #[test]
    fn a_tag_that_holds_something_else_is_named_with_its_place() {
        let error = read(json!({"a/b": [{"$counter": "x"}]})).unwrap_err();
        assert_eq!(
            error,
            ContentError::BadTag {
                path: "/a~1b/0".into(),
                tag: "$counter",
                expected: Tag::Counter.expected()
            }
        );
    }

    #[test]
    fn only_reserved_single_keys_are_tags() {
        assert!(matches!(read(json!({"$ref": 1})), Ok(Content::Map(_))));
        assert!(matches!(read(json!({"$counter": 1, "b": 1})), Ok(Content::Map(_))));
        let plain = Content::Map([("$counter".to_owned(), Content::Int(1))].into());
        assert_eq!(read(json!({"$map": {"$counter": 1}})), Ok(plain));
    }
}
