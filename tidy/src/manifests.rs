//! One place for versions, and no dependency that nobody uses.
//!
//! The root manifest names each dependency once, with its version and features; members refer to it. A line that no
//! member refers to, and a reference that no source file of the member names, only cost build time.

use crate::Findings;
use crate::tree::Tree;
use anyhow::{Context, Result};
use toml::{Table, Value};

const ROOT: &str = "Cargo.toml";
/// The fuzz targets are built with other flags, as a workspace of their own.
const APART: &str = "fuzz/";

/// A manifest of a member, and the source text that stands beside and below it.
struct Member {
    path: String,
    manifest: Table,
    sources: String,
}

/// The check.
pub fn check(tree: &Tree) -> Result<Findings> {
    let root = parse(tree, ROOT)?;
    let members: Vec<Member> = tree
        .files(ROOT)?
        .into_iter()
        .filter(|path| path != ROOT && !path.starts_with(APART))
        .map(|path| read(tree, path))
        .collect::<Result<_>>()?;
    let mut findings: Findings = members.iter().flat_map(judge).collect();
    findings.extend(unused_lines(&root, &members));
    Ok(findings)
}

fn parse(tree: &Tree, path: &str) -> Result<Table> {
    tree.read(path)?.parse().with_context(|| format!("{path} is no manifest"))
}

fn read(tree: &Tree, path: String) -> Result<Member> {
    let folder = path.strip_suffix("Cargo.toml").unwrap_or_default();
    let files = tree.files(".rs")?.into_iter().filter(|file| file.starts_with(folder));
    let sources = files.map(|file| tree.read(&file)).collect::<Result<Vec<_>>>()?.join("\n");
    Ok(Member { manifest: parse(tree, &path)?, path, sources })
}

/// What is wrong with a member.
fn judge(member: &Member) -> Findings {
    let Member { path, manifest, sources } = member;
    let mut findings = Findings::new();
    if !inherits(manifest.get("lints")) {
        findings.push(format!("{path} does not take the lints of the workspace"));
    }
    for (name, entry) in dependencies(manifest) {
        if !inherits(Some(entry)) {
            findings.push(format!("{path}: {name} does not take its version from the root manifest"));
        }
        if !sources.contains(&name.replace('-', "_")) {
            findings.push(format!("{path}: no source file names {name}"));
        }
    }
    findings
}

/// The lines of the root manifest that no member refers to.
fn unused_lines(root: &Table, members: &[Member]) -> Findings {
    let lines = root.get("workspace").and_then(|table| table.get("dependencies")).and_then(Value::as_table);
    let used = |name: &str| {
        members.iter().any(|member| dependencies(&member.manifest).any(|(used, _)| used == name))
    };
    let unused = lines.into_iter().flatten().filter(|(name, line)| line.get("path").is_none() && !used(name));
    unused.map(|(name, _)| format!("{ROOT}: no member uses {name}")).collect()
}

/// The dependencies of a manifest, of every kind.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    kinds.into_iter().filter_map(|kind| manifest.get(kind)?.as_table()).flatten()
}

fn inherits(entry: Option<&Value>) -> bool {
    entry.and_then(|entry| entry.get("workspace")).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(manifest: &str, sources: &str) -> Member {
        Member {
            path: "boat/Cargo.toml".into(),
            manifest: manifest.parse().unwrap(),
            sources: sources.into(),
        }
    }

    const MANIFEST: &str = "[lints]\nworkspace = true\n[dependencies]\noar-lock.workspace = true\n\
        [dev-dependencies]\npond = { workspace = true, features = [\"ice\"] }\n";

    #[test]
    fn a_member_that_uses_what_it_names_is_clean() {
        assert!(judge(&member(MANIFEST, "use oar_lock::Pin;\nuse pond::Ice;")).is_empty());
    }

    #[test]
    fn a_dependency_that_no_file_names_is_found() {
        let found = judge(&member(MANIFEST, "use pond::Ice;"));
        assert_eq!(found, ["boat/Cargo.toml: no source file names oar-lock"]);
    }

    #[test]
    fn a_version_and_lints_of_ones_own_are_found() {
        let found = judge(&member("[dependencies]\npond = \"1\"\n", "pond"));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn members_are_found_in_the_tree() {
        let folder = tempfile::tempdir().unwrap();
        let root = "[workspace.dependencies]\npond = \"1\"\noar-lock = \"1\"\n";
        let files =
            [("Cargo.toml", root), ("boat/Cargo.toml", MANIFEST), ("boat/src/lib.rs", "use pond::Ice;")];
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let found = check(&Tree::at(folder.path())).unwrap();
        assert_eq!(found, ["boat/Cargo.toml: no source file names oar-lock"]);
    }

    #[test]
    fn a_line_that_no_member_uses_is_found() {
        let root = "[workspace.dependencies]\npond = \"1\"\nsea = \"1\"\nboat = { path = \"boat\" }\n";
        let found = unused_lines(&root.parse().unwrap(), &[member(MANIFEST, "")]);
        assert_eq!(found, ["Cargo.toml: no member uses sea"]);
    }
}
