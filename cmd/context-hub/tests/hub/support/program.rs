//! The program run to its end, as in a shell.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// A program that runs longer than this has started what it should have refused.
const ENDED_WITHIN: Duration = Duration::from_secs(60);

/// What a program left behind.
#[derive(Debug)]
pub struct Finished {
    /// Whether it says that it went well.
    pub success: bool,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

/// Runs `context-hub` with these words and settings, on a data folder.
pub async fn context_hub(data: &Path, words: &[&str], settings: &[(&str, &str)]) -> Finished {
    context_hub_within(ENDED_WITHIN, data, words, settings).await
}

/// The same for what has to wait for others before it ends.
pub async fn context_hub_within(
    limit: Duration,
    data: &Path,
    words: &[&str],
    settings: &[(&str, &str)],
) -> Finished {
    let child = Command::new(env!("CARGO_BIN_EXE_context-hub"))
        .args(words)
        .env("DATA_DIR", data)
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(limit, child)
        .await
        .unwrap_or_else(|_| panic!("{words:?} goes on after {limit:?}"))
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { success: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
}
