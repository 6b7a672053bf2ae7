//! Measures a text before it is parsed: parsers recurse, and a value in memory is larger than its text.
//!
//! The scan knows strings, brackets, colons and tokens, and nothing else of JSON: the parser does. As far as a text is
//! JSON the measure of it is exact. What is not JSON measures as something, and the parser refuses it.

/// How much a text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How deeply objects and lists nest.
    pub depth: usize,
    /// Values of every kind: objects and lists as well as what is in them, but not keys.
    pub values: usize,
}

impl Bounds {
    /// No bounds but those of the integers.
    pub const NONE: Bounds = Bounds { depth: usize::MAX, values: usize::MAX };
}

/// How a text exceeds what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// It nests too deeply.
    #[error("objects and lists nest deeper than {limit} levels")]
    Depth {
        /// The deepest that is allowed.
        limit: usize,
    },
    /// It holds too many values.
    #[error("there are more than {limit} values")]
    Values {
        /// The most that are allowed.
        limit: usize,
    },
    /// An integer needs more than 64 bits: it would come back as a rounded double.
    #[error(
        "the integer {digits} does not fit 64 bits; write it as a string, or with an exponent if a rounded double will do"
    )]
    Integer {
        /// Its first digits.
        digits: String,
        /// The offset of the first of them.
        at: usize,
    },
}

/// How many values a text holds, if it is within `bounds` and its integers fit 64 bits.
pub fn measure(text: &[u8], bounds: Bounds) -> Result<usize, Excess> {
    let (mut at, mut depth, mut values) = (0, 0usize, 0usize);
    while let Some(&byte) = text.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => (at, values) = (end_of_string(text, at), values + 1),
            b'[' | b'{' => (depth, values) = (depth + 1, values + 1),
            b']' | b'}' => depth = depth.saturating_sub(1),
            // The string before it was a key.
            b':' => values = values.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                at = end_of(text, at, is_numeric);
                fits(&text[start..at], start)?;
                values += 1;
            }
            b'a'..=b'z' => (at, values) = (end_of(text, at, |byte| byte.is_ascii_lowercase()), values + 1),
            _ => {}
        }
        if depth > bounds.depth {
            return Err(Excess::Depth { limit: bounds.depth });
        }
        // A key counts until its colon comes. It is refused no earlier than its value would be.
        if values > bounds.values {
            return Err(Excess::Values { limit: bounds.values });
        }
    }
    Ok(values)
}

fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

fn end_of(text: &[u8], at: usize, belongs: impl Fn(u8) -> bool) -> usize {
    at + text[at..].iter().take_while(|byte| belongs(**byte)).count()
}

fn is_numeric(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Whether a number is a double, or an integer of 64 bits with or without a sign.
fn fits(token: &[u8], at: usize) -> Result<(), Excess> {
    // 18 digits always fit; a fraction or an exponent makes it a double.
    if token.len() <= 18 || token.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return Ok(());
    }
    let token = String::from_utf8_lossy(token);
    if token.parse::<i64>().is_ok() || token.parse::<u64>().is_ok() {
        return Ok(());
    }
    Err(Excess::Integer { digits: token.chars().take(40).collect(), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(depth: usize, values: usize) -> Bounds {
        Bounds { depth, values }
    }

    #[test]
    fn values_are_counted_and_keys_are_not() {
        let check = |text: &str, values: usize| {
            assert_eq!(measure(text.as_bytes(), within(9, values)), Ok(values), "{text}");
            let less = values - 1;
            assert_eq!(
                measure(text.as_bytes(), within(9, less)),
                Err(Excess::Values { limit: less }),
                "{text}"
            );
        };
        check("0", 1);
        check("[]", 1);
        check(" [ [ ] , { } ] ", 3);
        check(r#"{"a":0}"#, 2);
        check(r#"{"a" : -1.5e+3, "b":[true,false,null], "":{"c":"d"}}"#, 8);
        check(r#"["a:b", "\":\"", "[[{{", "\\"]"#, 5);
    }

    #[test]
    fn depth_is_that_of_brackets_outside_of_strings() {
        assert_eq!(measure(b"[[],[[]],{}]", within(3, 9)), Ok(5));
        assert_eq!(measure(b"[[],[[]],{}]", within(2, 9)), Err(Excess::Depth { limit: 2 }));
        assert_eq!(measure(br#""[[[[\"[[[[""#, within(0, 9)), Ok(1));
    }

    #[test]
    fn colons_do_not_make_up_for_values() {
        assert_eq!(measure(b"::::[1,1,1]", within(9, 3)), Err(Excess::Values { limit: 3 }));
        assert_eq!(measure(b"[1,1,1]::::", within(9, 3)), Err(Excess::Values { limit: 3 }));
    }

    #[test]
    fn integers_have_64_bits() {
        for text in ["18446744073709551615", "-9223372036854775808", "0.18446744073709551616", "1e999"] {
            assert_eq!(measure(text.as_bytes(), Bounds::NONE), Ok(1), "{text}");
        }
        assert_eq!(measure(br#"["18446744073709551616","\"18446744073709551616"]"#, Bounds::NONE), Ok(3));
        let digits = "-9223372036854775809".to_owned();
        assert_eq!(
            measure(br#"{"a":[1,-9223372036854775809]}"#, Bounds::NONE),
            Err(Excess::Integer { digits, at: 8 })
        );
    }

    #[test]
    fn what_ends_early_is_measured_to_its_end() {
        for text in ["", "\"", "\"\\", "[", "-", "nul", "{\"a\""] {
            assert!(measure(text.as_bytes(), Bounds::NONE).is_ok(), "{text}");
        }
    }
}
