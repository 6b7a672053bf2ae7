//! In which form a document is wanted: by `format` in the query, which names one, or else by `Accept` (RFC 9110, section
//! 12.5.1), which says what would do.

use super::accept;
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

/// What `Accept` chooses from; of those that do equally well the first.
const OFFERED: [&str; 3] = ["application/json", "text/plain", AUTOMERGE];

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
    match accept::media(headers, &OFFERED) {
        Some(0) => Ok(Format::Json),
        Some(1) => Ok(Format::Text),
        Some(_) => Ok(Format::Automerge),
        None => Err(not_acceptable()),
    }
}

fn not_acceptable() -> Problem {
    let detail = format!("Accept rules out everything that a document is shown as: {}", OFFERED.join(", "));
    Problem::new(Kind::NotAcceptable, detail).with("offered", OFFERED)
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
            (&["*/*, text/plain"], Format::Text),
            (&["nonsense", "text/plain"], Format::Text),
            (&["nonsense"], Format::Json),
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
