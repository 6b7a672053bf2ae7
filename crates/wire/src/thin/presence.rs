//! Presence between JSON and CBOR: peers of automerge-repo send CBOR, thin clients JSON, and they see each other.
//!
//! What JSON has no form for is not passed on to thin clients: bytes, big integers, maps with other keys than texts.
//! `undefined` is left out of objects and is `null` elsewhere, as `JSON.stringify` does it.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Number, Value};

/// How deep presence nests at most.
const MAX_DEPTH: usize = 32;

/// JSON as CBOR. Nothing if it nests too deeply.
pub fn to_cbor(value: &Value) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write(&mut Encoder::new(&mut out), value, MAX_DEPTH)?;
    Some(out)
}

/// CBOR as JSON. Nothing if it is not CBOR, or holds what JSON has no form for.
pub fn from_cbor(bytes: &[u8]) -> Option<Value> {
    let mut decoder = Decoder::new(bytes);
    let value = read(&mut decoder, MAX_DEPTH)?.unwrap_or(Value::Null);
    (decoder.position() == bytes.len()).then_some(value)
}

fn write(out: &mut Encoder<&mut Vec<u8>>, value: &Value, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let written = match value {
        Value::Null => out.null(),
        Value::Bool(value) => out.bool(*value),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            // Beyond four bytes the library that reads it makes integers of another type.
            (Some(whole), _, _) if whole <= u64::from(u32::MAX) => out.u64(whole),
            (_, Some(whole), _) if whole < 0 && whole >= i64::from(i32::MIN) => out.i64(whole),
            (_, _, number) => out.f64(number?),
        },
        Value::String(text) => out.str(text),
        Value::Array(items) => {
            out.array(items.len() as u64).ok()?;
            items.iter().try_for_each(|item| write(out, item, depth))?;
            return Some(());
        }
        Value::Object(entries) => {
            out.map(entries.len() as u64).ok()?;
            entries.iter().try_for_each(|(key, value)| {
                out.str(key).ok()?;
                write(out, value, depth)
            })?;
            return Some(());
        }
    };
    written.map(drop).ok()
}

/// The next item; `Some(None)` is one that is left out.
fn read(from: &mut Decoder<'_>, depth: usize) -> Option<Option<Value>> {
    let depth = depth.checked_sub(1)?;
    let value = match from.datatype().ok()? {
        Type::Null => from.null().map(|()| Value::Null).ok()?,
        Type::Undefined => {
            from.undefined().ok()?;
            return Some(None);
        }
        Type::Bool => from.bool().ok()?.into(),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => from.u64().ok()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => from.i64().ok()?.into(),
        Type::F32 => Value::Number(Number::from_f64(from.f32().ok()?.into())?),
        Type::F64 => float(from.f64().ok()?)?,
        Type::String => from.str().ok()?.into(),
        Type::Array => {
            let length = from.array().ok()??;
            // Not with room for `length` items: only what is really there may cost anything.
            let items = (0..length).map(|_| Some(read(from, depth)?.unwrap_or(Value::Null)));
            Value::Array(items.collect::<Option<Vec<_>>>()?)
        }
        Type::Map => {
            let length = from.map().ok()??;
            let mut entries = Map::new();
            for _ in 0..length {
                let key = from.str().ok()?.to_owned();
                if let Some(value) = read(from, depth)? {
                    entries.insert(key, value);
                }
            }
            Value::Object(entries)
        }
        _ => return None,
    };
    Some(Some(value))
}

/// Whole numbers come as floats when they take more than four bytes.
fn float(number: f64) -> Option<Value> {
    const EXACT: f64 = (1u64 << 53) as f64;
    if number.fract() == 0.0 && number.abs() <= EXACT && !(number == 0.0 && number.is_sign_negative()) {
        return Some(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_people_send_comes_through() {
        let value = json!({"cursor": {"at": 17, "to": -3}, "name": "Ada", "live": true, "x": [1.5, null],
                           "ms": 1_790_000_000_000_u64});
        assert_eq!(from_cbor(&to_cbor(&value).unwrap()), Some(value));
    }

    #[test]
    fn undefined_is_treated_as_javascript_does() {
        // {"a": undefined, "b": [undefined]}
        let bytes = [0xb9, 0, 2, 0x61, b'a', 0xf7, 0x61, b'b', 0x81, 0xf7];
        assert_eq!(from_cbor(&bytes), Some(json!({"b": [null]})));
    }

    #[test]
    fn what_json_has_no_form_for_is_not_passed_on() {
        for bytes in
            [&[0x41, 0][..], &[0xa1, 1, 1], &[0xf9, 0x7e, 0], &[0xc1, 0], &[0x9f, 0xff], &[1, 1], &[]]
        {
            assert_eq!(from_cbor(bytes), None, "{bytes:02x?}");
        }
        assert_eq!(from_cbor(&[0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]), None);
    }

    #[test]
    fn depth_and_lengths_cost_nothing() {
        assert_eq!(from_cbor(&[0x81; 10_000]), None);
        assert_eq!(from_cbor(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(to_cbor(&deep), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            if let Some(value) = from_cbor(&bytes) {
                prop_assert!(to_cbor(&value).is_some());
            }
        }
    }
}
