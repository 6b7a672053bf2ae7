//! Labels: what people and programs say of a document, as keys and values.

use std::collections::BTreeMap;

/// The labels of a document, by key.
pub type Labels = BTreeMap<String, String>;

/// The first character that no key of a label has; `Err(None)` for a key of none at all.
///
/// Keys hold ASCII letters, digits and `. _ / -`, so that they can stand in a query before a colon.
pub fn check_key(key: &str) -> Result<(), Option<char>> {
    if key.is_empty() {
        return Err(None);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
    key.chars().find(|c| !allowed(*c)).map_or(Ok(()), |found| Err(Some(found)))
}

/// Bytes of all keys and values.
pub fn bytes_of(labels: &Labels) -> usize {
    labels.iter().map(|(key, value)| key.len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_of_keys_is_kept() {
        for good in ["team", "app.example.org/part-of", "A_1"] {
            assert_eq!(check_key(good), Ok(()), "{good}");
        }
        assert_eq!(check_key(""), Err(None));
        for (bad, found) in [("a:b", ':'), ("a b", ' '), ("zoë", 'ë'), ("a=b", '=')] {
            assert_eq!(check_key(bad), Err(Some(found)), "{bad}");
        }
    }
}
