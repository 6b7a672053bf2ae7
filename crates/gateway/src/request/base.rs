//! The state that an edit was made against: the version or the heads in the body, or what `If-Match` vouches for.

use super::conditions::Conditions;
use crate::problem::{Kind, Problem};
use base::{Hash, Heads};
use rpc::Base;

/// The base of an edit. One that names none is refused, and told how: it would undo what others wrote meanwhile.
pub(crate) fn base_of(
    version: Option<u64>,
    heads: Option<Vec<String>>,
    conditions: &Conditions,
) -> Result<Base, Problem> {
    match (version, heads) {
        (Some(_), Some(_)) => {
            let detail = "give either version or heads: each names the state that the edit was made against";
            Err(Problem::new(Kind::InvalidBody, detail))
        }
        (Some(version), None) => Ok(Base::Version(version)),
        (None, Some(heads)) => {
            let heads = parse_heads(heads.iter().map(String::as_str));
            let bad = |error: HeadsError| {
                Problem::new(Kind::InvalidBody, error.to_string()).with("member", "heads")
            };
            heads.map(Base::Heads).map_err(bad)
        }
        (None, None) if conditions.if_match.is_some() => Ok(Base::Now),
        (None, None) => Err(version_required()),
    }
}

/// Why texts are no heads.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadsError {
    /// There are none.
    #[error(
        "heads are empty, which is the state of no document: give them as the last answer did, or leave them out"
    )]
    Empty,
    /// One of them is no hash.
    #[error("{beginning:?} is not a change hash: heads are hashes of 64 hexadecimal digits")]
    NotAHash {
        /// How it begins.
        beginning: String,
    },
}

/// Heads as texts, in any order.
pub(crate) fn parse_heads<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Heads, HeadsError> {
    let mut heads = texts.map(parse_hash).collect::<Result<Heads, HeadsError>>()?;
    if heads.is_empty() {
        return Err(HeadsError::Empty);
    }
    heads.sort_unstable();
    heads.dedup();
    Ok(heads)
}

fn parse_hash(text: &str) -> Result<Hash, HeadsError> {
    text.parse().map_err(|_| HeadsError::NotAHash { beginning: text.chars().take(72).collect() })
}

fn version_required() -> Problem {
    Problem::new(
        Kind::VersionRequired,
        "say which state this edit was made against, so that what others wrote meanwhile is kept: \"version\" or \
         \"heads\" in the body, as the last answer gave them, merge it (in the query of a patch whose format has no place for them); the header If-Match with the ETag refuses it if \
         the document has changed; If-Match: * replaces whatever is there",
    )
}

#[cfg(test)]
mod tests {
    use super::super::etag::Tags;
    use super::*;

    const HASH: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn any() -> Conditions {
        Conditions { if_match: Some(Tags::Any), if_none_match: None }
    }

    #[test]
    fn an_edit_names_its_base_in_one_way() {
        let none = Conditions::default();
        assert_eq!(base_of(Some(7), None, &none).unwrap(), Base::Version(7));
        assert_eq!(base_of(Some(7), None, &any()).unwrap(), Base::Version(7));
        assert_eq!(base_of(None, None, &any()).unwrap(), Base::Now);
        let heads = base_of(None, Some(vec![HASH.into(), HASH.to_uppercase()]), &none).unwrap();
        assert_eq!(heads, Base::Heads(vec![HASH.parse().unwrap()]));
        assert_eq!(base_of(Some(7), Some(vec![]), &none).unwrap_err().kind, Kind::InvalidBody);
        assert_eq!(base_of(None, Some(vec!["x".into()]), &none).unwrap_err().kind, Kind::InvalidBody);
    }

    #[test]
    fn no_heads_name_no_state() {
        assert_eq!(parse_heads([].into_iter()), Err(HeadsError::Empty));
        for conditions in [Conditions::default(), any()] {
            let problem = base_of(None, Some(vec![]), &conditions).unwrap_err();
            assert_eq!((problem.kind, problem.detail), (Kind::InvalidBody, HeadsError::Empty.to_string()));
        }
    }

    #[test]
    fn an_edit_without_a_base_is_told_how() {
        let only_none_match = Conditions { if_match: None, if_none_match: Some(Tags::Any) };
        for conditions in [Conditions::default(), only_none_match] {
            let problem = base_of(None, None, &conditions).unwrap_err();
            assert_eq!(problem.kind, Kind::VersionRequired);
            assert!(problem.detail.contains("If-Match: *"));
        }
    }
}
