//! Lists in headers: elements with commas between them, parameters behind semicolons, and quotes in which neither parts
//! anything (RFC 9110, section 5.6). Pure, and takes any text.

const BLANK: [char; 2] = [' ', '\t'];

/// The elements of a list.
pub(super) fn elements(text: &str) -> impl Iterator<Item = &str> {
    split(text, b',').filter(|element| !element.is_empty())
}

/// What stands between the semicolons of an element: first what it is, then its parameters.
pub(super) fn parts(element: &str) -> impl Iterator<Item = &str> {
    split(element, b';')
}

/// A name and its value, without the quotes around it. What is escaped in it stays so: nothing that is known here needs it.
pub(super) fn pair(part: &str) -> (&str, &str) {
    let (name, value) = part.split_once('=').unwrap_or((part, ""));
    let value = value.trim_matches(BLANK);
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    (name.trim_matches(BLANK), bare.unwrap_or(value))
}

fn split(text: &str, at: u8) -> Split<'_> {
    Split { rest: Some(text), at }
}

struct Split<'a> {
    rest: Option<&'a str>,
    at: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest.take()?;
        let (mut quoted, mut escaped) = (false, false);
        for (place, byte) in rest.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ if byte == self.at && !quoted => {
                    self.rest = Some(&rest[place + 1..]);
                    return Some(rest[..place].trim_matches(BLANK));
                }
                _ => {}
            }
        }
        Some(rest.trim_matches(BLANK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_hold_together() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(elements(text).collect::<Vec<_>>(), expected, "{text}");
        };
        check("a, b ,,c", &["a", "b", "c"]);
        check(r#"a;x="1,2", b"#, &[r#"a;x="1,2""#, "b"]);
        check(r#"a;x="\",", b"#, &[r#"a;x="\",""#, "b"]);
        check("", &[]);
        check(r#"a, "b, c"#, &["a", r#""b, c"#]);
        assert_eq!(parts(r#"a ; q=1;y=";""#).collect::<Vec<_>>(), ["a", "q=1", r#"y=";""#]);
        assert_eq!(pair(r#" wait = "5" "#), ("wait", "5"));
        assert_eq!(pair("respond-async"), ("respond-async", ""));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_is_invented(text in ".{0,60}") {
            for element in elements(&text) {
                prop_assert!(text.contains(element));
                for part in parts(element) {
                    pair(part);
                }
            }
        }
    }
}
