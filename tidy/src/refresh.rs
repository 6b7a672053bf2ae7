//! Writes the snapshot of known advisories anew, from a checkout of the RustSec advisory database.
//!
//! An advisory is a Markdown file that begins with a fenced block of TOML; one that cannot be read stops the refresh,
//! because a snapshot with a hole in it would look complete.

use crate::snapshot;
use crate::tree::Tree;
use anyhow::{Context, Result, ensure};
use semver::VersionReq;
use serde::Deserialize;
use std::fmt::Write as _;
use std::path::Path;

#[derive(Deserialize)]
struct File {
    advisory: Header,
    versions: Versions,
}

#[derive(Deserialize)]
struct Header {
    id: String,
    package: String,
    date: String,
    informational: Option<String>,
    withdrawn: Option<String>,
}

#[derive(Deserialize)]
struct Versions {
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
}

/// Reads the database in a folder and replaces the snapshot.
pub fn run(tree: &Tree, database: &Path) -> Result<()> {
    let mut files = read(&database.join("crates"))?;
    files.retain(|file| file.advisory.withdrawn.is_none());
    files.sort_by(|a, b| a.advisory.id.cmp(&b.advisory.id));
    let path = tree.root().join(snapshot::PATH);
    std::fs::write(&path, render(&files)).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("tidy: {} advisories written to {}", files.len(), snapshot::PATH);
    Ok(())
}

/// Every advisory of the database.
fn read(crates: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for package in
        crates.read_dir().with_context(|| format!("{} is no advisory database", crates.display()))?
    {
        for entry in package?.path().read_dir()? {
            let path = entry?.path();
            let text = std::fs::read_to_string(&path)?;
            files.push(parse(&text).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    ensure!(!files.is_empty(), "{} holds no advisories", crates.display());
    Ok(files)
}

/// One advisory.
fn parse(text: &str) -> Result<File> {
    let (_, rest) = text.split_once("```toml").context("no block of TOML")?;
    let (header, _) = rest.split_once("\n```").context("the block of TOML does not end")?;
    Ok(toml::from_str(header)?)
}

/// The snapshot's text: one line each, so that a refresh is a readable difference.
fn render(files: &[File]) -> String {
    let taken = files.iter().map(|file| file.advisory.date.as_str()).max().unwrap_or_default();
    let mut text = format!(
        "# Written by `scripts/audit --refresh`; judgements belong into deny.toml.\n\
         # Facts of the RustSec advisory database (https://github.com/rustsec/advisory-db).\n\
         taken = \"{taken}\"\nadvisories = [\n"
    );
    for File { advisory: Header { id, package, informational, .. }, versions } in files {
        let kind = informational.as_deref().unwrap_or("vulnerability");
        let patched = list(&versions.patched);
        let _ = write!(text, "  {{ id = {id:?}, package = {package:?}, kind = {kind:?}, patched = {patched}");
        if !versions.unaffected.is_empty() {
            let _ = write!(text, ", unaffected = {}", list(&versions.unaffected));
        }
        text.push_str(" },\n");
    }
    text.push_str("]\n");
    text
}

fn list(ranges: &[VersionReq]) -> String {
    let quoted: Vec<String> = ranges.iter().map(|range| format!("{:?}", range.to_string())).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Kind, Snapshot};

    const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2\"\npackage = \"boat\"\ndate = \"2026-02-03\"\n\
        informational = \"unsound\"\n[versions]\npatched = [\">= 1.2\"]\nunaffected = [\"< 1\"]\n```\n# Leaks\n";

    #[test]
    fn what_is_written_is_read_back() {
        let snapshot: Snapshot = toml::from_str(&render(&[parse(ADVISORY).unwrap()])).unwrap();
        let [advisory] = &snapshot.advisories[..] else { panic!("{snapshot:?}") };
        assert_eq!((snapshot.taken.as_str(), advisory.kind), ("2026-02-03", Kind::Unsound));
        assert!(advisory.touches(&"1.1.0".parse().unwrap()));
        assert!(!advisory.touches(&"1.2.0".parse().unwrap()) && !advisory.touches(&"0.9.0".parse().unwrap()));
    }

    #[test]
    fn a_file_without_its_block_is_refused() {
        assert!(parse("# Leaks\n").is_err());
    }
}
