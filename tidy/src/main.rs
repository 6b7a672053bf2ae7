//! The tree checks itself.
//!
//! `tidy [check…]` runs the named checks, or all of them, prints each finding on a line of its own and ends with 1
//! when there is one. Nothing here needs a network: what cargo has downloaded for the build is all that is read.
//! `tidy refresh <folder>` rewrites the snapshot of known advisories from a checkout of the RustSec database.
//!
//! Each check is a function from what was read to findings; only `tree`, `graph` and `lock` read.

mod advisories;
mod arrows;
mod bans;
mod docs;
mod graph;
mod licences;
mod links;
mod lock;
mod manifests;
mod policy;
mod refresh;
mod snapshot;
mod sources;
mod tree;

use anyhow::{Result, bail};
use std::process::ExitCode;
use tree::Tree;

/// What is wrong, in words that say what to do about it.
type Findings = Vec<String>;

/// A check: its name on the command line, and what it does.
type Check = (&'static str, fn(&Tree) -> Result<Findings>);

const CHECKS: [Check; 7] = [
    ("licences", licences::check),
    ("advisories", advisories::check),
    ("bans", bans::check),
    ("arrows", arrows::check),
    ("manifests", manifests::check),
    ("sources", sources::check),
    ("docs", docs::check),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(findings) => {
            eprintln!("tidy: {findings} finding(s)");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("tidy: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Does what the command line asks and says how many findings there were.
fn run(args: &[String]) -> Result<usize> {
    let tree = Tree::around_current_folder()?;
    if let [verb, database] = args
        && verb == "refresh"
    {
        refresh::run(&tree, database.as_ref())?;
        return Ok(0);
    }
    let mut findings = 0;
    for (name, check) in selected(args)? {
        let found = check(&tree)?;
        eprintln!(
            "tidy: {name}: {}",
            if found.is_empty() { "clean".into() } else { format!("{} found", found.len()) }
        );
        found.iter().for_each(|finding| println!("{name}: {finding}"));
        findings += found.len();
    }
    Ok(findings)
}

/// The checks with these names, or all when there is none.
fn selected(names: &[String]) -> Result<Vec<Check>> {
    let unknown = names.iter().find(|name| !CHECKS.iter().any(|(known, _)| known == name));
    if let Some(unknown) = unknown {
        let known: Vec<_> = CHECKS.iter().map(|(name, _)| *name).collect();
        bail!("no check is named {unknown:?}; there are {}, and `refresh <folder>`", known.join(", "));
    }
    Ok(CHECKS
        .into_iter()
        .filter(|(name, _)| names.is_empty() || names.iter().any(|wanted| wanted == name))
        .collect())
}
