//! `Accept` and `Accept-Encoding`: what a client takes, and how gladly (RFC 9110, section 12.5). Pure.
//!
//! Clients send all sorts of things here. An element that is not understood counts as not sent, and a header of which
//! nothing is understood as no header.

use super::list::{elements, pair, parts};
use crate::coding::Coding;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AsHeaderName, HeaderMap};

/// How gladly something is taken, in thousandths; 0 is not at all.
type Quality = u16;

const MOST: Quality = 1000;

/// Which of the media types that are `offered` the client likes best: its place, or nothing if it takes none of them. Of
/// those that it likes alike the one that it names most closely, and then the first one, so that a client that does not say
/// gets the first of all.
///
/// Parameters are not compared: whoever asks for `application/json; charset=utf-8` gets `application/json`.
pub(crate) fn media(headers: &HeaderMap, offered: &[&str]) -> Option<usize> {
    // Most clients say nothing, or that they take everything.
    match headers.get(ACCEPT) {
        None => return Some(0),
        Some(value) if value == "*/*" => return Some(0),
        Some(_) => {}
    }
    if !said(headers, ACCEPT).any(|element| Range::read(element).is_some()) {
        return Some(0);
    }
    let liked = |offer: &&str| {
        let ranges = said(headers, ACCEPT).filter_map(Range::read);
        let fits = ranges.filter_map(|range| Some((range.fit(offer)?, range.quality)));
        // What fits most closely counts, and only then how gladly.
        fits.max().map_or((0, 0), |(fit, quality)| (quality, fit))
    };
    let (place, (quality, _)) = first_most(offered.iter().map(liked))?;
    (quality > 0).then_some(place)
}

/// What a client takes of the codings that there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Codings {
    /// The one that it likes best, if it likes it as well as bare bytes.
    pub best: Option<Coding>,
    /// It says that it does not take bare bytes.
    pub only: bool,
}

/// What a client says of codings. One that says nothing gets bare bytes.
pub(crate) fn codings(headers: &HeaderMap) -> Codings {
    if !headers.contains_key(ACCEPT_ENCODING) {
        return Codings::default();
    }
    let named = |wanted: &str| {
        let weighed = said(headers, ACCEPT_ENCODING).filter_map(weighed);
        weighed.filter(|(name, _)| is_coding(name, wanted)).map(|(_, quality)| quality).max()
    };
    let everything = named("*");
    let liked = |coding: &Coding| named(coding.name()).or(everything).unwrap_or(0);
    let best = first_most(Coding::ALL.iter().map(liked)).filter(|(_, quality)| *quality > 0);
    let bare = named("identity").or(everything.filter(|quality| *quality == 0));
    let best = best.filter(|(_, quality)| *quality >= bare.unwrap_or(0));
    Codings { best: best.map(|(place, _)| Coding::ALL[place]), only: bare == Some(0) }
}

/// `x-gzip` is an old name of `gzip` (RFC 9110, section 8.4.1.3).
fn is_coding(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted) || (wanted == "gzip" && name.eq_ignore_ascii_case("x-gzip"))
}

/// The first of those that are liked most.
fn first_most<Liked: Ord + Copy>(liked: impl Iterator<Item = Liked>) -> Option<(usize, Liked)> {
    liked.enumerate().max_by_key(|(place, liked)| (*liked, std::cmp::Reverse(*place)))
}

fn said(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).flat_map(elements)
}

/// What is named, and how gladly it is taken.
fn weighed(element: &str) -> Option<(&str, Quality)> {
    let mut parts = parts(element);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight = parts.map(pair).find(|(name, _)| name.eq_ignore_ascii_case("q"));
    Some((name, weight.map_or(Some(MOST), |(_, text)| quality(text))?))
}

/// A weight from 0 to 1 with up to three digits behind the point. Some clients leave the zero before it out.
fn quality(text: &str) -> Option<Quality> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if digits.len() > 3 || !number(digits) || (whole.is_empty() && digits.is_empty()) {
        return None;
    }
    let thousandths = digits.bytes().chain(std::iter::repeat(b'0')).take(3);
    let behind = thousandths.fold(0, |sum, digit| sum * 10 + Quality::from(digit - b'0'));
    match whole {
        "" | "0" => Some(behind),
        "1" if behind == 0 => Some(MOST),
        _ => None,
    }
}

/// A media range: `text/html`, `text/*` or `*/*`.
#[derive(Debug, Clone, Copy)]
struct Range<'a> {
    kind: &'a str,
    sub: &'a str,
    quality: Quality,
}

