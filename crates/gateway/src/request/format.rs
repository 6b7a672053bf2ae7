//! In which form a document is wanted: by `format` in the query, which names one, or else by `Accept` (RFC 9110, section
//! 12.5.1), which says what would do.

use crate::problem::{Kind, Problem};
use hyper::header::{ACCEPT, HeaderMap};

/// The media type of what Automerge saves.
pub(crate) const AUTOMERGE: &str = "application/vnd.automerge";

/// A form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// The document with all that names it.
    Json,
    /// The content alone.
    Text,
    /// The content with its lines numbered.
    Numbered,
    /// The file of Automerge, with the history.
    Automerge,
}

/// What `Accept` chooses from; of two that do equally well the first.
const OFFERED: [(Format, &str, &str); 3] = [
    (Format::Json, "application", "json"),
    (Format::Text, "text", "plain"),
    (Format::Automerge, "application", "vnd.automerge"),
];

impl Format {
    /// Every form.
    pub const ALL: [Format; 4] = [Format::Json, Format::Text, Format::Numbered, Format::Automerge];

    /// Its name in a query.
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Text => "text",
            Format::Numbered => "numbered",
            Format::Automerge => "automerge",
        }
    }
}

/// Whether a request without a query gets JSON for certain: it names nothing, or anything. For the hot path.
pub(crate) fn is_usual(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).is_none_or(|accept| accept == "*/*" || accept == "application/json")
}

/// The form that a request wants.
pub(crate) fn wanted(query: Option<&str>, headers: &HeaderMap) -> Result<Format, Problem> {
    if let Some(name) = query {
        let named = Format::ALL.into_iter().find(|format| format.name() == name);
        return named.ok_or_else(|| {
            let names = Format::ALL.map(Format::name).join(", ");
            Problem::new(Kind::BadQuery, format!("format is one of {names}")).with("parameter", "format")
        });
    }
    let lines: Vec<_> = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok()).collect();
    let ranges: Vec<_> = lines.iter().flat_map(|line| line.split(',')).filter_map(Range::read).collect();
    if ranges.is_empty() {
        return Ok(Format::Json);
    }
    let mut best = None;
    for (format, kind, subtype) in OFFERED {
        let quality = quality(&ranges, kind, subtype);
        if quality > best.map_or(0, |(_, quality)| quality) {
            best = Some((format, quality));
        }
    }
    best.map(|(format, _)| format).ok_or_else(not_acceptable)
}

fn not_acceptable() -> Problem {
    let offered = OFFERED.map(|(_, kind, subtype)| format!("{kind}/{subtype}"));
    let detail = format!("Accept rules out everything that a document is shown as: {}", offered.join(", "));
    Problem::new(Kind::NotAcceptable, detail).with("available", offered.to_vec())
}

/// One range of `Accept`, and how well it would do, in thousandths.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
}

impl<'a> Range<'a> {
    /// What is no range names nothing, and is passed over.
    fn read(text: &'a str) -> Option<Range<'a>> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut quality = 1_000;
        for part in parts {
            if let Some((name, value)) = part.split_once('=')
                && name.eq_ignore_ascii_case("q")
            {
                let given: f32 = value.parse().ok().filter(|given| (0.0..=1.0).contains(given))?;
                quality = (given * 1_000.0) as u16;
            }
        }
        Some(Range { kind, subtype, quality })
    }

    /// How closely it names a type, if it does.
    fn closeness(&self, kind: &str, subtype: &str) -> Option<u8> {
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (own, "*") if own.eq_ignore_ascii_case(kind) => Some(1),
            (own, sub) if own.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => Some(2),
            _ => None,
        }
    }
}

/// How well a type would do: as the range says that names it most closely.
fn quality(ranges: &[Range<'_>], kind: &str, subtype: &str) -> u16 {
    let naming = ranges.iter().filter_map(|range| Some((range.closeness(kind, subtype)?, range.quality)));
    naming.max().map_or(0, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_accept(lines: &[&str]) -> Result<Format, Kind> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT, line.parse().unwrap());
        }
        wanted(None, &headers).map_err(|problem| problem.kind)
    }

    #[test]
    fn a_name_in_the_query_is_taken_at_its_word() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, "text/plain".parse().unwrap());
        for format in Format::ALL {
            assert_eq!(wanted(Some(format.name()), &headers).unwrap(), format);
        }
        for strange in ["", "JSON", "xml"] {
            assert_eq!(wanted(Some(strange), &headers).unwrap_err().kind, Kind::BadQuery);
        }
    }

    #[test]
    fn accept_chooses_what_does_best() {
        for (lines, expected) in [
            (&[][..], Format::Json),
            (&["*/*"], Format::Json),
            (&["application/json"], Format::Json),
            (&["text/plain"], Format::Text),
            (&["Text/Plain; charset=utf-8"], Format::Text),
            (&["text/*, application/json;q=0.9"], Format::Text),
            (&["text/*;q=0.5, */*"], Format::Json),
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], Format::Json),
            (&["application/vnd.automerge"], Format::Automerge),
            (&["application/json;q=0", "application/*"], Format::Automerge),
            (&["application/json;q=0, */*"], Format::Text),
            (&["nonsense", "text/plain"], Format::Text),
        ] {
            assert_eq!(by_accept(lines), Ok(expected), "{lines:?}");
        }
    }

    #[test]
    fn what_nothing_fits_is_refused() {
        for lines in [&["image/png"][..], &["application/json;q=0"], &["text/html, image/*;q=0.2"]] {
            assert_eq!(by_accept(lines), Err(Kind::NotAcceptable), "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(line in "[ -~]{0,60}") {
            let usual = by_accept(&[&line]);
            prop_assert!(usual.is_ok() || usual == Err(Kind::NotAcceptable));
        }

        #[test]
        fn what_is_usual_is_json(line in prop::sample::select(&["*/*", "application/json"][..])) {
            let mut headers = HeaderMap::new();
            prop_assert!(is_usual(&headers));
            headers.insert(ACCEPT, line.parse().unwrap());
            prop_assert!(is_usual(&headers));
            prop_assert_eq!(by_accept(&[line]), Ok(Format::Json));
        }
    }
}
