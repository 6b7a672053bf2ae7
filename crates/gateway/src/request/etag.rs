//! Entity tags as `If-Match` and `If-None-Match` carry them (RFC 9110, section 8.8.3).

/// What a precondition header names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tags {
    /// `*`: any state at all.
    Any,
    /// These.
    Listed(Vec<Tag>),
}

/// One entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    /// `W/`: vouches for the meaning only, not for each byte.
    pub weak: bool,
    /// What stands between the quotes.
    pub opaque: String,
}

/// A header that breaks the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TagError {
    /// Nothing is named.
    #[error("it names no tag")]
    Empty,
    /// A tag without its quotes, or text between tags.
    #[error("a tag stands in double quotes, as the ETag header showed it, and commas part tags")]
    Malformed,
    /// `*` among tags.
    #[error("* stands alone")]
    Star,
}

impl Tags {
    /// Reads one header value.
    pub fn parse(text: &str) -> Result<Tags, TagError> {
        if text.trim_matches(BLANK) == "*" {
            return Ok(Tags::Any);
        }
        let (mut tags, mut rest) = (Vec::new(), text);
        loop {
            rest = rest.trim_start_matches(BLANK_OR_COMMA);
            if rest.is_empty() {
                break;
            }
            let (tag, after) = parse_tag(rest)?;
            tags.push(tag);
            rest = after.trim_start_matches(BLANK);
            if !rest.is_empty() && !rest.starts_with(',') {
                return Err(TagError::Malformed);
            }
        }
        if tags.is_empty() { Err(TagError::Empty) } else { Ok(Tags::Listed(tags)) }
    }

    /// Puts in the place of each tag what `named` says that it names.
    pub fn each_names(&mut self, named: impl Fn(&str) -> &str) {
        let Tags::Listed(tags) = self else { return };
        for tag in tags {
            let state = named(&tag.opaque);
            if state != tag.opaque {
                tag.opaque = state.to_owned();
            }
        }
    }

    /// What two header lines of one name say together.
    pub fn join(self, other: Tags) -> Result<Tags, TagError> {
        match (self, other) {
            (Tags::Listed(mut tags), Tags::Listed(more)) => {
                tags.extend(more);
                Ok(Tags::Listed(tags))
            }
            _ => Err(TagError::Star),
        }
    }
}

const BLANK: [char; 2] = [' ', '\t'];
const BLANK_OR_COMMA: [char; 3] = [' ', '\t', ','];

fn parse_tag(text: &str) -> Result<(Tag, &str), TagError> {
    let (weak, quoted) = match text.strip_prefix("W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    if quoted.starts_with('*') {
        return Err(TagError::Star);
    }
    let inner = quoted.strip_prefix('"').ok_or(TagError::Malformed)?;
    let (opaque, after) = inner.split_once('"').ok_or(TagError::Malformed)?;
    if opaque.chars().any(|c| c == ' ' || c.is_control()) {
        return Err(TagError::Malformed);
    }
    Ok((Tag { weak, opaque: opaque.to_owned() }, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strong(opaque: &str) -> Tag {
        Tag { weak: false, opaque: opaque.into() }
    }

    fn weak(opaque: &str) -> Tag {
        Tag { weak: true, opaque: opaque.into() }
    }

    #[test]
    fn lists_are_read() {
        let check = |text: &str, expected: &[Tag]| {
            assert_eq!(Tags::parse(text), Ok(Tags::Listed(expected.to_vec())), "{text}");
        };
        check(r#""a""#, &[strong("a")]);
        check(r#"W/"a""#, &[weak("a")]);
        check(r#""a", W/"b","c""#, &[strong("a"), weak("b"), strong("c")]);
        check(r#" , "a" ,, "b" ,"#, &[strong("a"), strong("b")]);
        check(r#""a,b""#, &[strong("a,b")]);
        check(r#""""#, &[strong("")]);
        assert_eq!(Tags::parse(" * "), Ok(Tags::Any));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        let check = |text: &str, expected| assert_eq!(Tags::parse(text), Err(expected), "{text}");
        check("", TagError::Empty);
        check(" , ", TagError::Empty);
        check("abc", TagError::Malformed);
        check(r#""abc"#, TagError::Malformed);
        check(r#""a" "b""#, TagError::Malformed);
        check(r#""a"b"#, TagError::Malformed);
        check(r#""a b""#, TagError::Malformed);
        check(r#"w/"a""#, TagError::Malformed);
        check(r#""a", *"#, TagError::Star);
        check(r#"*, "a""#, TagError::Star);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tags in proptest::collection::vec((any::<bool>(), "[!#-~]{0,8}"), 1..6)) {
            let tags: Vec<_> = tags.into_iter().map(|(weak, opaque)| Tag { weak, opaque }).collect();
            let written: Vec<_> = tags
                .iter()
                .map(|tag| format!("{}\"{}\"", if tag.weak { "W/" } else { "" }, tag.opaque))
                .collect();
            prop_assert_eq!(Tags::parse(&written.join(", ")), Ok(Tags::Listed(tags)));
        }

        #[test]
        fn nothing_panics(text in ".{0,40}") {
            let _ = Tags::parse(&text);
        }
    }
}
