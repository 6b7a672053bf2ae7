//! Unified diffs, applied to the text that they were made for: at the lines that their headers name, or else nearby.
//!
//! The library reads them. Where a hunk belongs is decided here, because whoever writes a diff by hand miscounts lines: its
//! old lines have to stand at the line that its header names, or else they are sought, nearest first; first as they are,
//! then without regard to white space at their ends, and at last without the outer lines of their context, if the rest stands
//! in one place alone. What stands in the text is kept as it is; only lines that are inserted come from the patch.

mod refused;

use super::place::{self, LineId, Place};
use super::work::Work;
use crate::gate::Pass;
use crate::problem::{Kind, Problem};
use crate::request::json::take_room;
use base::{Limits, Shape};
use diffy::{Line, Patch};
use serde_json::Value;
use std::collections::HashMap;
use std::ops::Range;

/// How many lines of context at either end of a hunk may differ from the text: the "fuzz" of `patch`.
const FUZZ: usize = 2;

/// The number of a line that is not in the text.
const UNKNOWN: LineId = LineId::MAX;

/// Takes the body of a patch.
pub(super) fn decode(body: &[u8]) -> Result<String, Problem> {
    let mut patch = str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?.to_owned();
    // A last line whose end was lost on the way; a text that ends without one says so in a line of its own.
    if !patch.ends_with('\n') {
        patch.push('\n');
    }
    Ok(patch)
}

/// Applies a patch to the content of a document.
pub(super) fn apply(
    shape: Shape,
    content: Value,
    patch: &str,
    limits: &Limits,
    room: &mut Pass,
) -> Result<Value, Problem> {
    let Value::String(text) = content else {
        let detail = format!("a unified diff is for texts, and this is a {} document", shape.as_str());
        return Err(Problem::new(
            Kind::BadEdit,
            format!("{detail}; take a JSON Patch, or search and replace"),
        ));
    };
    bound(&[&text, patch], limits, room)?;
    let parsed = Patch::from_str(patch).map_err(|error| malformed(&error.to_string()))?;
    let hunks = hunks(&parsed, patch)?;
    if hunks.len() > limits.operations {
        let what = "the number of hunks in one patch";
        return Err(Problem::limit(Kind::TooManyOperations, what, limits.operations, Some(hunks.len())));
    }
    Ok(Value::String(applied(&text, &hunks)?))
}

/// Lines take more memory than their text, and count like values.
fn bound(texts: &[&str], limits: &Limits, room: &mut Pass) -> Result<(), Problem> {
    for text in texts {
        let lines = text.matches('\n').count();
        if lines > limits.json_values {
            let what = "the number of lines in a patch, or in a text that is patched,";
            return Err(Problem::limit(Kind::PatchTooCostly, what, limits.json_values, Some(lines)));
        }
        take_room(room, lines, text.len())?;
    }
    Ok(())
}

/// A hunk, or a part of one: what it takes away or leaves, and what it brings.
#[derive(Debug, Clone, Copy)]
struct Hunk<'p> {
    /// The line in the old text at which it begins, from 0.
    named: i64,
    lines: &'p [Line<'p, str>],
}

impl<'p> Hunk<'p> {
    /// The lines that have to stand in the text.
    fn old(&self) -> impl Iterator<Item = &'p str> + Clone {
        self.lines.iter().filter_map(|line| match *line {
            Line::Context(text) | Line::Delete(text) => Some(text),
            Line::Insert(_) => None,
        })
    }

    /// What is left without so many lines of context at either end.
    fn without_context(self, lines: usize) -> Hunk<'p> {
        let is_context = |line: &&Line<'_, str>| matches!(line, Line::Context(_));
        let before = self.lines.iter().take(lines).take_while(is_context).count();
        let behind = self.lines[before..].iter().rev().take(lines).take_while(is_context).count();
        Hunk { named: self.named + before as i64, lines: &self.lines[before..self.lines.len() - behind] }
    }
}

/// The hunks of a patch, which was read from this text.
fn hunks<'p>(parsed: &'p Patch<'p, str>, patch: &str) -> Result<Vec<Hunk<'p>>, Problem> {
    let hunks: Vec<_> = parsed
        .hunks()
        .iter()
        .map(|hunk| {
            let range = hunk.old_range();
            // A hunk without old lines names the line behind which it inserts.
            let named = if range.is_empty() { range.start() } else { range.start().saturating_sub(1) };
            // Far beyond any text, and far from where a sum would overflow.
            let named = i64::try_from(named).unwrap_or(i64::MAX).min(i64::MAX / 4);
            Hunk { named, lines: hunk.lines() }
        })
        .collect();
    let Some(last) = hunks.last().and_then(|hunk| hunk.lines.last()) else {
        return Err(malformed("it has no hunk: a line that begins with @@, and lines behind it"));
    };
    nothing_behind(patch, last)?;
    Ok(hunks)
}

/// The library passes over what stands behind a hunk that has as many lines as its header says. Lines that look like more
/// of it are a header that was miscounted, or a second file: nothing of a patch may be lost without a word.
fn nothing_behind(patch: &str, last: &Line<'_, str>) -> Result<(), Problem> {
    let (Line::Context(text) | Line::Delete(text) | Line::Insert(text)) = *last;
    // The lines are slices of the patch.
    let end = (text.as_ptr() as usize + text.len()).saturating_sub(patch.as_ptr() as usize);
    let behind = patch.get(end..).unwrap_or_default();
    let more = behind.lines().find(|line| {
        // What signs a patch in a mail.
        *line != "-- " && !line.trim().is_empty() && line.starts_with(['+', '-', ' '])
    });
    match more {
        None => Ok(()),
        Some(line) => {
            let line = super::excerpt::line(line);
            let detail = format!("{line:?} stands behind what the header of the last hunk counts");
            Err(malformed(&format!("{detail}; count its lines anew, and send one patch for each document")))
        }
    }
}

