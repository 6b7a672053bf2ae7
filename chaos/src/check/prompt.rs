//! How long writes take while nodes are restarted by their operator.
//!
//! Looked at is every acknowledged write that was sent after the first node was asked to stop: those that a hand-over holds up
//! among them, and those that come when leadership goes back. It is timed from when it was first sent, whoever asked again.

use super::{Findings, Violation};
use crate::history::{Condition, End, History, Micros};

/// Holds the time that all but one of a hundred writes took at most against a limit.
pub fn check(history: &History, limit: Micros) -> Findings {
    let lengths = lengths(history);
    let mut findings = Findings { examined: lengths.len() as u64, ..Findings::default() };
    if let Some(p99) = p99(&lengths).filter(|p99| *p99 > limit) {
        let what = format!("one of a hundred writes took {p99} or more; {limit} are allowed");
        findings.violated(Violation::of(what, []));
    }
    findings
}

/// How long each took, the quickest first.
fn lengths(history: &History) -> Vec<Micros> {
    let stopped = history.nodes.iter().filter(|change| change.became == Condition::Stopped);
    let Some(first) = stopped.map(|change| change.at).min() else { return vec![] };
    let writes = history.operations.iter().filter(|it| it.kind.is_write() && it.invoked >= first);
    let mut lengths: Vec<Micros> = writes
        .filter_map(|write| match write.end {
            End::Ok { at, .. } => Some(at.since(write.invoked)),
            End::Failed { .. } | End::Unknown { .. } => None,
        })
        .collect();
    lengths.sort_unstable();
    lengths
}

/// What at most one of a hundred took longer than.
fn p99(sorted: &[Micros]) -> Option<Micros> {
    sorted.get(sorted.len() * 99 / 100).or(sorted.last()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;
    use crate::check::tests::story::{history, ms, sound};
    use crate::history::NodeChange;

    const LIMIT: Micros = Micros(250_000);

    /// The story, in which a node is stopped before anything is written, and one write takes so long.
    fn restarted(longest: Micros) -> History {
        let mut history = history(&sound());
        history.nodes = vec![NodeChange { at: ms(0), node: "n1".into(), became: Condition::Stopped }];
        let write = history.operations.iter_mut().find(|it| it.kind.is_write() && it.ok().is_some());
        let write = write.expect("somebody writes");
        let begun = write.invoked;
        if let End::Ok { at, .. } = &mut write.end {
            *at = Micros(begun.0 + longest.0);
        }
        history
    }

    #[test]
    fn slow_writes_while_nodes_are_restarted_are_caught() {
        let slow = check(&restarted(Micros(60_000_000)), LIMIT);
        assert_eq!(slow.verdict(), Verdict::Broken);
        assert!(slow.violations[0].what.contains("60.000 s or more"), "{slow:?}");
        assert_eq!(check(&restarted(ms(1)), Micros(u64::MAX)).verdict(), Verdict::Kept);
    }

    #[test]
    fn without_a_restart_nothing_was_looked_at() {
        let mut calm = restarted(ms(1));
        calm.nodes.clear();
        assert_eq!(check(&calm, LIMIT).verdict(), Verdict::NotExamined);
    }

    #[test]
    fn one_of_a_hundred_may_take_longer() {
        let of = |count: u64| p99(&(0..count).map(Micros).collect::<Vec<_>>());
        assert_eq!(
            (of(0), of(1), of(100), of(200)),
            (None, Some(Micros(0)), Some(Micros(99)), Some(Micros(198)))
        );
    }
}
