//! No package with a known hole, unless somebody judged it and wrote the reason into `deny.toml`.

use crate::Findings;
use crate::lock::{self, Locked};
use crate::policy::{self, Ignored};
use crate::snapshot::{self, Advisory, Kind};
use crate::tree::Tree;
use anyhow::Result;

/// The check.
pub fn check(tree: &Tree) -> Result<Findings> {
    let known = snapshot::read(tree)?;
    eprintln!("tidy: {} advisories as of {}", known.advisories.len(), known.taken);
    Ok(judge(&lock::read(tree)?, &known.advisories, &policy::read(tree)?.advisories.ignore))
}

/// What touches us and was not judged, and what was judged but does not touch us any more.
fn judge(packages: &[Locked], known: &[Advisory], ignored: &[Ignored]) -> Findings {
    let hits: Vec<(&Advisory, &Locked)> = known
        .iter()
        .filter(|advisory| advisory.kind != Kind::Notice)
        .flat_map(|advisory| {
            packages.iter().filter(|p| hits(advisory, p)).map(move |package| (advisory, package))
        })
        .collect();
    let open = hits.iter().filter(|(advisory, _)| !ignored.iter().any(|judged| judged.id == advisory.id));
    let stale = ignored.iter().filter(|judged| !hits.iter().any(|(advisory, _)| advisory.id == judged.id));
    open.map(|(advisory, package)| describe(advisory, package)).chain(stale.map(describe_stale)).collect()
}

fn hits(advisory: &Advisory, package: &Locked) -> bool {
    package.source.is_some() && package.name == advisory.package && advisory.touches(&package.version)
}

fn describe(advisory: &Advisory, package: &Locked) -> String {
    let Advisory { id, kind, patched, .. } = advisory;
    let fixed: Vec<String> = patched.iter().map(ToString::to_string).collect();
    let remedy = match fixed.is_empty() {
        true => "no version is fixed: do without it".into(),
        false => format!("fixed in {}", fixed.join(" or ")),
    };
    format!("{} {}: {id} ({kind}); {remedy}, or judge it in deny.toml", package.name, package.version)
}

fn describe_stale(judged: &Ignored) -> String {
    format!(
        "{} is ignored in deny.toml ({}) but touches nothing any more: remove it",
        judged.id, judged.reason
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(version: &str) -> Vec<Locked> {
        lock::parse(&format!(
            "[[package]]\nname = \"boat\"\nversion = \"{version}\"\nsource = \"registry+somewhere\"\n"
        ))
        .unwrap()
    }

    fn leak(kind: Kind) -> Vec<Advisory> {
        let patched = vec![">=1.2.3".parse().unwrap(), ">=1.1.9, <1.2.0".parse().unwrap()];
        let unaffected = vec!["<1.0.0".parse().unwrap()];
        vec![Advisory { id: "RUSTSEC-1".into(), package: "boat".into(), kind, patched, unaffected }]
    }

    fn ignored(id: &str) -> Vec<Ignored> {
        vec![Ignored { id: id.into(), reason: "we never sail".into() }]
    }

    #[test]
    fn a_version_is_touched_between_its_birth_and_its_repair() {
        let touched = |version| !judge(&packages(version), &leak(Kind::Vulnerability), &[]).is_empty();
        assert!(touched("1.0.0") && touched("1.1.8") && touched("1.2.2"));
        assert!(!touched("0.9.0") && !touched("1.1.9") && !touched("1.2.3") && !touched("2.0.0"));
    }

    #[test]
    fn a_prerelease_of_the_repair_is_not_trusted() {
        assert_eq!(judge(&packages("1.2.3-rc.1"), &leak(Kind::Vulnerability), &[]).len(), 1);
    }

    #[test]
    fn a_judged_advisory_is_silent_until_it_touches_nothing() {
        assert!(judge(&packages("1.2.2"), &leak(Kind::Unsound), &ignored("RUSTSEC-1")).is_empty());
        let stale = judge(&packages("1.2.3"), &leak(Kind::Unsound), &ignored("RUSTSEC-1"));
        assert!(stale[0].contains("remove it"), "{stale:?}");
    }

    #[test]
    fn a_judgement_covers_its_own_advisory_only() {
        let found = judge(&packages("1.2.2"), &leak(Kind::Unmaintained), &ignored("RUSTSEC-2"));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_notice_does_not_stop_anybody() {
        assert!(judge(&packages("1.2.2"), &leak(Kind::Notice), &[]).is_empty());
    }
}
