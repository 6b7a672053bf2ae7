//! `audit/advisories.toml`: what the RustSec database knew on a day.
//!
//! It holds every advisory about every package, not only about ours: a dependency that comes in tomorrow is checked
//! too. Facts only; the prose stays in the database, under the advisory's id.

use crate::tree::Tree;
use anyhow::{Context, Result};
use semver::{Version, VersionReq};
use serde::Deserialize;
use std::fmt;

/// Where the snapshot lies.
pub const PATH: &str = "audit/advisories.toml";

/// The known advisories.
#[derive(Debug, Deserialize)]
pub struct Snapshot {
    /// The day of the newest one.
    pub taken: String,
    /// All that were not withdrawn, by id.
    pub advisories: Vec<Advisory>,
}

/// What is known about a package.
#[derive(Debug, Deserialize)]
pub struct Advisory {
    /// `RUSTSEC-…`.
    pub id: String,
    /// The package.
    pub package: String,
    /// What is wrong with it.
    pub kind: Kind,
    /// Versions in which it is right again.
    pub patched: Vec<VersionReq>,
    /// Versions in which it was never wrong.
    #[serde(default)]
    pub unaffected: Vec<VersionReq>,
}

/// What an advisory says about a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It can be attacked.
    Vulnerability,
    /// Safe code can break memory with it.
    Unsound,
    /// Nobody looks after it.
    Unmaintained,
    /// Something else that is worth knowing.
    Notice,
}

impl Advisory {
    /// Whether a version of the package has what the advisory describes.
    pub fn touches(&self, version: &Version) -> bool {
        !self.patched.iter().chain(&self.unaffected).any(|fine| fine.matches(version))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Vulnerability => "vulnerability",
            Kind::Unsound => "unsound",
            Kind::Unmaintained => "unmaintained",
            Kind::Notice => "notice",
        })
    }
}

/// The repository's snapshot.
pub fn read(tree: &Tree) -> Result<Snapshot> {
    toml::from_str(&tree.read(PATH)?)
        .with_context(|| format!("{PATH} is damaged: write it anew with `tidy refresh`"))
}
