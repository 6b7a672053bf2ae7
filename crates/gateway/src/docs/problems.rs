//! The page of one problem: where the `type` of a problem leads, from the same guide that people read.

use super::{layout, markdown};
use bytes::Bytes;

const PAGE: &str = include_str!("../../../../docs/problems.md");
const FILE: &str = "docs/problems.md";
const HEADING: &str = "\n## ";

/// What is said of one problem.
pub(crate) struct Section(&'static str);

impl Section {
    /// Its name in `type`.
    pub(crate) fn slug(&self) -> &'static str {
        self.0.lines().next().unwrap_or_default().trim()
    }

    /// The section, in Markdown.
    pub(crate) fn markdown(&self) -> Bytes {
        markdown::twin(&self.text(), FILE).into()
    }

    /// The section, for browsers.
    pub(crate) fn html(&self) -> Bytes {
        layout::guide(self.slug(), "problems", &markdown::html(&self.text(), FILE))
    }

    fn text(&self) -> String {
        format!("## {}\n", self.0.trim_end())
    }
}

/// What is said of the problem of this name.
pub(crate) fn find(slug: &str) -> Option<Section> {
    all().find(|section| section.slug() == slug)
}

/// Every problem that the guide explains.
pub(crate) fn all() -> impl Iterator<Item = Section> {
    PAGE.split(HEADING).skip(1).map(Section)
}
