//! A hub that is spoken to over the network, as any client does.
//!
//! - `target`: which hub, and with which token: from flags, the environment, profiles;
//! - `profiles`: hubs and tokens with names, in a file;
//! - `ask`: a request; `answer`: what comes back;
//! - `retry`: whether and when it is sent again;
//! - `wire`: sends it;
//! - `claims`: what a token says of itself.

mod answer;
mod ask;
pub mod claims;
mod error;
pub mod profiles;
mod retry;
pub mod target;
mod wire;

pub use ask::Ask;
pub use error::HubError;
pub use target::Target;
pub use wire::Hub;

use crate::cli::HubArgs;
use crate::{exit, output};
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;

/// Does some work with the hub that the command line names.
pub fn run(args: &HubArgs, work: impl AsyncFnOnce(&Hub) -> Result<ExitCode>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let hub = Hub::at(target::find(args)?)?;
        work(&hub).await
    });
    finish(args.json, done)
}

/// How work ended, to people or programs.
pub fn finish(json: bool, done: Result<ExitCode>) -> Result<ExitCode> {
    match done {
        // That whoever reads has read enough is no problem to tell.
        Err(error) if json && !output::is_closed_pipe(&error) => {
            eprintln!("{}", problem_of(&error));
            Ok(exit::of(&error))
        }
        done => done,
    }
}

/// An error as a problem document: that of the hub, if it made one.
fn problem_of(error: &anyhow::Error) -> serde_json::Value {
    let refusal = error.chain().find_map(|cause| match cause.downcast_ref::<HubError>() {
        Some(HubError::Refused(problem)) => Some(problem.document.clone()),
        _ => None,
    });
    refusal.unwrap_or_else(|| json!({ "title": "The command failed", "detail": format!("{error:#}") }))
}
