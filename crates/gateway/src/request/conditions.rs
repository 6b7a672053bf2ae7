//! `If-Match` and `If-None-Match`, and what they mean for a read and for a write.
//!
//! `If-Match` compares strongly: a weak tag matches nothing. `If-None-Match` compares weakly. The tag of an encoded answer
//! names the state that was encoded.

use super::etag::{Tag, Tags};
use crate::coding;
use crate::problem::{Kind, Problem};
use hyper::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use rpc::Precondition;

/// The preconditions of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// `If-Match`.
    pub if_match: Option<Tags>,
    /// `If-None-Match`.
    pub if_none_match: Option<Tags>,
}

impl Conditions {
    /// Reads them from the headers.
    pub fn of(headers: &HeaderMap) -> Result<Conditions, Problem> {
        Ok(Conditions { if_match: tags(headers, IF_MATCH)?, if_none_match: tags(headers, IF_NONE_MATCH)? })
    }

    /// What must hold of the newest state for a write to be taken. `If-Match: *` asks only that the document exists,
    /// which every write does.
    pub fn for_write(&self) -> Precondition {
        let match_any = match &self.if_match {
            None | Some(Tags::Any) => None,
            Some(Tags::Listed(tags)) => Some(strong(tags).map(String::from).collect()),
        };
        let (match_none, must_not_exist) = match &self.if_none_match {
            None => (Vec::new(), false),
            Some(Tags::Any) => (Vec::new(), true),
            Some(Tags::Listed(tags)) => (tags.iter().map(|tag| tag.opaque.clone()).collect(), false),
        };
        Precondition { match_any, match_none, must_not_exist }
    }

    /// Whether a reader may see a state with this tag.
    pub fn allow_read(&self, tag: &str) -> Result<(), Problem> {
        match &self.if_match {
            Some(Tags::Listed(tags)) if !strong(tags).any(|wanted| wanted == tag) => {
                let detail = format!("the document is at {tag}, which If-Match rules out");
                Err(Problem::new(Kind::PreconditionFailed, detail).with("tag", tag))
            }
            _ => Ok(()),
        }
    }

    /// Whether the reader has a state with this tag already.
    pub fn not_modified(&self, tag: &str) -> bool {
        match &self.if_none_match {
            None => false,
            Some(Tags::Any) => true,
            Some(Tags::Listed(tags)) => tags.iter().any(|known| known.opaque == tag),
        }
    }
}

fn strong(tags: &[Tag]) -> impl Iterator<Item = &str> {
    tags.iter().filter(|tag| !tag.weak).map(|tag| tag.opaque.as_str())
}

fn tags(headers: &HeaderMap, name: HeaderName) -> Result<Option<Tags>, Problem> {
    let mut all: Option<Tags> = None;
    for value in headers.get_all(&name) {
        let bad = |reason: String| {
            Problem::new(Kind::BadHeader, format!("{name}: {reason}")).with("header", name.as_str())
        };
        let text = value.to_str().map_err(|_| bad("it holds more than visible ASCII".to_owned()))?;
        let mut tags = Tags::parse(text).map_err(|error| bad(error.to_string()))?;
        tags.each_names(coding::tag::of_state);
        all = Some(match all {
            None => tags,
            Some(before) => before.join(tags).map_err(|error| bad(error.to_string()))?,
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn conditions(lines: &[(&HeaderName, &'static str)]) -> Result<Conditions, Problem> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        Conditions::of(&headers)
    }

    #[test]
    fn a_write_takes_strong_tags_of_if_match() {
        let given = conditions(&[(&IF_MATCH, r#""a", W/"b""#), (&IF_MATCH, r#""c""#)]).unwrap().for_write();
        assert_eq!(given.match_any, Some(vec!["a".to_owned(), "c".to_owned()]));
        let weak_only = conditions(&[(&IF_MATCH, r#"W/"b""#)]).unwrap().for_write();
        assert!(!weak_only.holds("b"), "a weak tag matches nothing");
    }

    #[test]
    fn stars_ask_for_existence() {
        assert_eq!(conditions(&[(&IF_MATCH, "*")]).unwrap().for_write(), Precondition::default());
        let absent = conditions(&[(&IF_NONE_MATCH, "*")]).unwrap().for_write();
        assert!(absent.must_not_exist);
        assert!(conditions(&[(&IF_MATCH, "*"), (&IF_MATCH, r#""a""#)]).is_err());
    }

    #[test]
    fn a_read_compares_weakly_to_spare_the_body_and_strongly_to_allow_it() {
        let known = conditions(&[(&IF_NONE_MATCH, r#"W/"a", "b""#)]).unwrap();
        assert!(known.not_modified("a") && known.not_modified("b") && !known.not_modified("c"));
        let wanted = conditions(&[(&IF_MATCH, r#"W/"a", "b""#)]).unwrap();
        assert!(wanted.allow_read("b").is_ok());
        assert_eq!(wanted.allow_read("a").unwrap_err().kind, Kind::PreconditionFailed);
    }

    #[test]
    fn the_tag_of_an_encoded_answer_names_the_state() {
        let given = conditions(&[(&IF_MATCH, r#""4f-gzip", "5e-zstd""#), (&IF_NONE_MATCH, r#"W/"4f-zstd""#)])
            .unwrap();
        assert_eq!(given.for_write().match_any, Some(vec!["4f".to_owned(), "5e".to_owned()]));
        assert_eq!(given.for_write().match_none, ["4f"]);
        assert!(given.not_modified("4f") && given.allow_read("5e").is_ok());
    }

    #[test]
    fn a_bad_header_is_named() {
        let problem = conditions(&[(&IF_MATCH, "abc")]).unwrap_err();
        assert_eq!(problem.kind, Kind::BadHeader);
        assert!(problem.detail.starts_with("if-match: "), "{}", problem.detail);
    }
}
