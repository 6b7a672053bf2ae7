//! Places: positions in a text, counted in a unit, and paths to a value, as messages show them.

use base::{PathStep, Unit};

/// The length of a text.
pub(crate) fn length(unit: Unit, text: &str) -> usize {
    match unit {
        _ if text.is_ascii() => text.len(),
        Unit::Utf16 => text.chars().map(char::len_utf16).sum(),
        Unit::Scalar => text.chars().count(),
    }
}

/// The byte at a position inside of a text; none if the position splits a character or is beyond the end.
pub(crate) fn byte(unit: Unit, text: &str, position: usize) -> Option<usize> {
    let mut counted = 0;
    for (at, char) in text.char_indices() {
        if counted >= position {
            return (counted == position).then_some(at);
        }
        counted += match unit {
            Unit::Utf16 => char.len_utf16(),
            Unit::Scalar => 1,
        };
    }
    (counted == position).then_some(text.len())
}

/// A path as a JSON pointer, for messages.
pub(crate) fn pointer(path: &[PathStep]) -> String {
    let mut pointer = String::new();
    for step in path {
        pointer.push('/');
        match step {
            PathStep::Index(index) => pointer.push_str(&index.to_string()),
            PathStep::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_do_not_split_characters() {
        assert_eq!(length(Unit::Utf16, "a😀b"), 4);
        assert_eq!(length(Unit::Scalar, "a😀b"), 3);
        let bytes = |unit| (0..6).map(|position| byte(unit, "a😀b", position)).collect::<Vec<_>>();
        assert_eq!(bytes(Unit::Utf16), [Some(0), Some(1), None, Some(5), Some(6), None]);
        assert_eq!(bytes(Unit::Scalar), [Some(0), Some(1), Some(5), Some(6), None, None]);
    }

    #[test]
    fn paths_print_as_pointers() {
        let path = [PathStep::Key("a/b~".into()), PathStep::Index(0)];
        assert_eq!(pointer(&path), "/a~1b~0/0");
    }
}
