//! What a refusal shows of a document: enough to see what is wrong, and never much.

use serde_json::Value;

/// Lines of a text.
const LINES_MAX: usize = 10;

/// Characters of a line, or of a message.
const CHARS_MAX: usize = 200;

/// Bytes of a value, as JSON.
const VALUE_BYTES_MAX: usize = 1024;

/// Keys of an object.
const KEYS_MAX: usize = 10;

/// The beginning of a text without its line end, marked where it is cut.
pub(super) fn line(text: &str) -> String {
    cut(text.trim_end_matches(['\n', '\r']), CHARS_MAX)
}

/// The first of some lines.
pub(super) fn lines<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<Value> {
    lines.take(LINES_MAX).map(|text| line(text).into()).collect()
}

/// A value; the beginning of its JSON, as a string, if it is large.
pub(super) fn value(value: &Value) -> Value {
    let json = value.to_string();
    if json.len() <= VALUE_BYTES_MAX { value.clone() } else { cut(&json, VALUE_BYTES_MAX).into() }
}

/// What kind of value it is, in words.
pub(super) fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(entries) if entries.is_empty() => "an object without keys".to_owned(),
        Value::Object(entries) => {
            let mut keys: Vec<_> =
                entries.keys().take(KEYS_MAX).map(|key| format!("{:?}", cut(key, CHARS_MAX / 4))).collect();
            keys.extend((entries.len() > KEYS_MAX).then(|| format!("and {} more", entries.len() - KEYS_MAX)));
            format!("an object with the keys {}", keys.join(", "))
        }
    }
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn little_is_shown_of_much() {
        assert_eq!(line("a b\r\n"), "a b");
        assert_eq!(line(&"é".repeat(10_000)), format!("{}…", "é".repeat(CHARS_MAX)));
        assert_eq!(lines((0..99).map(|_| "x\n")), vec![json!("x"); LINES_MAX]);
        assert_eq!(value(&json!({"a": [1]})), json!({"a": [1]}));
        assert!(value(&json!(vec!["é"; 9_999])).as_str().unwrap().chars().count() <= VALUE_BYTES_MAX + 1);
        let wide: Value = (0..99).map(|key| (format!("{key}{}", "k".repeat(999)), Value::Null)).collect();
        assert!(kind(&wide).len() < 1_000 && kind(&wide).ends_with("and 89 more"));
        assert_eq!(kind(&json!({"a": 1})), "an object with the keys \"a\"");
        assert_eq!(kind(&json!([1, 2])), "a list of 2");
    }
}
