//! What is told of a hunk whose old lines do not stand where they could: what was expected, and what stands there instead.

use super::Hunk;
use crate::patch::excerpt;
use crate::problem::{Kind, Problem};

/// They stand nowhere.
pub(super) fn nowhere(number: usize, hunk: &Hunk<'_>, near: i64, texts: &[&str]) -> Problem {
    let at = usize::try_from(near).unwrap_or(0).min(texts.len());
    let line = at + 1;
    let found = texts[at..].iter().copied().take(hunk.old().count().max(1));
    let detail = format!(
        "the old lines of hunk {number} stand neither at line {line} nor elsewhere behind the hunk before it"
    );
    Problem::new(Kind::HunkNotFound, detail)
        .with("hunk", number)
        .with("line", line)
        .with("expected", excerpt::lines(hunk.old()))
        .with("found", excerpt::lines(found))
}

/// They stand at two places, and neither is nearer.
pub(super) fn two_places(number: usize, hunk: &Hunk<'_>, one: usize, other: usize) -> Problem {
    let (one, other) = (one + 1, other + 1);
    let detail = format!("the old lines of hunk {number} stand at line {one} and as near at line {other}");
    Problem::new(Kind::HunkAmbiguous, detail)
        .with("hunk", number)
        .with("lines", vec![one, other])
        .with("expected", excerpt::lines(hunk.old()))
}