impl<'a> Range<'a> {
    fn read(element: &'a str) -> Option<Range<'a>> {
        let (name, quality) = weighed(element)?;
        // A lone star stands for everything with clients that are older than the grammar.
        let (kind, sub) = if name == "*" { ("*", "*") } else { name.split_once('/')? };
        let whole = !kind.is_empty() && !sub.is_empty() && (kind != "*" || sub == "*");
        whole.then_some(Range { kind, sub, quality })
    }

    /// How closely it fits an offer, if it does.
    fn fit(&self, offer: &str) -> Option<u8> {
        let essence = offer.split(';').next().unwrap_or_default().trim();
        let (kind, sub) = essence.split_once('/')?;
        match (self.kind, self.sub) {
            ("*", _) => Some(0),
            (wanted, "*") if wanted.eq_ignore_ascii_case(kind) => Some(1),
            (wanted, other) if wanted.eq_ignore_ascii_case(kind) && other.eq_ignore_ascii_case(sub) => {
                Some(2)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    fn headers(name: HeaderName, lines: &[&str]) -> HeaderMap {
        let lines = lines.iter().map(|line| (name.clone(), HeaderValue::from_str(line).unwrap()));
        let mut headers = HeaderMap::new();
        lines.for_each(|(name, value)| {
            headers.append(name, value);
        });
        headers
    }

    const PAGES: [&str; 3] = ["text/markdown; charset=utf-8", "text/html; charset=utf-8", "application/json"];

    #[test]
    fn the_type_that_is_liked_best_is_given() {
        let check = |lines: &[&str], expected: Option<usize>| {
            assert_eq!(media(&headers(ACCEPT, lines), &PAGES), expected, "{lines:?}");
        };
        check(&[], Some(0));
        check(&["*/*"], Some(0));
        check(&["text/html"], Some(1));
        check(&["TEXT/Html;Q=0.5"], Some(1));
        check(&["text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"], Some(1));
        check(&["application/json, */*;q=0.1"], Some(2));
        check(&["application/json; charset=utf-8"], Some(2));
        check(&["text/*;q=0.3, application/*;q=0.2"], Some(0));
        check(&["text/html;q=0.2", "application/json;q=0.9"], Some(2));
        check(&["text/markdown;q=0, text/*"], Some(1));
        check(&["*/*, text/markdown;q=0"], Some(1));
        check(&["*/*, application/json"], Some(2));
        check(&["image/png"], None);
        check(&["*/*;q=0"], None);
        check(&["application/json;q=0.000"], None);
        check(&["text/html, image/gif, *; q=.2"], Some(1));
    }

    #[test]
    fn what_is_not_understood_counts_as_not_sent() {
        let check = |line: &str, expected: Option<usize>| {
            assert_eq!(media(&headers(ACCEPT, &[line]), &PAGES), expected, "{line}");
        };
        check("", Some(0));
        check("nonsense", Some(0));
        check("text/html;q=often", Some(0));
        check("*/html", Some(0));
        check("nonsense, application/json", Some(2));
    }

    #[test]
    fn the_coding_that_is_liked_best_is_taken() {
        let (gzip, zstd) = (Some(Coding::Gzip), Some(Coding::Zstd));
        let check = |lines: &[&str], best: Option<Coding>, only: bool| {
            let expected = Codings { best, only };
            assert_eq!(codings(&headers(ACCEPT_ENCODING, lines)), expected, "{lines:?}");
        };
        check(&[], None, false);
        check(&[""], None, false);
        check(&["br"], None, false);
        check(&["gzip"], gzip, false);
        check(&["x-gzip"], gzip, false);
        check(&["deflate, gzip, br, zstd"], zstd, false);
        check(&["gzip;q=1.0, zstd;q=0.5"], gzip, false);
        check(&["gzip", "zstd;q=0.9"], gzip, false);
        check(&["gzip;q=0"], None, false);
        check(&["*"], zstd, false);
        check(&["*;q=0.5, zstd;q=0"], gzip, false);
        check(&["identity;q=1, gzip;q=0.5"], None, false);
        check(&["identity;q=0.5, gzip;q=0.5"], gzip, false);
        check(&["identity;q=0, gzip"], gzip, true);
        check(&["gzip, *;q=0"], gzip, true);
        check(&["identity, *;q=0"], None, false);
        check(&["identity;q=0, br"], None, true);
    }

    #[test]
    fn weights_have_three_digits() {
        let check = |text: &str, expected: Option<Quality>| assert_eq!(quality(text), expected, "{text:?}");
        check("1", Some(1000));
        check("1.000", Some(1000));
        check("0", Some(0));
        check("0.5", Some(500));
        check(".25", Some(250));
        check("0.001", Some(1));
        for wrong in ["", ".", "2", "1.001", "0.0001", "-1", "0,5", "1e0", "+1"] {
            check(wrong, None);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_refused_is_never_given(
            parts in proptest::collection::vec(
                proptest::sample::select(&[
                    "text/html", "text/*", "*/*", "application/json", ";q=0", ";q=1", ";q=0.5", ",", "\"", "*", "gzip",
                    "zstd", "identity", " ", ";", "/", "\\",
                ][..]),
                0..12,
            ),
        ) {
            let line = parts.concat();
            let given = media(&headers(ACCEPT, &[&line]), &PAGES);
            prop_assert!(given.is_none_or(|place| place < PAGES.len()));
            let refusing = format!("*/*;q=0.1,{line},text/html;q=0");
            if !line.contains(['"', '/']) {
                prop_assert_ne!(media(&headers(ACCEPT, &[&refusing]), &PAGES), Some(1), "{}", refusing);
            }
            let _ = codings(&headers(ACCEPT_ENCODING, &[&line]));
        }
    }
}
