//! JSON Patch (RFC 6902): operations in order, each on what those before it left.
//!
//! The library carries them out; here is what it leaves open. An operation is looked at before it is done, so that what few
//! bytes ask for stays bounded: `copy` could double a content again and again, or bury it ever deeper.

mod cost;
mod refused;

use super::work::Work;
use crate::gate::Pass;
use crate::problem::{Kind, Problem};
use ::json_patch::jsonptr::Pointer;
use ::json_patch::{AddOperation, PatchOperation, ReplaceOperation, TestOperation, patch_unsafe};
use base::Limits;
use cost::Cost;
use serde_json::Value;

/// Reads the operations, if they are not too many.
pub(super) fn decode(list: Value, limits: &Limits) -> Result<Vec<PatchOperation>, Problem> {
    let Value::Array(list) = list else {
        return Err(Problem::new(Kind::InvalidBody, "a JSON Patch is a list of operations"));
    };
    if list.len() > limits.operations {
        let what = "the number of operations in one request";
        return Err(Problem::limit(Kind::TooManyOperations, what, limits.operations, Some(list.len())));
    }
    let read = |(place, value)| operation(value).map_err(|error| refused::unreadable(place, &error));
    list.into_iter().enumerate().map(read).collect()
}

fn operation(mut value: Value) -> Result<PatchOperation, serde_json::Error> {
    // The value of an operation goes around the reader, for whom some keys have a meaning of their own.
    let given = value.get_mut("value").map(Value::take);
    let mut operation = serde_json::from_value(value)?;
    if let PatchOperation::Add(AddOperation { value, .. })
    | PatchOperation::Replace(ReplaceOperation { value, .. })
    | PatchOperation::Test(TestOperation { value, .. }) = &mut operation
    {
        *value = given.unwrap_or_default();
    }
    Ok(operation)
}

/// Carries the operations out.
pub(super) fn apply(
    mut content: Value,
    operations: Vec<PatchOperation>,
    limits: &Limits,
    room: &mut Pass,
) -> Result<Value, Problem> {
    let mut cost = Cost::new(limits, Work::new());
    for (place, operation) in operations.into_iter().enumerate() {
        cost.admit(&content, &operation, room).map_err(|problem| problem.with("operation", place))?;
        match &operation {
            PatchOperation::Test(test) => check(&content, test, place)?,
            other => {
                let done = patch_unsafe(&mut content, std::slice::from_ref(other));
                done.map_err(|error| refused::misfit(&content, other, place, &error.kind))?;
            }
        }
    }
    Ok(content)
}

fn check(content: &Value, test: &TestOperation, place: usize) -> Result<(), Problem> {
    match at(content, &test.path) {
        Some(found) if equal(found, &test.value) => Ok(()),
        Some(found) => Err(refused::test_failed(test, found, place)),
        None => Err(refused::nothing_there(content, &test.path, place)),
    }
}

fn at<'c>(content: &'c Value, path: &Pointer) -> Option<&'c Value> {
    content.pointer(path.as_str())
}

/// As the RFC has it: numbers are equal if their values are, however they are written.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || same_number(a, b) || same_number(b, a),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => a == b,
    }
}

fn same_number(whole: &serde_json::Number, float: &serde_json::Number) -> bool {
    let Some(float) = float.as_f64().filter(|float| float.fract() == 0.0) else { return false };
    let whole = whole.as_i64().map(i128::from).or_else(|| whole.as_u64().map(i128::from));
    // A float beyond the integers becomes the largest of them, which no integer of 64 bits is.
    whole == Some(float as i128)
}

#[cfg(test)]
mod tests;
