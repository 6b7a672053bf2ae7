//! What the program ends with. `docs/cli.md` has the table for users.

use crate::hub::HubError;
use client::Ended;
use std::process::ExitCode;

/// The hub refused, or something failed here.
pub const FAILED: u8 = 1;
/// The command line makes no sense; also what the parser of the command line ends with.
pub const USAGE: u8 = 2;
/// The hub cannot be reached or does not serve now: the same command may work later.
pub const UNREACHABLE: u8 = 3;
/// There is no such document, or this user may not read it.
pub const NOT_FOUND: u8 = 4;
/// The token is missing or no good, or this user may not do this.
pub const NOT_ALLOWED: u8 = 5;
/// The document has changed since the state that the edit was to be made against.
pub const CHANGED: u8 = 6;

/// A command line that the parser takes and that makes no sense all the same.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The exit code for an error: that of the cause which knows best.
pub fn code_of(error: &anyhow::Error) -> u8 {
    let known = error.chain().find_map(|cause| {
        cause
            .downcast_ref::<HubError>()
            .map(HubError::exit_code)
            .or_else(|| cause.downcast_ref::<Usage>().map(|_| USAGE))
            .or_else(|| cause.downcast_ref::<Ended>().map(of_socket))
    });
    known.unwrap_or(FAILED)
}

/// The same as a process ends with it.
pub fn of(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(code_of(error))
}

/// The exit code for the status of a refusal.
pub fn of_status(status: u16) -> u8 {
    match status {
        401 | 403 => NOT_ALLOWED,
        404 | 410 => NOT_FOUND,
        412 => CHANGED,
        408 | 429 | 502 | 503 | 504 | 507 => UNREACHABLE,
        _ => FAILED,
    }
}

/// Close codes of sockets are the statuses of HTTP behind a 4.
fn of_socket(ended: &Ended) -> u8 {
    match ended {
        Ended::Closed { code: code @ 4400..=4499, .. } => of_status(code - 4000),
        Ended::Closed { .. } | Ended::NoHub { .. } | Ended::LetGo => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn the_cause_that_knows_best_decides() {
        let usage = anyhow::Error::from(Usage("no".into())).context("while trying");
        assert_eq!(code_of(&usage), USAGE);
        let gone = Ended::Closed { code: 4404, reason: String::new() };
        assert_eq!(code_of(&gone.into()), NOT_FOUND);
        let other = std::fs::read("/nowhere").context("cannot read it").unwrap_err();
        assert_eq!(code_of(&other), FAILED);
    }

    #[test]
    fn statuses_have_codes() {
        for (status, code) in [
            (400, FAILED),
            (401, NOT_ALLOWED),
            (403, NOT_ALLOWED),
            (404, NOT_FOUND),
            (410, NOT_FOUND),
            (412, CHANGED),
            (422, FAILED),
            (428, FAILED),
            (500, FAILED),
            (503, UNREACHABLE),
            (507, UNREACHABLE),
        ] {
            assert_eq!(of_status(status), code, "{status}");
        }
    }
}
