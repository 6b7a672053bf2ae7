//! Every request is answered with what was asked for, or with what the document itself says: that a condition does not hold,
//! or that there is no such document. To be asked again is no failure, as long as the client does not give up.

use super::{Findings, Violation};
use crate::history::{End, History};

/// Refusals that are answers.
const ANSWERS: [&str; 2] = ["412 ", "404 "];

/// Looks for operations that were refused for another reason, or never answered.
pub fn check(history: &History) -> Findings {
    let mut findings = Findings { examined: history.operations.len() as u64, ..Findings::default() };
    for operation in &history.operations {
        let why = match &operation.end {
            End::Ok { .. } => continue,
            End::Failed { reason, .. } if ANSWERS.iter().any(|answer| reason.starts_with(answer)) => continue,
            End::Failed { reason, .. } => format!("was refused: {reason}"),
            End::Unknown { .. } => "was not answered".to_owned(),
        };
        findings.violated(Violation::of(format!("a request of {} {why}", operation.client), [operation]));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;
    use crate::check::tests::story::{history, ms, sound};
    use crate::history::line::Line;
    use crate::history::{Answer, Operation};

    fn story(last: End) -> History {
        let mut history = history(&sound());
        history.operations.retain(|operation| operation.ok().is_some());
        let operation = history.operations[0].clone();
        history.operations.push(Operation { end: last, ..operation });
        history
    }

    fn failed(reason: &str) -> End {
        End::Failed { at: ms(1), reason: reason.into(), answer: Answer::default() }
    }

    #[test]
    fn what_a_document_says_is_an_answer() {
        for last in ["412 condition-failed: x", "404 not-found: x"].map(failed) {
            assert_eq!(check(&story(last)).verdict(), Verdict::Kept);
        }
        assert_eq!(check(&history(&[sound().remove(0), over()])).verdict(), Verdict::NotExamined);
    }

    #[test]
    fn refusals_and_silence_are_caught() {
        for (last, words) in [
            (failed("503 busy: x"), "was refused: 503 busy"),
            (End::Unknown { at: ms(1) }, "was not answered"),
        ] {
            let found = check(&story(last));
            assert!(found.violations[0].what.contains(words), "{found:?}");
        }
    }

    fn over() -> Line {
        sound().pop().expect("a story ends")
    }
}
