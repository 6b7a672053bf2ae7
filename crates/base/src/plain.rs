//! Operations carried out on a plain copy of a document: all that a client without a CRDT library needs.
//!
//! This is what the operations of an update mean; a client in another language does the same in some thirty lines. The
//! copy is JSON as the hub prints it, and a tagged value such as `{"$counter": 3}` is one value: no path leads into it.

use crate::{Op, PathStep};
use serde_json::Value;

/// The key under which JSON shows a counter.
const COUNTER: &str = "$counter";

/// Why an operation does not fit the copy: it is not the state that the operations were made for. Ask for a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("operation {op} does not fit the copy: {misfit}")]
pub struct ApplyError {
    /// Which operation, counted from 0. Those before it were carried out.
    pub op: usize,
    /// How.
    #[source]
    pub misfit: Misfit,
}

/// How an operation does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Its path leads nowhere.
    #[error("there is nothing at its path")]
    Nothing,
    /// What is at its path is of another type.
    #[error("what is at its path is of another type")]
    Type,
    /// A position beyond the end, or inside of a character.
    #[error("its position is beyond the end or inside of a character")]
    Position,
    /// A counter would leave 64 bits.
    #[error("the counter would leave 64 bits")]
    Overflow,
}

/// Carries out operations in order, each on what the ones before it left. Text positions are UTF-16 code units.
///
/// After an error the copy is somewhere in between: it is to be replaced by a snapshot.
pub fn apply(copy: &mut Value, ops: &[Op]) -> Result<(), ApplyError> {
    for (op, operation) in ops.iter().enumerate() {
        one(copy, operation).map_err(|misfit| ApplyError { op, misfit })?;
    }
    Ok(())
}

fn one(copy: &mut Value, op: &Op) -> Result<(), Misfit> {
    match op {
        Op::Set { path, value } => set(copy, path, value),
        Op::Insert { path, value } => insert(copy, path, value),
        Op::Delete { path } => delete(copy, path),
        Op::Splice { path, position, delete, insert } => match at(copy, path)? {
            Value::String(text) => splice(text, *position, *delete, insert),
            _ => Err(Misfit::Type),
        },
        Op::Increment { path, by } => increment(at(copy, path)?, *by),
    }
}

fn set(copy: &mut Value, path: &[PathStep], value: &Value) -> Result<(), Misfit> {
    let Some((last, way)) = path.split_last() else {
        *copy = value.clone();
        return Ok(());
    };
    match (at(copy, way)?, last) {
        (Value::Object(entries), PathStep::Key(key)) => {
            entries.insert(key.clone(), value.clone());
        }
        (Value::Array(items), PathStep::Index(index)) => {
            *items.get_mut(*index).ok_or(Misfit::Nothing)? = value.clone();
        }
        _ => return Err(Misfit::Type),
    }
    Ok(())
}

fn insert(copy: &mut Value, path: &[PathStep], value: &Value) -> Result<(), Misfit> {
    match parent(copy, path)? {
        (Value::Array(items), PathStep::Index(index)) if *index <= items.len() => {
            items.insert(*index, value.clone());
            Ok(())
        }
        (Value::Array(_), PathStep::Index(_)) => Err(Misfit::Position),
        _ => Err(Misfit::Type),
    }
}

fn delete(copy: &mut Value, path: &[PathStep]) -> Result<(), Misfit> {
    match parent(copy, path)? {
        // Taking the last entry's place would change the order that the hub prints.
        (Value::Object(entries), PathStep::Key(key)) => {
            entries.shift_remove(key).map(drop).ok_or(Misfit::Nothing)
        }
        (Value::Array(items), PathStep::Index(index)) if *index < items.len() => {
            items.remove(*index);
            Ok(())
        }
        (Value::Array(_), PathStep::Index(_)) => Err(Misfit::Nothing),
        _ => Err(Misfit::Type),
    }
}

fn splice(text: &mut String, position: usize, delete: usize, insert: &str) -> Result<(), Misfit> {
    let start = byte(text, position).ok_or(Misfit::Position)?;
    let length = byte(&text[start..], delete).ok_or(Misfit::Position)?;
    text.replace_range(start..start + length, insert);
    Ok(())
}

