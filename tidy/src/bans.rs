//! Packages that must not come in, packages that must not come in twice, and places that nothing may come from.

use crate::Findings;
use crate::lock::{self, Locked};
use crate::policy::{self, Banned};
use crate::tree::Tree;
use anyhow::Result;

/// The check.
pub fn check(tree: &Tree) -> Result<Findings> {
    let policy = policy::read(tree)?;
    let packages = lock::read(tree)?;
    let mut findings: Findings =
        policy.bans.deny.iter().filter_map(|banned| ban(banned, &packages)).collect();
    findings.extend(packages.iter().filter_map(|package| foreign(package, &policy.sources.allow_registry)));
    Ok(findings)
}

/// What a rule finds in the lock file, if anything.
fn ban(rule: &Banned, packages: &[Locked]) -> Option<String> {
    let versions: Vec<String> = packages
        .iter()
        .filter(|package| package.name == rule.name)
        .map(|package| package.version.to_string())
        .collect();
    let welcome = usize::from(rule.deny_multiple_versions);
    let what = if rule.deny_multiple_versions { "is there more than once" } else { "is banned" };
    let found = || format!("{} ({}) {what}: {}", rule.name, versions.join(", "), rule.reason);
    (versions.len() > welcome).then(found)
}

/// What is wrong with the place that a package comes from, if anything.
fn foreign(package: &Locked, registries: &[String]) -> Option<String> {
    let source = package.source.as_deref()?;
    let index = source.strip_prefix("registry+");
    let known = index.is_some_and(|index| registries.iter().any(|allowed| allowed == index));
    (!known).then(|| {
        format!("{} {} comes from {source}, which deny.toml does not allow", package.name, package.version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> Vec<Locked> {
        let package = |name, version, source| {
            format!("[[package]]\nname = {name:?}\nversion = {version:?}\nsource = {source:?}\n")
        };
        let registry = "registry+https://index";
        lock::parse(
            &[
                package("boat", "1.0.0", registry),
                package("boat", "2.0.0", registry),
                package("oar", "1.0.0", "git+https://forge/oar#1234"),
            ]
            .concat(),
        )
        .unwrap()
    }

    fn rule(name: &str, deny_multiple_versions: bool) -> Banned {
        Banned { name: name.into(), deny_multiple_versions, reason: "the lake is frozen".into() }
    }

    #[test]
    fn a_banned_package_is_named_with_its_versions() {
        let found = ban(&rule("boat", false), &packages()).unwrap();
        assert_eq!(found, "boat (1.0.0, 2.0.0) is banned: the lake is frozen");
        assert_eq!(ban(&rule("ship", false), &packages()), None);
    }

    #[test]
    fn a_second_copy_is_found_and_a_single_one_is_welcome() {
        assert!(ban(&rule("boat", true), &packages()).is_some());
        assert_eq!(ban(&rule("oar", true), &packages()), None);
    }

    #[test]
    fn only_listed_registries_are_known() {
        let registries = ["https://index".to_owned()];
        let found: Vec<_> = packages().iter().filter_map(|package| foreign(package, &registries)).collect();
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("oar 1.0.0 comes from git+"), "{found:?}");
    }
}
