//! `context-hub docs`: documents of a hub that runs, over the network as any client.

mod print;
mod watch;

use crate::cli::{DocsArgs, DocsVerb};
use std::process::ExitCode;

/// Runs one of the verbs.
pub fn run(args: &DocsArgs) -> anyhow::Result<ExitCode> {
    match &args.verb {
        DocsVerb::Watch(args) => watch::run(args),
    }
}
