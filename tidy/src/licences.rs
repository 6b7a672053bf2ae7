//! Every package that is built has a licence that `deny.toml` allows.

use crate::graph::{Graph, Package};
use crate::tree::Tree;
use crate::{Findings, policy};
use anyhow::{Context, Result};
use spdx::{Expression, Licensee, ParseMode};

/// The check.
pub fn check(tree: &Tree) -> Result<Findings> {
    let allowed = allowed(&policy::read(tree)?.licenses.allow)?;
    let graph = Graph::read(tree)?;
    let outside = graph.packages().filter(|package| !package.member);
    Ok(outside.filter_map(|package| judge(package, &allowed)).collect())
}

/// The licences that may come in.
fn allowed(ids: &[String]) -> Result<Vec<Licensee>> {
    ids.iter()
        .map(|id| Licensee::parse(id).with_context(|| format!("{id:?} in deny.toml is no SPDX licence")))
        .collect()
}

/// What is wrong with a package's licence, if anything.
fn judge(package: &Package, allowed: &[Licensee]) -> Option<String> {
    let Package { name, version, licence, .. } = package;
    let Some(licence) = licence else {
        return Some(format!("{name} {version} names no licence"));
    };
    // Lax because packages of the first years wrote `MIT/Apache-2.0`.
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Err(_) => Some(format!("{name} {version}: {licence:?} is no SPDX expression")),
        Ok(terms) if terms.evaluate(|term| allowed.iter().any(|licence| licence.satisfies(term))) => None,
        Ok(_) => {
            Some(format!("{name} {version}: {licence} is not allowed; do without it, or argue in deny.toml"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(licence: &str) -> bool {
        let allowed = allowed(&["MIT".into(), "Apache-2.0".into(), "ISC".into()]).unwrap();
        let licence = Some(licence.to_owned());
        let package = Package { name: "boat".into(), version: "1.0.0".into(), licence, member: false };
        judge(&package, &allowed).is_none()
    }

    #[test]
    fn one_allowed_alternative_is_enough() {
        assert!(accepts("MIT OR GPL-3.0-only"));
        assert!(accepts("Apache-2.0 WITH LLVM-exception OR MIT"));
        assert!(accepts("MIT/Apache-2.0"));
    }

    #[test]
    fn all_parts_of_a_conjunction_must_be_allowed() {
        assert!(accepts("MIT AND (ISC OR GPL-2.0-only)"));
        assert!(!accepts("MIT AND GPL-2.0-only"));
    }

    #[test]
    fn what_is_not_understood_is_not_allowed() {
        assert!(!accepts("be nice"));
        assert!(!accepts("AGPL-3.0-only"));
    }
}
