//! `Cargo.lock`: every package of every target, exactly as it will be built.

use crate::tree::Tree;
use anyhow::{Context, Result};
use semver::Version;
use serde::Deserialize;

/// A package that the lock file names.
#[derive(Debug, Deserialize)]
pub struct Locked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Where it comes from; `None` for a member of the workspace.
    pub source: Option<String>,
}

#[derive(Deserialize)]
struct LockFile {
    package: Vec<Locked>,
}

/// The packages of the repository's lock file.
pub fn read(tree: &Tree) -> Result<Vec<Locked>> {
    parse(&tree.read("Cargo.lock")?)
}

/// The packages of a lock file.
pub fn parse(text: &str) -> Result<Vec<Locked>> {
    let file: LockFile = toml::from_str(text).context("Cargo.lock is not what cargo writes")?;
    Ok(file.package)
}
