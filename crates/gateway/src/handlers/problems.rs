//! `GET /docs/problems` and `GET /docs/problems/{slug}`: where the `type` of a problem leads, from the same page that
//! people read.

use crate::problem::{Kind, Problem};
use crate::respond::{self, Outcome};
use hyper::StatusCode;

const PAGE: &str = include_str!("../../../../docs/problems.md");
const HEADING: &str = "\n## ";
const MARKDOWN: &str = "text/markdown; charset=utf-8";

/// Every problem.
pub(super) fn all() -> Outcome {
    Ok(respond::typed(StatusCode::OK, MARKDOWN, PAGE.into()))
}

/// One problem.
pub(super) fn one(slug: &str) -> Outcome {
    let section = sections().find(|section| slug_of(section) == slug);
    let section = section.ok_or_else(|| {
        Problem::new(Kind::UnknownPath, "there is no such problem; GET /docs/problems shows every one")
    })?;
    Ok(respond::typed(StatusCode::OK, MARKDOWN, format!("## {}\n", section.trim_end()).into()))
}

/// The slugs that the page explains.
#[cfg(test)]
pub(crate) fn slugs() -> impl Iterator<Item = &'static str> {
    sections().map(slug_of)
}

fn sections() -> impl Iterator<Item = &'static str> {
    PAGE.split(HEADING).skip(1)
}

fn slug_of(section: &'static str) -> &'static str {
    section.lines().next().unwrap_or_default().trim()
}
