//! Access tokens of many users, made by the hub's own program.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use tokio::process::Command;

/// A token each for the users `drill-0`, `drill-1`, …, good for a day. `key` are the arguments that name the signing key:
/// `--data-dir` of a hub of one process, `--jwt-private-key-file` of a cluster.
pub async fn mint(binary: &Path, key: &[&OsStr], users: usize) -> io::Result<Vec<Arc<str>>> {
    let mut tokens = Vec::with_capacity(users);
    for user in 0..users {
        let output = Command::new(binary)
            .args(["token", "--user", &format!("drill-{user}"), "--ttl", "1d"])
            .args(key)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("no token for drill-{user}: {}", why.trim())));
        }
        let token = String::from_utf8(output.stdout).map_err(io::Error::other)?;
        tokens.push(token.trim().into());
    }
    Ok(tokens)
}
