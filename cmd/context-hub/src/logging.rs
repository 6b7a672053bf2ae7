//! Log lines: to standard error, for people or as JSON.

use clap::ValueEnum;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Information and worse, from whom an operator wants to hear it.
///
/// openraft and fjall tell at every start what nobody need know. Automerge opens a span for every change that it reads and
/// every document that it loads, and has the whole change graph written out into it, which takes longer than the loading.
const QUIET: &str = "info,automerge=error,hexane=error,openraft=error,fjall=warn,lsm_tree=warn";

/// Starts logging. `RUST_LOG` adds to what is logged; libraries that are quiet stay so until it names them.
pub fn start(format: LogFormat) {
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let filter = EnvFilter::new(format!("{QUIET},{asked}"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Text => {
            let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            lines.with_ansi(colour).with_target(false).init();
        }
    }
}
