//! What is told of an operation that cannot be carried out: which it is, and what was found in its way.

use crate::patch::excerpt;
use crate::problem::{Kind, Problem};
use ::json_patch::jsonptr::Pointer;
use ::json_patch::{PatchErrorKind, PatchOperation, TestOperation};
use serde_json::Value;

/// It is no operation.
pub(super) fn unreadable(place: usize, error: &serde_json::Error) -> Problem {
    let reason = excerpt::line(&error.to_string());
    Problem::new(Kind::InvalidBody, format!("operation {place}: {reason}")).with("operation", place)
}

/// Another value is there than the one that a test names.
pub(super) fn test_failed(test: &TestOperation, found: &Value, place: usize) -> Problem {
    let path = excerpt::line(test.path.as_str());
    let detail = format!("operation {place} tests {path:?}, where something else is found");
    Problem::new(Kind::TestFailed, detail)
        .with("operation", place)
        .with("path", path)
        .with("expected", excerpt::value(&test.value))
        .with("found", excerpt::value(found))
}

/// The path leads nowhere, or to where this cannot be done; as far as it leads is told.
pub(super) fn nothing_there(content: &Value, path: &Pointer, place: usize) -> Problem {
    let (way, found) = reach(content, path);
    let (path, way, found) = (excerpt::line(path.as_str()), excerpt::line(&way), excerpt::kind(found));
    let detail = if path == way {
        format!("operation {place} cannot be done at {path:?}, where there is {found}")
    } else {
        format!("operation {place}: {path:?} leads nowhere; at {way:?} there is {found}")
    };
    Problem::new(Kind::BadEdit, detail)
        .with("operation", place)
        .with("path", path)
        .with("reached", way)
        .with("found", found)
}

/// The library does not carry it out.
pub(super) fn misfit(
    content: &Value,
    operation: &PatchOperation,
    place: usize,
    kind: &PatchErrorKind,
) -> Problem {
    match (kind, operation) {
        (PatchErrorKind::CannotMoveInsideItself, _) => {
            let detail = format!("operation {place} moves a value into itself");
            Problem::new(Kind::BadEdit, detail).with("operation", place)
        }
        (PatchErrorKind::InvalidFromPointer, PatchOperation::Move(mv)) => {
            nothing_there(content, &mv.from, place)
        }
        (PatchErrorKind::InvalidFromPointer, PatchOperation::Copy(copy)) => {
            nothing_there(content, &copy.from, place)
        }
        _ => nothing_there(content, operation.path(), place),
    }
}

/// The deepest value that a path leads to, and how it leads there.
fn reach<'c>(content: &'c Value, path: &Pointer) -> (String, &'c Value) {
    let (mut way, mut at) = (String::new(), content);
    for token in path.tokens() {
        let key = token.decoded();
        let next = match at {
            Value::Object(entries) => entries.get(key.as_ref()),
            Value::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        let Some(next) = next else { break };
        way.push('/');
        way.push_str(token.encoded());
        at = next;
    }
    (way, at)
}
