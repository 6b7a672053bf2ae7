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

/// Starts logging. `RUST_LOG` chooses what; without it, information and worse.
pub fn start(format: LogFormat) {
    // openraft and fjall tell at every start what an operator need not know.
    let quiet = || EnvFilter::new("info,openraft=error,fjall=warn,lsm_tree=warn");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| quiet());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Text => {
            let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            lines.with_ansi(colour).with_target(false).init();
        }
    }
}
