//! The pages of problems as HTML: one file each, with nothing to fetch besides.

use super::Section;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use pulldown_cmark::{Parser, html};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::LazyLock;

const STYLE: &str = include_str!("page.css");

/// Where the page of all problems is.
const ALL: &str = "/docs/problems";

/// A browser takes this style and nothing else: no script, no picture, no frame, no form.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("the alphabet of base64 is visible ASCII")
});

/// The header that goes with every page.
pub(super) fn policy() -> HeaderValue {
    POLICY.clone()
}

/// The page of all problems, behind what is said of them together.
pub(super) fn all(introduction: &str, sections: impl Iterator<Item = Section>) -> String {
    let mut body = rendered(introduction);
    for Section { slug, text } in sections {
        let link = format!("<h2 id=\"{slug}\"><a href=\"{ALL}/{slug}\">{slug}</a></h2>\n");
        body.push_str(&link);
        body.push_str(&explained(text));
    }
    whole("Problems", &body)
}

/// The page of one problem.
pub(super) fn one(section: &Section) -> String {
    let Section { slug, text } = section;
    let body = format!("<p><a href=\"{ALL}\">Problems</a></p>\n<h1>{slug}</h1>\n{}", explained(text));
    whole(slug, &body)
}

/// What is said of a problem. It begins with the status and a point, which would be the place in a list.
fn explained(text: &str) -> String {
    match text.split_once('.') {
        Some((status, rest)) if status.bytes().all(|byte| byte.is_ascii_digit()) => {
            rendered(&format!("{status}\\.{rest}"))
        }
        _ => rendered(text),
    }
}

fn rendered(markdown: &str) -> String {
    let mut out = String::new();
    html::push_html(&mut out, Parser::new(markdown));
    out
}

fn whole(title: &str, body: &str) -> String {
    let mut page = String::with_capacity(body.len() + STYLE.len() + 512);
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Context Hub</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
    .expect("writing to memory does not fail");
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_whole() {
        let section = Section { slug: "slow-body", text: "408. It took `limit` < 5 & more." };
        let page = one(&section);
        assert!(
            page.contains("<h1>slow-body</h1>\n<p>408. It took <code>limit</code> &lt; 5 &amp; more.</p>"),
            "{page}"
        );
        assert!(page.contains("<title>slow-body · Context Hub</title>"));
        let every = all("# Problems\n\nEach.", [section].into_iter());
        assert!(every.contains("<h1>Problems</h1>\n<p>Each.</p>"), "{every}");
        assert!(
            every.contains("<h2 id=\"slow-body\"><a href=\"/docs/problems/slow-body\">slow-body</a></h2>")
        );
    }

    #[test]
    fn the_policy_allows_the_style_that_is_there() {
        let page = one(&Section { slug: "x", text: "" });
        let (_, style) = page.split_once("<style>").unwrap();
        let (style, _) = style.split_once("</style>").unwrap();
        let allowed = format!("style-src 'sha256-{}'", STANDARD.encode(Sha256::digest(style)));
        assert!(policy().to_str().unwrap().contains(&allowed));
        assert!(!page.contains("style=") && !page.contains("<script"));
    }
}
