//! `context-hub completions` and `context-hub man`: made from the definition of the command line, so that they cannot differ
//! from it.

use crate::cli::{Cli, CompletionArgs, ManArgs};
use crate::output;
use anyhow::{Context, Result};
use clap::CommandFactory;

/// Prints the completions of a shell.
pub fn completions(args: &CompletionArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "context-hub", &mut script);
    output::raw(&script)
}

/// Writes a page for every verb.
pub fn pages(args: &ManArgs) -> Result<()> {
    let cannot = || format!("cannot write manual pages into {}", args.dir.display());
    std::fs::create_dir_all(&args.dir).with_context(cannot)?;
    clap_mangen::generate_to(Cli::command(), &args.dir).with_context(cannot)
}
