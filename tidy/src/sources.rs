//! What every source file owes its reader: it says what it is for, and promises nothing for later.

use crate::Findings;
use crate::tree::Tree;
use anyhow::Result;

/// Words that stand for work that was not done. Written in two halves, or they would find themselves.
const PROMISES: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX"), concat!("#[ign", "ore")];

/// The check.
pub fn check(tree: &Tree) -> Result<Findings> {
    let mut findings = Findings::new();
    for file in tree.files(".rs")? {
        findings.extend(judge(&file, &tree.read(&file)?));
    }
    Ok(findings)
}

fn judge(file: &str, source: &str) -> Findings {
    let mut findings = Findings::new();
    if !source.starts_with("//!") {
        findings.push(format!("{file} does not begin with a module doc (`//!`) that says what it is for"));
    }
    for (at, line) in source.lines().enumerate() {
        let promises = PROMISES.iter().filter(|promise| line.contains(**promise));
        findings
            .extend(promises.map(|promise| format!("{file}:{}: {promise}: do it, or open an issue", at + 1)));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_begins_with_what_it_is_for() {
        assert!(judge("boat.rs", "//! Floats.\nfn row() {}\n").is_empty());
        assert_eq!(judge("boat.rs", "fn row() {}\n").len(), 1);
    }

    #[test]
    fn a_promise_is_found_with_its_line() {
        let source = format!("//! Floats.\n// {}: caulk\n", PROMISES[0]);
        assert_eq!(
            judge("boat.rs", &source),
            [format!("boat.rs:2: {}: do it, or open an issue", PROMISES[0])]
        );
    }
}
