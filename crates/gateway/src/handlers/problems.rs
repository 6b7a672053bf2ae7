//! `GET /docs/problems` and `GET /docs/problems/{slug}`: where the `type` of a problem leads, from the same page that
//! people read. As HTML for browsers, as Markdown for everyone else.

mod page;

use crate::problem::{Kind, Problem};
use crate::request::accept;
use crate::respond::{self, Outcome};
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, VARY};
use std::sync::LazyLock;

const PAGE: &str = include_str!("../../../../docs/problems.md");
const HEADING: &str = "\n## ";

const MARKDOWN: &str = "text/markdown; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// The page of every problem, made once.
static ALL: LazyLock<Bytes> =
    LazyLock::new(|| page::all(PAGE.split(HEADING).next().unwrap_or_default(), sections()).into());

/// Every problem.
pub(super) fn all(headers: &HeaderMap) -> Outcome {
    Ok(answer(headers, || PAGE.into(), || ALL.clone()))
}

/// One problem.
pub(super) fn one(slug: &str, headers: &HeaderMap) -> Outcome {
    let section = sections().find(|section| section.slug == slug);
    let section = section.ok_or_else(|| {
        Problem::new(Kind::UnknownPath, "there is no such problem; GET /docs/problems shows every one")
    })?;
    let markdown = || format!("## {slug}\n\n{}\n", section.text).into();
    Ok(answer(headers, markdown, || page::one(&section).into()))
}

/// The form that the client likes best: Markdown, unless it says that it likes HTML better.
fn answer(
    headers: &HeaderMap,
    markdown: impl FnOnce() -> Bytes,
    html: impl FnOnce() -> Bytes,
) -> respond::Answer {
    let likes_html = accept::media(headers, &[MARKDOWN, HTML]) == Some(1);
    let (media, body) = if likes_html { (HTML, html()) } else { (MARKDOWN, markdown()) };
    let mut answer = respond::typed(StatusCode::OK, media, body);
    let said = answer.headers_mut();
    said.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    said.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    if likes_html {
        said.insert(CONTENT_SECURITY_POLICY, page::policy());
    }
    answer
}

/// The slugs that the page explains.
#[cfg(test)]
pub(crate) fn slugs() -> impl Iterator<Item = &'static str> {
    sections().map(|section| section.slug)
}

/// What is said of one problem.
#[derive(Debug, Clone, Copy)]
struct Section {
    slug: &'static str,
    /// In Markdown.
    text: &'static str,
}

fn sections() -> impl Iterator<Item = Section> {
    PAGE.split(HEADING).skip(1).map(|section| {
        let (slug, text) = section.split_once('\n').unwrap_or((section, ""));
        Section { slug: slug.trim(), text: text.trim() }
    })
}
