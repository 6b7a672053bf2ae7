//! Findings, for people and for programs.

use super::{Finding, Outcome};
use crate::output::{BAD, BOLD, DOUBTFUL, GOOD, paint};
use serde_json::{Value, json};

/// Findings in their groups, with what to do below each that is not well.
pub fn page(findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    let mut group = "";
    for finding in findings {
        if finding.group != group {
            group = finding.group;
            lines.push(paint(BOLD, group));
        }
        let Finding { check, seen, todo, .. } = finding;
        lines.push(format!("  {} {check}: {seen}", mark(finding.outcome)));
        if !todo.is_empty() {
            lines.push(format!("      → {todo}"));
        }
    }
    lines.push(summary(findings));
    lines.join("\n") + "\n"
}

fn mark(outcome: Outcome) -> String {
    match outcome {
        Outcome::Good => paint(GOOD, "✓"),
        Outcome::Doubtful => paint(DOUBTFUL, "!"),
        Outcome::Bad => paint(BAD, "✗"),
        Outcome::Skipped => "-".to_owned(),
    }
}

fn count(findings: &[Finding], outcome: Outcome) -> usize {
    findings.iter().filter(|finding| finding.outcome == outcome).count()
}

fn summary(findings: &[Finding]) -> String {
    let counts = [Outcome::Bad, Outcome::Doubtful].map(|outcome| count(findings, outcome));
    match counts {
        [0, 0] => paint(GOOD, "Everything is well."),
        [bad, doubtful] => format!("{bad} failed, {doubtful} worth a look."),
    }
}

/// The same for programs.
pub fn report(findings: &[Finding]) -> Value {
    let checks = findings.iter().map(|finding| {
        json!({
            "group": finding.group, "check": finding.check, "outcome": finding.outcome.as_str(), "seen": finding.seen,
            "todo": finding.todo,
        })
    });
    json!({ "ok": count(findings, Outcome::Bad) == 0, "checks": checks.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(group: &'static str, outcome: Outcome, todo: &str) -> Finding {
        Finding { group, check: "c", outcome, seen: "s".into(), todo: todo.into() }
    }

    #[test]
    fn groups_have_a_heading_each_and_failures_a_remedy() {
        let findings = [
            finding("A", Outcome::Good, ""),
            finding("A", Outcome::Bad, "do it"),
            finding("B", Outcome::Skipped, ""),
        ];
        let shown = anstream::adapter::strip_str(&page(&findings)).to_string();
        assert_eq!(shown, "A\n  ✓ c: s\n  ✗ c: s\n      → do it\nB\n  - c: s\n1 failed, 0 worth a look.\n");
        assert_eq!(report(&findings)["ok"], false);
        assert_eq!(report(&findings[..1])["ok"], true);
    }
}
