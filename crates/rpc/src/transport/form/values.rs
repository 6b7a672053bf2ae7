//! Forms of what the standard library and other libraries have.

use super::{Form, In, Malformed, Out};
use base::Op;
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

impl Form for bool {
    fn put(&self, out: &mut Out) {
        out.flag(*self);
    }

    fn take(from: &mut In<'_>) -> Result<bool, Malformed> {
        from.flag()
    }
}

impl Form for u64 {
    fn put(&self, out: &mut Out) {
        out.number(*self);
    }

    fn take(from: &mut In<'_>) -> Result<u64, Malformed> {
        from.number()
    }
}

impl Form for u32 {
    fn put(&self, out: &mut Out) {
        out.number((*self).into());
    }

    fn take(from: &mut In<'_>) -> Result<u32, Malformed> {
        let number = from.number()?;
        u32::try_from(number).map_err(|_| Malformed(format!("{number} is above what 32 bits hold")))
    }
}

impl Form for i64 {
    fn put(&self, out: &mut Out) {
        out.signed(*self);
    }

    fn take(from: &mut In<'_>) -> Result<i64, Malformed> {
        from.signed()
    }
}

impl Form for usize {
    fn put(&self, out: &mut Out) {
        out.number(*self as u64);
    }

    fn take(from: &mut In<'_>) -> Result<usize, Malformed> {
        let number = from.number()?;
        usize::try_from(number).map_err(|_| Malformed(format!("{number} is above what this machine counts")))
    }
}

impl Form for String {
    fn put(&self, out: &mut Out) {
        out.text(self);
    }

    fn take(from: &mut In<'_>) -> Result<String, Malformed> {
        from.text().map(str::to_owned)
    }
}

impl Form for Arc<str> {
    fn put(&self, out: &mut Out) {
        out.text(self);
    }

    fn take(from: &mut In<'_>) -> Result<Arc<str>, Malformed> {
        from.text().map(Arc::from)
    }
}

impl Form for Bytes {
    fn put(&self, out: &mut Out) {
        out.bytes(self);
    }

    fn take(from: &mut In<'_>) -> Result<Bytes, Malformed> {
        from.bytes().map(Bytes::copy_from_slice)
    }
}

impl<const N: usize> Form for [u8; N] {
    fn put(&self, out: &mut Out) {
        out.bytes(self);
    }

    fn take(from: &mut In<'_>) -> Result<[u8; N], Malformed> {
        let bytes = from.bytes()?;
        bytes.try_into().map_err(|_| Malformed(format!("{} bytes stand where {N} should", bytes.len())))
    }
}

/// In milliseconds and the nanoseconds beyond, so that nothing is lost.
impl Form for Duration {
    fn put(&self, out: &mut Out) {
        out.begin();
        out.number(self.as_secs());
        out.number(self.subsec_nanos().into());
        out.end();
    }

    fn take(from: &mut In<'_>) -> Result<Duration, Malformed> {
        from.begin()?;
        let (seconds, nanos): (u64, u64) = (from.field()?, from.field()?);
        from.end()?;
        let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
        Ok(Duration::new(
            seconds,
            nanos.ok_or_else(|| Malformed("a second has fewer nanoseconds".to_owned()))?,
        ))
    }
}

impl<T: Form> Form for Option<T> {
    fn put(&self, out: &mut Out) {
        match self {
            Some(value) => value.put(out),
            None => out.null(),
        }
    }

    fn take(from: &mut In<'_>) -> Result<Option<T>, Malformed> {
        if from.at_null()? { Ok(None) } else { T::take(from).map(Some) }
    }

    fn absent() -> Result<Option<T>, Malformed> {
        Ok(None)
    }
}

impl<T: Form> Form for Vec<T> {
    fn put(&self, out: &mut Out) {
        out.begin();
        self.iter().for_each(|item| item.put(out));
        out.end();
    }

    fn take(from: &mut In<'_>) -> Result<Vec<T>, Malformed> {
        from.begin()?;
        let mut items = Vec::new();
        while !from.at_end()? {
            items.push(T::take(from)?);
        }
        Ok(items)
    }
}

/// Keys and values in turn. None where a record ends before it: an older release has nothing to say there.
impl<V: Form> Form for BTreeMap<String, V> {
    fn put(&self, out: &mut Out) {
        out.begin();
        for (key, value) in self {
            out.text(key);
            value.put(out);
        }
        out.end();
    }

    fn take(from: &mut In<'_>) -> Result<BTreeMap<String, V>, Malformed> {
        from.begin()?;
        let mut map = BTreeMap::new();
        while !from.at_end()? {
            let key = from.text()?.to_owned();
            map.insert(key, V::take(from)?);
        }
        Ok(map)
    }

    fn absent() -> Result<BTreeMap<String, V>, Malformed> {
        Ok(BTreeMap::new())
    }
}

impl<T: Form, E: Form> Form for Result<T, E> {
    fn put(&self, out: &mut Out) {
        out.begin();
        match self {
            Ok(value) => {
                out.number(0);
                value.put(out);
            }
            Err(error) => {
                out.number(1);
                error.put(out);
            }
        }
        out.end();
    }

    fn take(from: &mut In<'_>) -> Result<Result<T, E>, Malformed> {
        from.begin()?;
        let result = match from.number()? {
            0 => Ok(from.field()?),
            1 => Err(from.field()?),
            _ => return Err(Malformed("an outcome is good or bad".to_owned())),
        };
        from.end()?;
        Ok(result)
    }
}

impl Form for () {
    fn put(&self, out: &mut Out) {
        out.null();
    }

    fn take(from: &mut In<'_>) -> Result<(), Malformed> {
        if from.at_null()? { Ok(()) } else { Err(Malformed("nothing is written as null".to_owned())) }
    }
}

/// JSON stays JSON.
impl Form for Value {
    fn put(&self, out: &mut Out) {
        out.bytes(&json(self));
    }

    fn take(from: &mut In<'_>) -> Result<Value, Malformed> {
        from_json(from.bytes()?)
    }
}

/// As clients write them.
impl Form for Op {
    fn put(&self, out: &mut Out) {
        out.bytes(&json(self));
    }

    fn take(from: &mut In<'_>) -> Result<Op, Malformed> {
        from_json(from.bytes()?)
    }
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("values and operations are JSON")
}

fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(bytes).map_err(|error| Malformed(error.to_string()))
}