fn malformed(reason: &str) -> Problem {
    Problem::new(Kind::MalformedPatch, format!("this is no unified diff: {reason}"))
}

/// What the lines of a text are, for comparing them with others.
struct Lines<'t> {
    texts: Vec<&'t str>,
    exact: Numbered<'t>,
    /// Without white space at their ends.
    loose: Numbered<'t>,
}

#[derive(Default)]
struct Numbered<'t> {
    numbers: HashMap<&'t str, LineId>,
    lines: Vec<LineId>,
}

impl<'t> Numbered<'t> {
    fn of(lines: impl Iterator<Item = &'t str>) -> Numbered<'t> {
        let mut numbered = Numbered::default();
        for line in lines {
            let next = numbered.numbers.len() as LineId;
            numbered.lines.push(*numbered.numbers.entry(line).or_insert(next));
        }
        numbered
    }

    /// Finds lines near to one, from a floor on.
    fn find<'p>(
        &self,
        wanted: impl Iterator<Item = &'p str>,
        near: i64,
        floor: usize,
        work: &mut Work,
    ) -> Result<Place, Problem> {
        let wanted: Vec<_> = wanted.map(|line| self.numbers.get(line).copied().unwrap_or(UNKNOWN)).collect();
        if wanted.contains(&UNKNOWN) {
            return Ok(Place::Nowhere);
        }
        place::nearest(&self.lines, &wanted, near, floor, work)
    }

    /// Finds lines that stand in one place alone, from a floor on.
    fn find_only<'p>(
        &self,
        wanted: impl Iterator<Item = &'p str> + Clone,
        floor: usize,
        work: &mut Work,
    ) -> Result<Option<usize>, Problem> {
        let first = self.find(wanted.clone(), floor as i64, floor, work)?;
        let Place::At(at) = first else { return Ok(None) };
        let again = self.find(wanted, at as i64 + 1, at + 1, work)?;
        Ok((again == Place::Nowhere).then_some(at))
    }
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Lines<'t> {
        let texts: Vec<_> = text.split_inclusive('\n').collect();
        let exact = Numbered::of(texts.iter().copied());
        let loose = Numbered::of(texts.iter().map(|line| line.trim_end()));
        Lines { texts, exact, loose }
    }
}

/// The text behind the patch.
fn applied(text: &str, hunks: &[Hunk<'_>]) -> Result<String, Problem> {
    let lines = Lines::of(text);
    let mut work = Work::new();
    let mut new = String::with_capacity(text.len());
    // Where the text is copied to, and by how much the headers of hunks missed so far.
    let (mut done, mut drift) = (0, 0);
    for (number, hunk) in hunks.iter().enumerate() {
        let near = hunk.named + drift;
        let (place, part) = find(&lines, *hunk, near, done, &mut work)?;
        let at = match place {
            Place::At(at) => at,
            Place::Two(one, other) => return Err(refused::two_places(number, hunk, one, other)),
            Place::Nowhere => return Err(refused::nowhere(number, hunk, near, &lines.texts)),
        };
        let hunk = part;
        drift = at as i64 - hunk.named;
        push_all(&mut new, &lines.texts, done..at);
        done = at;
        for line in hunk.lines {
            match line {
                Line::Insert(text) => push(&mut new, text),
                Line::Context(_) => {
                    push(&mut new, lines.texts[done]);
                    done += 1;
                }
                Line::Delete(_) => done += 1,
            }
        }
    }
    push_all(&mut new, &lines.texts, done..lines.texts.len());
    Ok(new)
}

/// Where a hunk belongs, and how much of it does.
fn find<'p>(
    lines: &Lines<'_>,
    hunk: Hunk<'p>,
    near: i64,
    floor: usize,
    work: &mut Work,
) -> Result<(Place, Hunk<'p>), Problem> {
    let exact = lines.exact.find(hunk.old(), near, floor, work)?;
    if exact != Place::Nowhere {
        return Ok((exact, hunk));
    }
    let loose = lines.loose.find(hunk.old().map(str::trim_end), near, floor, work)?;
    if loose != Place::Nowhere {
        return Ok((loose, hunk));
    }
    for fuzz in 1..=FUZZ {
        let part = hunk.without_context(fuzz);
        // Blank lines stand everywhere: that they stand in one place now means nothing.
        if part.lines.len() == hunk.lines.len() || part.old().all(|line| line.trim().is_empty()) {
            break;
        }
        if let Some(at) = lines.loose.find_only(part.old().map(str::trim_end), floor, work)? {
            return Ok((Place::At(at), part));
        }
    }
    Ok((Place::Nowhere, hunk))
}

fn push_all(new: &mut String, texts: &[&str], range: Range<usize>) {
    texts[range].iter().for_each(|line| push(new, line));
}

/// A line behind others begins a line: the end of the one before it may have been lost with white space.
fn push(new: &mut String, line: &str) {
    if !new.is_empty() && !new.ends_with('\n') {
        new.push('\n');
    }
    new.push_str(line);
}

#[cfg(test)]
mod tests;
