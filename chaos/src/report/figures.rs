//! Numbers as people read them.

use crate::history::Micros;

/// A whole number with a thin space between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('\u{2009}');
        }
        grouped.push(digit);
    }
    grouped
}

/// How long something took.
pub fn duration(length: Micros) -> String {
    match length.0 {
        0..1_000_000 => format!("{} ms", length.0.div_ceil(1_000)),
        1_000_000..100_000_000 => format!("{:.2} s", length.seconds()),
        _ => format!("{} min {} s", length.0 / 60_000_000, length.0 / 1_000_000 % 60),
    }
}

/// A time on an axis, as short as it can be.
pub fn seconds(at: Micros) -> String {
    if at.0 == 0 {
        return "0".into();
    }
    let (whole, rest) = (at.0 / 1_000_000, at.0 % 1_000_000);
    match rest {
        0 if whole >= 120 => format!("{}:{:02} min", whole / 60, whole % 60),
        0 => format!("{whole} s"),
        _ => format!("{} s", at.seconds()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1\u{2009}000", "1\u{2009}234\u{2009}567"]
        );
        assert_eq!(
            [0, 1, 999_000, 1_234_000, 125_000_000].map(|micros| duration(Micros(micros))),
            ["0 ms", "1 ms", "999 ms", "1.23 s", "2 min 5 s"]
        );
        assert_eq!(
            [0, 500_000, 2_000_000, 150_000_000].map(|micros| seconds(Micros(micros))),
            ["0", "0.5 s", "2 s", "2:30 min"]
        );
    }
}
