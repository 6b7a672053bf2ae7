//! `Prefer`: what a client would rather have, if it is all the same to the hub (RFC 7240). Pure.
//!
//! Known is `return=minimal`. What is not known, or not understood, is passed over, as the RFC asks.

use super::list::{elements, pair, parts};
use hyper::header::{HeaderMap, HeaderName};

/// The header of requests.
pub(crate) const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The header of answers that did what was preferred.
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Whether the client would rather not be sent what it has just written. Of a preference that is named more than once,
/// the first counts.
pub(crate) fn wants_minimal(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let preferences = lines.flat_map(elements).filter_map(|element| parts(element).next()).map(pair);
    let returns = preferences.filter(|(name, _)| name.eq_ignore_ascii_case("return")).map(|(_, value)| value);
    returns.take(1).any(|value| value.eq_ignore_ascii_case("minimal"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wants(lines: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(PREFER, line.parse().unwrap());
        }
        wants_minimal(&headers)
    }

    #[test]
    fn the_first_wish_counts() {
        for lines in [
            &["return=minimal"][..],
            &["Return=Minimal"],
            &["return=\"minimal\""],
            &["respond-async, wait=10, return = minimal; x=y"],
            &["handling=lenient", "return=minimal"],
            &["return=minimal, return=representation"],
        ] {
            assert!(wants(lines), "{lines:?}");
        }
        for lines in [
            &[][..],
            &[""],
            &["return"],
            &["minimal"],
            &["return=representation"],
            &["return=representation, return=minimal"],
            &["return=representation", "return=minimal"],
            &["x=\"return=minimal, return=minimal\""],
            &["wait; return=minimal"],
            &["returned=minimal"],
        ] {
            assert!(!wants(lines), "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(line in "[ -~]{0,60}") {
            wants(&[&line]);
        }
    }
}
