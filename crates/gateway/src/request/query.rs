//! Query parameters: each known by name, and given once unless it may be repeated. A parameter that is not known is refused, not ignored.

use crate::problem::{Kind, Problem};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The parameters of a request, decoded. A `+` is a plus, as in a path: nothing here takes a space.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Query<'a> {
    /// Reads a query whose parameters are among `allowed`.
    pub fn parse(raw: Option<&'a str>, allowed: &[&str]) -> Result<Query<'a>, Problem> {
        Query::parse_with(raw, allowed, &[])
    }

    /// The same, where some of them may be given again and again.
    pub fn parse_with(
        raw: Option<&'a str>,
        allowed: &[&str],
        repeated: &[&str],
    ) -> Result<Query<'a>, Problem> {
        let mut query = Query::default();
        for part in raw.unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if !allowed.contains(&&*name) {
                return Err(unknown(&name, allowed));
            }
            if query.get(&name).is_some() && !repeated.contains(&&*name) {
                return Err(Problem::new(Kind::BadQuery, format!("{name} is given twice")));
            }
            query.pairs.push((name, value));
        }
        Ok(query)
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|pair| pair.0 == name).map(|pair| &*pair.1)
    }

    /// All values of a parameter, in order.
    pub fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.pairs.iter().filter(move |pair| pair.0 == name).map(|pair| &*pair.1)
    }

    /// The value of a parameter that is a number.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let bad = || {
            Problem::new(Kind::BadQuery, format!("{name} is a whole number from 0 on"))
                .with("parameter", name)
        };
        text.parse().map(Some).map_err(|_| bad())
    }
}

fn decode(text: &str) -> Result<Cow<'_, str>, Problem> {
    percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| Problem::new(Kind::BadQuery, "the query is not UTF-8 behind its percent signs"))
}

fn unknown(name: &str, allowed: &[&str]) -> Problem {
    let name: String = name.chars().take(64).collect();
    let known = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
    Problem::new(Kind::BadQuery, format!("{name:?} is not a parameter of this path; known: {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_found_and_decoded() {
        let query = Query::parse(Some("limit=5&cursor=a%2Bb%3D&&"), &["limit", "cursor"]).unwrap();
        assert_eq!(query.number("limit").unwrap(), Some(5usize));
        assert_eq!(query.get("cursor"), Some("a+b="));
        assert_eq!(Query::parse(None, &[]).unwrap().get("limit"), None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let refused = |raw: &str| Query::parse(Some(raw), &["limit"]).unwrap_err().kind == Kind::BadQuery;
        assert!(refused("limt=5"));
        assert!(refused("limit=5&limit=6"));
        assert!(refused("limit=%ff"));
        let twice = |repeated: &[&str]| Query::parse_with(Some("a=1&b=2&a=3"), &["a", "b"], repeated).is_ok();
        assert!(twice(&["a"]) && !twice(&["b"]));
        let query = Query::parse(Some("limit=-1"), &["limit"]).unwrap();
        assert_eq!(query.number::<usize>("limit").unwrap_err().kind, Kind::BadQuery);
    }

    proptest! {
        #[test]
        fn nothing_panics(raw in ".{0,60}") {
            let _ = Query::parse(Some(&raw), &["limit", "cursor"]);
        }
    }
}
