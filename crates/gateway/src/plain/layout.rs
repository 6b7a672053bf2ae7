//! Laying out JSON, one value a line.
//!
//! It is done on the text and not on values: nothing is parsed, so that no number changes, no depth is too deep, and only the
//! new text takes memory.

/// Levels that are indented. What lies deeper is indented as much, so that deep content does not become far longer.
const LEVELS_MAX: usize = 16;

const INDENT: &str = "  ";

/// The same JSON, laid out. It has no blanks between its tokens, as the hub renders it.
pub(super) fn laid_out(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 2);
    let (mut level, mut rest) = (0usize, json);
    while let Some(at) = rest.find(['"', '{', '[', '}', ']', ',', ':']) {
        out.push_str(&rest[..at]);
        let (token, behind) = rest[at..].split_at(1);
        rest = behind;
        match token {
            "\"" => {
                let end = end_of_string(rest);
                out.push('"');
                out.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            "{" | "[" => {
                out.push_str(token);
                if let Some(behind) = rest.strip_prefix(['}', ']']) {
                    out.push_str(&rest[..1]);
                    rest = behind;
                } else {
                    level += 1;
                    begin_line(&mut out, level);
                }
            }
            "}" | "]" => {
                level = level.saturating_sub(1);
                begin_line(&mut out, level);
                out.push_str(token);
            }
            "," => {
                out.push(',');
                begin_line(&mut out, level);
            }
            _ => out.push_str(": "),
        }
    }
    out.push_str(rest);
    out.push('\n');
    out
}

fn begin_line(out: &mut String, level: usize) {
    out.push('\n');
    (0..level.min(LEVELS_MAX)).for_each(|_| out.push_str(INDENT));
}

/// Where a string ends whose opening quote was just read: behind the closing one.
fn end_of_string(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            // An escape is two ASCII characters at least, so that this stays between characters.
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            "[a\"\\\\{}:,é\n]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::hash_map("[a\"}]{0,3}", inner, 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_laid_out_as_everyone_does(value in value()) {
            let expected = serde_json::to_string_pretty(&value).unwrap() + "\n";
            prop_assert_eq!(laid_out(&value.to_string()), expected);
        }

        #[test]
        fn nothing_panics(text in "[\\[\\]{}\",:\\\\é1]{0,40}") {
            let _ = laid_out(&text);
        }
    }

    #[test]
    fn what_lies_deep_does_not_become_far_longer() {
        let deep = format!("{}{}{}", "[".repeat(10_000), "1,".repeat(10_000) + "1", "]".repeat(10_000));
        assert!(laid_out(&deep).len() < deep.len() * (2 * LEVELS_MAX + 3));
    }
}
