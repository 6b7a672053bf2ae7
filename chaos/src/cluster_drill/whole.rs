//! Whether a cluster comes back when its faults are repaired. That it does not is a broken promise; that a drill could not do
//! what it wanted says nothing of the cluster.

use std::time::Duration;

use crate::check::{Findings, Violation};
use crate::cluster::LaunchError;

/// A cluster was repaired, and is not whole.
#[derive(Debug, thiserror::Error)]
#[error("{} s after the repair the cluster is not whole: {missing}", within.as_secs())]
pub struct NotWhole {
    /// How long it had.
    pub within: Duration,
    /// Who is not ready, and what nobody leads.
    pub missing: String,
}

/// What came of `faults` that were made and repaired, the last of them perhaps in vain.
///
/// Errors: those that say nothing of the cluster.
pub fn judge(faults: usize, held: anyhow::Result<()>) -> anyhow::Result<Findings> {
    let mut findings = Findings { examined: faults as u64, ..Findings::default() };
    if let Err(error) = held {
        if !is_its_own(&error) {
            return Err(error);
        }
        findings.violated(Violation::of(format!("{error:#}"), []));
    }
    Ok(findings)
}

/// Whether this is the fault of the cluster: a program that cannot even be run is not.
fn is_its_own(error: &anyhow::Error) -> bool {
    let started = error.downcast_ref::<LaunchError>();
    error.is::<NotWhole>() || matches!(started, Some(LaunchError::Ended { .. } | LaunchError::Silent { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;
    use anyhow::{Context, anyhow};

    #[test]
    fn who_does_not_come_back_has_broken_a_promise() {
        let ended = LaunchError::Ended { log: "n1.log".into(), said: "the log is gone".into() };
        let ended = Err::<(), _>(ended).context("n1 did not start");
        let not_whole = NotWhole { within: Duration::from_secs(9), missing: "n2 is not ready".into() };
        for (held, says) in [
            (ended, "n1 did not start: it ended before it was ready; n1.log says:\nthe log is gone"),
            (Err(not_whole.into()), "9 s after the repair the cluster is not whole: n2 is not ready"),
        ] {
            let findings = judge(5, held).unwrap();
            assert_eq!((findings.verdict(), &*findings.violations[0].what), (Verdict::Broken, says));
        }
        assert_eq!(judge(5, Ok(())).unwrap().verdict(), Verdict::Kept);
        assert_eq!(judge(0, Ok(())).unwrap().verdict(), Verdict::NotExamined);
        assert_eq!(judge(5, Err(anyhow!("the disk is full"))).unwrap_err().to_string(), "the disk is full");
    }
}
