//! Documents point at what exists: links between pages resolve, with their anchors, and `ARCHITECTURE.md` names no
//! file or folder that is not there. Links to the outside are not followed.

use crate::Findings;
use crate::links::{self, Found};
use crate::tree::Tree;
use anyhow::Result;
use std::path::{Component, Path, PathBuf};

const MAP: &str = "ARCHITECTURE.md";

/// The check.
pub fn check(tree: &Tree) -> Result<Findings> {
    let mut findings = Findings::new();
    for page in tree.files(".md")? {
        for Found { line, text } in links::targets(&tree.read(&page)?) {
            if let Some(what) = broken(tree, &page, &text)? {
                findings.push(format!("{page}:{line}: {what}"));
            }
        }
    }
    for Found { line, text } in links::code(&tree.read(MAP)?) {
        if is_path(&text) && !tree.has(&text) {
            findings.push(format!("{MAP}:{line}: {text} does not exist"));
        }
    }
    Ok(findings)
}

/// What is wrong with a link of a page, if anything.
fn broken(tree: &Tree, page: &str, target: &str) -> Result<Option<String>> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(None);
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { page.to_owned() } else { resolve(page, path) };
    if !tree.has(&path) {
        return Ok(Some(format!("{target} leads to {path}, which does not exist")));
    }
    let lost = !anchor.is_empty()
        && path.ends_with(".md")
        && !links::anchors(&tree.read(&path)?).iter().any(|known| known == anchor);
    Ok(lost.then(|| format!("{path} has no heading for #{anchor}")))
}

/// A path relative to a page, made relative to the root.
fn resolve(page: &str, path: &str) -> String {
    let mut resolved = Path::new(page).parent().map(PathBuf::from).unwrap_or_default();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::CurDir => {}
            other => resolved.push(other),
        }
    }
    resolved.to_string_lossy().into_owned()
}

/// Whether words in backticks are meant as a path of the tree: something with a slash that is no address.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    text.contains('/') && !text.starts_with('/') && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("docs")).unwrap();
        std::fs::write(folder.path().join("README.md"), "# Boats\n").unwrap();
        std::fs::write(folder.path().join("docs/log.md"), "# The log\n## Of a trip\n").unwrap();
        folder
    }

    fn broken_in(page: &str, target: &str) -> bool {
        let folder = tree();
        broken(&Tree::at(folder.path()), page, target).unwrap().is_some()
    }

    #[test]
    fn links_are_resolved_from_their_page() {
        assert!(!broken_in("README.md", "docs/log.md#of-a-trip"));
        assert!(!broken_in("docs/log.md", "../README.md"));
        assert!(!broken_in("docs/log.md", "#the-log"));
        assert!(!broken_in("README.md", "https://example.org/lost"));
    }

    #[test]
    fn a_lost_page_or_heading_is_found() {
        assert!(broken_in("docs/log.md", "README.md"));
        assert!(broken_in("README.md", "docs/log.md#of-a-dream"));
        assert!(broken_in("README.md", "#nowhere"));
    }

    #[test]
    fn paths_are_told_from_addresses_and_code() {
        assert!(is_path("crates/wal/src") && is_path(".ci/run"));
        assert!(!is_path("/livez") && !is_path("a / b") && !is_path("wal") && !is_path("GET /documents"));
    }
}
