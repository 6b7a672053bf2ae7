//! The history of a text: every edit that was made to it, in order.

use flate2::read::GzDecoder;
use serde::Deserialize;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// One edit; positions and counts are Unicode scalar values.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "(usize, usize, String)")]
pub struct Edit {
    /// Where.
    pub position: usize,
    /// How many characters go.
    pub delete: usize,
    /// What comes in their place.
    pub insert: String,
}

impl From<(usize, usize, String)> for Edit {
    fn from((position, delete, insert): (usize, usize, String)) -> Edit {
        Edit { position, delete, insert }
    }
}

/// A text, and how it came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Before the first edit.
    pub start: String,
    /// The edits.
    pub edits: Vec<Edit>,
    /// After the last one.
    pub end: String,
}

/// Why there is no trace.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The file cannot be read.
    #[error("cannot read the gzipped trace {path}: it is in tests/data of the repository")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{path} is not an editing trace")]
    Format {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    start_content: String,
    end_content: String,
    txns: Vec<Vec<Edit>>,
}

impl Trace {
    /// The trace that comes with the project.
    pub fn of_the_paper() -> Result<Trace, TraceError> {
        Trace::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/automerge-paper.json.gz").as_ref())
    }

    /// Reads a gzipped trace.
    pub fn load(path: &Path) -> Result<Trace, TraceError> {
        let stored = read(path).map_err(|source| TraceError::Read { path: path.to_owned(), source })?;
        let stored: Stored = serde_json::from_slice(&stored)
            .map_err(|source| TraceError::Format { path: path.to_owned(), source })?;
        let edits = stored.txns.into_iter().flatten().collect();
        Ok(Trace { start: stored.start_content, edits, end: stored.end_content })
    }

    /// The first edits alone, with the text that they end in.
    pub fn first(&self, edits: usize) -> Trace {
        if edits >= self.edits.len() {
            return self.clone();
        }
        let edits = self.edits[..edits].to_vec();
        let mut text: Vec<char> = self.start.chars().collect();
        for edit in &edits {
            text.splice(edit.position..edit.position + edit.delete, edit.insert.chars());
        }
        Trace { start: self.start.clone(), edits, end: text.into_iter().collect() }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(path)?).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_is_whole() {
        let paper = Trace::of_the_paper().unwrap();
        assert_eq!((paper.edits.len(), paper.end.chars().count()), (259_778, 104_852));
    }

    #[test]
    fn its_beginning_ends_in_what_was_typed_so_far() {
        let beginning = Trace::of_the_paper().unwrap().first(3);
        assert_eq!(beginning.end, "\\do");
        assert_eq!(beginning.edits[1], Edit { position: 1, delete: 0, insert: "d".to_owned() });
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = Trace::load(Path::new("/nowhere/trace.gz")).unwrap_err();
        assert!(matches!(&error, TraceError::Read { .. }), "{error}");
    }
}
