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
            heads.map(Base::Heads).map_err(|text| Problem::new(Kind::InvalidBody, not_a_hash(&text)))
        }
        (None, None) if conditions.if_match.is_some() => Ok(Base::Now),
        (None, None) => Err(version_required()),
    }
}

/// Heads as texts, in any order. The error is the text that is no hash.
pub(crate) fn parse_heads<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Heads, String> {
    let parse = |text: &'a str| text.parse::<Hash>().map_err(|_| text.to_owned());
    let mut heads = texts.map(parse).collect::<Result<Heads, String>>()?;
    heads.sort_unstable();
    heads.dedup();
    Ok(heads)
}

/// Says of a text that it is no hash; of a long one, only how it begins.
pub(crate) fn not_a_hash(text: &str) -> String {
    let beginning: String = text.chars().take(72).collect();
    format!("{beginning:?} is not a change hash: heads are hashes of 64 hexadecimal digits")
}

fn version_required() -> Problem {
    Problem::new(
        Kind::VersionRequired,
        "say which state this edit was made against, so that what others wrote meanwhile is kept: \"version\" or \
         \"heads\" in the body, as the last answer gave them, merge it; the header If-Match with the ETag refuses it if \
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
    fn an_edit_without_a_base_is_told_how() {
        let only_none_match = Conditions { if_match: None, if_none_match: Some(Tags::Any) };
        for conditions in [Conditions::default(), only_none_match] {
            let problem = base_of(None, None, &conditions).unwrap_err();
            assert_eq!(problem.kind, Kind::VersionRequired);
            assert!(problem.detail.contains("If-Match: *"));
        }
    }
}
