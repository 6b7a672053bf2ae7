//! What may come in: `deny.toml`, the file that `cargo deny` reads too.
//!
//! Only the part of it that the checks here understand is taken; a key that they would silently pass over in the
//! tables they read is an error, so that the two tools cannot drift apart unnoticed.

use crate::tree::Tree;
use anyhow::{Context, Result};
use serde::Deserialize;

/// The policy.
#[derive(Debug, Deserialize)]
pub struct Policy {
    /// About known holes.
    pub advisories: Advisories,
    /// About licences.
    pub licenses: Licences,
    /// About packages that must not come in, or only once.
    pub bans: Bans,
    /// About where packages come from.
    pub sources: Sources,
}

/// Which advisories were judged not to touch us.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advisories {
    /// Each with its reason.
    pub ignore: Vec<Ignored>,
}

/// An advisory that was judged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignored {
    /// `RUSTSEC-…`.
    pub id: String,
    /// Why it does not touch us.
    pub reason: String,
}

/// Which licences may come in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licences {
    /// SPDX ids.
    pub allow: Vec<String>,
}

/// Which packages may not come in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bans {
    /// What `cargo deny` does about any other package that is there twice.
    #[serde(rename = "multiple-versions")]
    pub _multiple_versions: String,
    /// The packages.
    pub deny: Vec<Banned>,
}

/// A package that may not come in, or not twice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Banned {
    /// Its name.
    #[serde(rename = "crate")]
    pub name: String,
    /// One copy is welcome, two are not.
    #[serde(default)]
    pub deny_multiple_versions: bool,
    /// Why.
    pub reason: String,
}

/// Where packages may come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sources {
    /// What `cargo deny` does about another registry.
    #[serde(rename = "unknown-registry")]
    pub _unknown_registry: String,
    /// What `cargo deny` does about a git repository.
    #[serde(rename = "unknown-git")]
    pub _unknown_git: String,
    /// Index addresses.
    pub allow_registry: Vec<String>,
}

/// The repository's policy.
pub fn read(tree: &Tree) -> Result<Policy> {
    toml::from_str(&tree.read("deny.toml")?)
        .context("deny.toml holds something that tidy does not understand")
}