/// The byte at which so many UTF-16 code units end.
fn byte(text: &str, units: usize) -> Option<usize> {
    let mut left = units;
    for (at, char) in text.char_indices() {
        if left == 0 {
            return Some(at);
        }
        left = left.checked_sub(char.len_utf16())?;
    }
    (left == 0).then_some(text.len())
}

fn increment(value: &mut Value, by: i64) -> Result<(), Misfit> {
    let entries = value.as_object_mut().filter(|entries| entries.len() == 1).ok_or(Misfit::Type)?;
    let counter = entries.get_mut(COUNTER).ok_or(Misfit::Type)?;
    let sum = counter.as_i64().ok_or(Misfit::Type)?.checked_add(by).ok_or(Misfit::Overflow)?;
    *counter = sum.into();
    Ok(())
}

fn parent<'c, 'p>(
    copy: &'c mut Value,
    path: &'p [PathStep],
) -> Result<(&'c mut Value, &'p PathStep), Misfit> {
    let (last, way) = path.split_last().ok_or(Misfit::Type)?;
    Ok((at(copy, way)?, last))
}

fn at<'c>(copy: &'c mut Value, path: &[PathStep]) -> Result<&'c mut Value, Misfit> {
    path.iter().try_fold(copy, |at, step| match (at, step) {
        (Value::Object(entries), PathStep::Key(key)) => entries.get_mut(key).ok_or(Misfit::Nothing),
        (Value::Array(items), PathStep::Index(index)) => items.get_mut(*index).ok_or(Misfit::Nothing),
        _ => Err(Misfit::Type),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(mut copy: Value, ops: Value, expected: Value) {
        let ops: Vec<Op> = serde_json::from_value(ops).unwrap();
        apply(&mut copy, &ops).unwrap();
        assert_eq!(copy, expected);
    }

    fn refused(mut copy: Value, op: Value) -> Misfit {
        let op: Op = serde_json::from_value(op).unwrap();
        apply(&mut copy, &[op]).unwrap_err().misfit
    }

    #[test]
    fn every_operation_does_what_it_says() {
        check(json!({"a": 1}), json!([{"op": "set", "path": ["b"], "value": 2}]), json!({"a": 1, "b": 2}));
        check(json!([1, 2]), json!([{"op": "set", "path": [1], "value": 3}]), json!([1, 3]));
        check(json!([1]), json!([{"op": "insert", "path": [1], "value": 2}]), json!([1, 2]));
        check(json!({"l": [1, 2]}), json!([{"op": "delete", "path": ["l", 0]}]), json!({"l": [2]}));
        check(json!({"a": 1, "b": 2}), json!([{"op": "delete", "path": ["a"]}]), json!({"b": 2}));
        check(
            json!({"n": {"$counter": 2}}),
            json!([{"op": "increment", "path": ["n"], "by": -3}]),
            json!({"n": {"$counter": -1}}),
        );
        check(json!({"a": 1}), json!([{"op": "set", "path": [], "value": {}}]), json!({}));
    }

    #[test]
    fn positions_count_utf16_and_each_operation_sees_the_ones_before() {
        check(
            json!("a😀b"),
            json!([
                {"op": "splice", "position": 3, "delete": 1, "insert": "c"},
                {"op": "splice", "position": 1, "delete": 2},
                {"op": "splice", "position": 2, "insert": "é"},
            ]),
            json!("acé"),
        );
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let splice = |position, delete| json!({"op": "splice", "position": position, "delete": delete});
        assert_eq!(refused(json!("😀"), splice(1, 0)), Misfit::Position);
        assert_eq!(refused(json!("😀"), splice(0, 1)), Misfit::Position);
        assert_eq!(refused(json!("a"), splice(2, 0)), Misfit::Position);
        assert_eq!(refused(json!({}), splice(0, 0)), Misfit::Type);
        assert_eq!(refused(json!({}), json!({"op": "delete", "path": ["a"]})), Misfit::Nothing);
        assert_eq!(refused(json!([]), json!({"op": "insert", "path": [1], "value": 1})), Misfit::Position);
        assert_eq!(refused(json!([]), json!({"op": "set", "path": [0], "value": 1})), Misfit::Nothing);
        let most = json!({"$counter": i64::MAX});
        assert_eq!(refused(most, json!({"op": "increment", "path": [], "by": 1})), Misfit::Overflow);
    }
}
