//! `GET /docs…`, `/openapi.json` and `/llms.txt`: what the hub says about itself, from what is built into it.
//!
//! A page is HTML for those who accept that, as browsers do, and Markdown for everyone else: `curl`, scripts, agents.

use crate::docs::{self, assets, llms, problems, reference};
use crate::openapi;
use crate::problem::{Kind, Problem};
use crate::request::accept;
use crate::respond::{self, Answer, Outcome};
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, REFERRER_POLICY, VARY};

const MARKDOWN: &str = "text/markdown; charset=utf-8";

/// What a page may do: look as its style sheet says, and show pictures of this hub. No scripts, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The description of the API, for programs.
pub(super) fn openapi() -> Outcome {
    Ok(public(respond::typed(StatusCode::OK, "application/json", openapi::text().into())))
}

/// The pages that there are, for language models.
pub(super) fn llms() -> Outcome {
    Ok(public(respond::text(StatusCode::OK, llms::text())))
}

/// The description of the API, for people.
pub(super) fn reference() -> Outcome {
    Ok(html(reference::page()))
}

/// A page, or what pages are drawn with. `folder` ends with a slash, or is empty.
pub(super) fn page(folder: &str, name: &str, headers: &HeaderMap) -> Outcome {
    if folder.is_empty()
        && let Some(asset) = assets::find(name)
    {
        return Ok(public(respond::typed(StatusCode::OK, asset.media, Bytes::from_static(asset.bytes))));
    }
    let (slug, always_markdown) = name.strip_suffix(".md").map_or((name, false), |slug| (slug, true));
    let page = docs::find(folder, slug).ok_or_else(unknown)?;
    Ok(if always_markdown { markdown(page.twin()) } else { either(headers, || page.html(), || page.twin()) })
}

/// One problem.
pub(super) fn problem(name: &str, headers: &HeaderMap) -> Outcome {
    let (slug, always_markdown) = name.strip_suffix(".md").map_or((name, false), |slug| (slug, true));
    let section = problems::find(slug).ok_or_else(unknown)?;
    Ok(if always_markdown {
        markdown(section.markdown())
    } else {
        either(headers, || section.html(), || section.markdown())
    })
}

fn unknown() -> Problem {
    Problem::new(Kind::UnknownPath, "there is no such page; GET /llms.txt lists all of them")
}

/// A page in the form that the client wants.
fn either(
    headers: &HeaderMap,
    as_html: impl FnOnce() -> Bytes,
    as_markdown: impl FnOnce() -> Bytes,
) -> Answer {
    let mut answer = if accepts_html(headers) { html(as_html()) } else { markdown(as_markdown()) };
    answer.headers_mut().insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    answer
}

/// Browsers name HTML; who names nothing in particular is a program, or reads in a terminal.
fn accepts_html(headers: &HeaderMap) -> bool {
    accept::media(headers, &["text/markdown", "text/html"]) == Some(1)
}

fn markdown(text: Bytes) -> Answer {
    public(respond::typed(StatusCode::OK, MARKDOWN, text))
}

fn html(text: Bytes) -> Answer {
    let mut answer = public(respond::typed(StatusCode::OK, "text/html; charset=utf-8", text));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

/// The same for everyone, and worth keeping for a while.
fn public(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    answer
}
