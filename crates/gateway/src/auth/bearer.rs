//! Finds the token in a request: in the `Authorization` header, and nowhere else.

use hyper::header::{AUTHORIZATION, HeaderMap};

/// The token of `Authorization: Bearer …`, if there is exactly one such header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&'static str], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, hyper::header::HeaderValue::from_static(value));
        }
        assert_eq!(bearer(&headers), expected, "{values:?}");
    }

    #[test]
    fn one_bearer_header_gives_a_token() {
        check(&["Bearer a.b.c"], Some("a.b.c"));
        check(&["bearer  a.b.c"], Some("a.b.c"));
        check(&[], None);
        check(&["Bearer "], None);
        check(&["a.b.c"], None);
        check(&["Basic YTpi"], None);
        check(&["Bearer a", "Bearer b"], None);
    }
}
