//! Time of day, in milliseconds since 1970: for people and for expiry, never for order.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(pub u64);

/// The time of day: the one door to the wall clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds. A time beyond the year 9999 prints as its number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0 / 1_000).ok();
        match seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()) {
            Some(time) => {
                f.write_str(str::from_utf8(&rfc_3339(time, self.0 % 1_000)).expect("digits are ASCII"))
            }
            None => write!(f, "{}", self.0),
        }
    }
}

/// The text of a time and its milliseconds. Written by hand, because every answer with a document has two; with the library's
/// formatter they were most of a hundredth of what creating one takes.
fn rfc_3339(time: OffsetDateTime, ms: u64) -> [u8; 24] {
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut put = |place: std::ops::Range<usize>, mut number: u64| {
        for digit in text[place].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    };
    put(0..4, time.year().unsigned_abs().into());
    put(5..7, u8::from(time.month()).into());
    put(8..10, time.day().into());
    put(11..13, time.hour().into());
    put(14..16, time.minute().into());
    put(17..19, time.second().into());
    put(20..23, ms);
    text
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::format_description;

    #[test]
    fn prints_as_rfc_3339() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(1_790_000_000_123).to_string(), "2026-09-21T14:13:20.123Z");
        assert_eq!(Timestamp(u64::MAX).to_string(), u64::MAX.to_string());
        assert_eq!(Timestamp(253_402_300_799_999).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp(253_402_300_800_000).to_string(), "253402300800000");
    }

    proptest! {
        #[test]
        fn prints_what_the_library_prints(ms in 0..253_402_300_800_000u64) {
            let written = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
            let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).unwrap();
            prop_assert_eq!(Timestamp(ms).to_string(), time.format(written).unwrap());
        }
    }
}
