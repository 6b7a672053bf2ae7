//! The tags of encoded answers.
//!
//! A strong tag vouches for every byte, so that two codings of one state may not share it (RFC 9110, section 8.8.3.3); a
//! weak one would not do for `If-Match`. So the coding stands behind the tag of the state: `"4f1c"` becomes
//! `"4f1c-gzip"`. In a precondition the coding does not count: a client that read one form may name it to write, or to
//! ask for another form.

use super::Coding;
use hyper::header::HeaderValue;

/// The tag of the state that `opaque`, what stands between the quotes of a tag, names in some form.
pub(crate) fn of_state(opaque: &str) -> &str {
    let bare = |coding: &Coding| opaque.strip_suffix(coding.name())?.strip_suffix('-');
    Coding::ALL.iter().find_map(bare).unwrap_or(opaque)
}

/// The tag of the encoded form of what `tag` vouches for. A weak tag vouches for no bytes, and stays.
pub(super) fn encoded(tag: &HeaderValue, coding: Coding) -> Option<HeaderValue> {
    let inner = tag.to_str().ok()?.strip_prefix('"')?.strip_suffix('"')?;
    HeaderValue::try_from(format!("\"{inner}-{}\"", coding.name())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coding_stands_behind_the_tag_of_the_state() {
        let tag = HeaderValue::from_static("\"4f1c\"");
        for coding in Coding::ALL {
            let encoded = encoded(&tag, coding).unwrap();
            assert_ne!(encoded, tag);
            assert_eq!(of_state(encoded.to_str().unwrap().trim_matches('"')), "4f1c");
        }
        assert_eq!(of_state("4f1c"), "4f1c");
        assert_eq!(of_state("gzip"), "gzip");
        assert_eq!(of_state("4f1c-br"), "4f1c-br");
        assert_eq!(encoded(&HeaderValue::from_static("W/\"4f1c\""), Coding::Gzip), None);
    }
}
