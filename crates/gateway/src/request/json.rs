//! Reads JSON of a known shape, after its depth has been measured: parsers recurse, and so does all that comes after.

use crate::problem::{Kind, Problem};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::error::Category;

/// How many levels the request around a value adds: the body, its list of operations, one operation.
const ENVELOPE_DEPTH: usize = 3;

/// The deepest that the parser goes; settings beyond it reach no further.
const PARSER_DEPTH: usize = 127;

/// Reads a body. `depth_max` is for the values in it; the request around them is not counted.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8], depth_max: usize) -> Result<T, Problem> {
    let allowed = depth_max.saturating_add(ENVELOPE_DEPTH).min(PARSER_DEPTH);
    if nests_beyond(body, allowed) {
        let limit = allowed - ENVELOPE_DEPTH;
        return Err(Problem::limit(Kind::JsonTooDeep, "the depth of nested JSON", limit, None));
    }
    serde_json::from_slice(body).map_err(|error| {
        let kind = if error.classify() == Category::Data { Kind::InvalidBody } else { Kind::MalformedJson };
        Problem::new(kind, error.to_string()).with("line", error.line()).with("column", error.column())
    })
}

/// Refuses a body that says it is something else than JSON, or nothing.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let essence = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let given = given.map_or_else(|| "none was given".to_owned(), |given| format!("this says {given:?}"));
    Err(Problem::new(
        Kind::UnsupportedType,
        format!("send the header Content-Type: application/json; {given}"),
    ))
}

/// For a member that may be absent, but is taken at its word when it is there: `null` is a value.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Whether brackets outside of strings nest more than `max` deep. Knows nothing else of JSON: the parser does.
fn nests_beyond(text: &[u8], max: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn depth_is_bounded_before_parsing() {
        assert!(parse::<Value>(nested(10 + ENVELOPE_DEPTH).as_bytes(), 10).is_ok());
        let deep = parse::<Value>(nested(11 + ENVELOPE_DEPTH).as_bytes(), 10).unwrap_err();
        assert_eq!(deep.kind, Kind::JsonTooDeep);
        assert_eq!(deep.members, [("limit", Value::from(10))]);
    }

    #[test]
    fn a_setting_beyond_the_parsers_depth_gives_the_same_problem() {
        assert!(parse::<Value>(nested(PARSER_DEPTH).as_bytes(), 100_000).is_ok());
        let deep = parse::<Value>(nested(PARSER_DEPTH + 1).as_bytes(), 100_000).unwrap_err();
        assert_eq!(deep.kind, Kind::JsonTooDeep);
        let hostile = parse::<Value>("[".repeat(1 << 20).as_bytes(), usize::MAX).unwrap_err();
        assert_eq!(hostile.kind, Kind::JsonTooDeep);
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert!(parse::<Value>(br#"["[[[[[[\"[[[[", "\\", []]"#, 0).is_ok());
    }

    #[test]
    fn errors_say_where() {
        let problem = parse::<Value>(b"{\n  \"a\": nope\n}", 10).unwrap_err();
        assert_eq!(problem.kind, Kind::MalformedJson);
        assert_eq!(problem.members[0], ("line", Value::from(2)));
        assert_eq!(parse::<Value>(b"", 10).unwrap_err().kind, Kind::MalformedJson);
        assert_eq!(parse::<Vec<u8>>(b"{}", 10).unwrap_err().kind, Kind::InvalidBody);
    }

    #[test]
    fn only_json_is_taken() {
        let check = |value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(CONTENT_TYPE, value.parse().unwrap());
            }
            require_json(&headers).is_ok()
        };
        assert!(check(Some("application/json")));
        assert!(check(Some("Application/JSON ; charset=utf-8")));
        assert!(!check(Some("application/json-patch+json")));
        assert!(!check(Some("text/plain")));
        assert!(!check(None));
    }

    proptest! {
        #[test]
        fn the_measure_agrees_with_the_parser(depth in 0usize..20, max in 0usize..20) {
            prop_assert_eq!(nests_beyond(nested(depth).as_bytes(), max), depth > max);
        }

        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse::<Value>(&bytes, 5);
        }
    }
}
