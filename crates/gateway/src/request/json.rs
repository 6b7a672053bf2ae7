//! Reads JSON of a known shape, after it has been measured: parsers recurse, and values take more room than their text.

use super::body::no_room;
use crate::gate::Pass;
use crate::problem::{Kind, Problem};
use base::Limits;
use base::json::{Bounds, Excess, measure};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde::de::{DeserializeOwned, IgnoredAny};

/// How many levels the request around a value adds: the body, its list of operations, one operation.
const ENVELOPE_DEPTH: usize = 3;

/// The deepest that the parser goes; settings beyond it reach no further.
const PARSER_DEPTH: usize = 127;

/// What one value takes in memory at worst, in bytes. An object of one entry has a table for several, so that objects in
/// objects take 360 bytes for each; the rest is for what the allocator rounds up.
const VALUE_BYTES: usize = 512;

/// The room that the largest body takes, with the values in it.
pub(crate) fn room_max(limits: &Limits) -> usize {
    limits.json_values.saturating_mul(VALUE_BYTES).saturating_add(limits.body_bytes)
}

/// Reads a body. The limit of depth is for the values in it; the request around them is not counted. `room` grows by
/// what they take, and is to be kept as long as they.
pub(crate) fn parse<T: DeserializeOwned>(
    body: &[u8],
    limits: &Limits,
    room: &mut Pass,
) -> Result<T, Problem> {
    let depth = limits.json_depth.saturating_add(ENVELOPE_DEPTH).min(PARSER_DEPTH);
    let values = measure(body, Bounds { depth, values: limits.json_values })
        .map_err(|excess| too_much(excess, body))?;
    if !room.grow(values.saturating_mul(VALUE_BYTES)) {
        return Err(no_room());
    }
    serde_json::from_slice(body).map_err(|error| {
        // Whether it is JSON is asked of the whole: a parser of one shape stops at the first thing that it does not
        // want, and takes some values of a wrong type for broken syntax.
        let broken = serde_json::from_slice::<IgnoredAny>(body).err();
        let is_json = broken.is_none() && str::from_utf8(body).is_ok();
        let kind = if is_json { Kind::InvalidBody } else { Kind::MalformedJson };
        let error = broken.unwrap_or(error);
        at(Problem::new(kind, error.to_string()), error.line(), error.column())
    })
}

fn too_much(excess: Excess, body: &[u8]) -> Problem {
    match excess {
        Excess::Depth { limit } => {
            let limit = limit - ENVELOPE_DEPTH;
            Problem::limit(Kind::JsonTooDeep, "the depth of nested JSON", limit, None)
        }
        Excess::Values { limit } => {
            Problem::limit(Kind::TooManyValues, "the number of JSON values in a body", limit, None)
        }
        Excess::Integer { at: offset, .. } => {
            let before = &body[..offset];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
            at(Problem::new(Kind::InvalidBody, excess.to_string()), line, column)
        }
    }
}

fn at(problem: Problem, line: usize, column: usize) -> Problem {
    problem.with("line", line).with("column", column)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use proptest::prelude::*;
    use serde_json::Value;

    /// The depth and the number of values.
    fn size(value: &Value) -> (usize, usize) {
        let sum = |sizes: Vec<(usize, usize)>| {
            let deepest = sizes.iter().map(|size| size.0).max().unwrap_or(0);
            (deepest + 1, sizes.iter().map(|size| size.1).sum::<usize>() + 1)
        };
        match value {
            Value::Array(items) => sum(items.iter().map(size).collect()),
            Value::Object(entries) => sum(entries.values().map(size).collect()),
            _ => (0, 1),
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = || "[a:,\"\\\\{}1\\[]{0,4}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::hash_map(text(), inner, 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    /// Room for anything.
    fn room() -> Pass {
        Gate::new(usize::MAX).pass()
    }

    fn parse<T: DeserializeOwned>(body: &[u8], json_depth: usize) -> Result<T, Problem> {
        super::parse(body, &Limits { json_depth, ..Limits::default() }, &mut room())
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
    fn values_take_their_room_before_they_are_made() {
        let limits = Limits { json_values: 3, ..Limits::default() };
        let gate = Gate::new(3 * VALUE_BYTES);
        let (mut first, mut second) = (gate.pass(), gate.pass());
        let many = super::parse::<Value>(b"[1,2,3]", &limits, &mut first).unwrap_err();
        assert_eq!((many.kind, gate.taken()), (Kind::TooManyValues, 0));
        assert!(super::parse::<Value>(b"[1,2]", &limits, &mut first).is_ok());
        assert_eq!(gate.taken(), 3 * VALUE_BYTES);
        let full = super::parse::<Value>(b"1", &limits, &mut second).unwrap_err();
        assert_eq!(full.kind, Kind::NoRoomForBody);
    }

    #[test]
    fn only_what_is_no_json_is_malformed() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Word {
            Yes,
        }
        let kind = |body: &[u8]| parse::<[Word; 2]>(body, 10).unwrap_err().kind;
        for body in [&b"[\"yes\", 2]"[..], b"[\"yes\", null]", b"[\"yes\", \"no\"]", b"{}"] {
            assert_eq!(kind(body), Kind::InvalidBody, "{body:?}");
        }
        for body in [&b"[2, nope]"[..], b"[\"yes\", \"\xff\"]", b"[\"yes\"", b""] {
            assert_eq!(kind(body), Kind::MalformedJson, "{body:?}");
        }
        assert!(matches!(parse::<[Word; 1]>(b"[\"yes\"]", 10), Ok([Word::Yes])));
    }

    #[test]
    fn errors_say_where() {
        let problem = parse::<Value>(b"{\n  \"a\": nope\n}", 10).unwrap_err();
        assert_eq!(problem.kind, Kind::MalformedJson);
        assert_eq!(problem.members[0], ("line", Value::from(2)));
        assert_eq!(parse::<Value>(b"", 10).unwrap_err().kind, Kind::MalformedJson);
        assert_eq!(parse::<Vec<u8>>(b"{}", 10).unwrap_err().kind, Kind::InvalidBody);
        let big = parse::<Value>(b"[1,\n 18446744073709551616]", 10).unwrap_err();
        assert_eq!(big.kind, Kind::InvalidBody);
        assert_eq!(big.members, [("line", Value::from(2)), ("column", Value::from(2))]);
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
        fn the_measure_is_that_of_the_value(value in value(), pretty: bool) {
            let write = if pretty { serde_json::to_string_pretty } else { serde_json::to_string };
            let text = write(&value).unwrap();
            let (depth, values) = size(&value);
            let measure = |depth, values| measure(text.as_bytes(), Bounds { depth, values });
            prop_assert_eq!(measure(depth, values), Ok(values));
            prop_assert_eq!(measure(depth, values - 1), Err(Excess::Values { limit: values - 1 }));
            if depth > 0 {
                prop_assert_eq!(measure(depth - 1, values), Err(Excess::Depth { limit: depth - 1 }));
            }
        }

        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse::<Value>(&bytes, 5);
        }
    }
}
