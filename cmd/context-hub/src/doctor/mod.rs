//! `context-hub doctor`: looks for what is wrong between here and a hub, and says what to do.
//!
//! `look` gathers what there is to see; `judge` decides, without looking, what is well; `print` shows it.

mod judge;
mod look;
mod print;

use crate::cli::HubArgs;
use crate::hub;
use crate::output;
use anyhow::Result;
use std::process::ExitCode;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Good,
    /// It works, and may not for long.
    Doubtful,
    Bad,
    /// It could not be checked, because something before it is bad.
    Skipped,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Outcome::Good => "ok",
            Outcome::Doubtful => "warning",
            Outcome::Bad => "failed",
            Outcome::Skipped => "skipped",
        }
    }
}

/// A check that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    group: &'static str,
    check: &'static str,
    outcome: Outcome,
    /// What was seen.
    seen: String,
    /// What to do about it; empty if nothing.
    todo: String,
}

/// Ends with 1 if a check fails.
pub fn run(args: &HubArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let facts = runtime.block_on(look::look(args));
    let findings = judge::judge(&facts);
    let told = match args.json {
        true => output::json(&print::report(&findings)),
        false => output::styled(&print::page(&findings)),
    };
    let failed = findings.iter().any(|finding| finding.outcome == Outcome::Bad);
    let code = if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    hub::finish(args.json, told.map(|()| code))
}
