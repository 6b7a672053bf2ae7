//! A hub as a user starts it: `context-hub dev`, ready when it says so.

use super::{Launch, Process, Stop};
use crate::measure::Cores;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a start may take before a benchmark gives up; goals on it are judged by the figure.
const START: Duration = Duration::from_secs(120);
/// The tenant that benchmarks write in.
pub const TENANT: &str = "bench";

/// What makes a hub: its program, its data and where its log goes.
#[derive(Debug, Clone)]
pub struct HubFiles {
    /// The `context-hub` binary.
    pub program: PathBuf,
    /// Its data folder. Started again on the same one, it goes on with the same documents and keys.
    pub data: PathBuf,
    /// Where its standard error goes.
    pub log: PathBuf,
    /// Where it may run.
    pub cores: Cores,
}

impl HubFiles {
    /// A hub with everything below one folder.
    pub fn below(folder: &Path, program: &Path) -> HubFiles {
        HubFiles {
            program: program.to_owned(),
            data: folder.join("hub"),
            log: folder.join("hub.log"),
            cores: Cores::Inherited,
        }
    }

    /// The same on these cores.
    pub fn on(self, cores: Cores) -> HubFiles {
        HubFiles { cores, ..self }
    }

    /// Mints a token for a user of the benchmarks' tenant, valid for longer than any benchmark takes. The hub has to have
    /// been started once: it makes the key.
    pub fn token(&self, user: &str) -> Result<String> {
        let data = path(&self.data)?;
        let arguments = ["token", "--data-dir", data, "--user", user, "--tenant", TENANT, "--ttl", "12h"];
        let output = Command::new(&self.program).args(arguments).output()?;
        if !output.status.success() {
            bail!("context-hub token: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// A running hub.
#[derive(Debug)]
pub struct Hub {
    process: Process,
    files: HubFiles,
    addr: SocketAddr,
    owner_token: String,
}

/// The line that a hub prints once it serves.
#[derive(Debug, Deserialize)]
struct Ready {
    url: String,
    token_file: PathBuf,
}

impl Hub {
    /// Starts it and waits until it serves.
    pub async fn start(files: HubFiles) -> Result<Hub> {
        let arguments = ["dev", "--data-dir", path(&files.data)?, "--addr", "127.0.0.1:0", "--json"];
        let arguments = arguments.map(str::to_owned);
        let HubFiles { program, log, cores, .. } = &files;
        let mut process = Process::start(&Launch { program, arguments: &arguments, log, cores: *cores })?;
        let line = process.first_line(START).await?;
        let ready: Ready =
            serde_json::from_str(&line).with_context(|| format!("not a ready line: {line}"))?;
        let addr = address(&ready.url)?;
        let owner_token = fs::read_to_string(&ready.token_file)
            .with_context(|| format!("cannot read the token in {}", ready.token_file.display()))?;
        Ok(Hub { process, files, addr, owner_token: owner_token.trim().to_owned() })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The process, for its clocks and memory.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The token of whoever set it up.
    pub fn owner_token(&self) -> &str {
        &self.owner_token
    }

    /// Mints a token for a user of the benchmarks' tenant, valid for longer than any benchmark takes.
    pub fn token(&self, user: &str) -> Result<String> {
        self.files.token(user)
    }

    /// Ends it as an operator would, so that it can be started again.
    pub async fn stop(self) -> Result<HubFiles> {
        self.process.stop(Stop::Gently).await?;
        Ok(self.files)
    }
}

/// The address in `http://127.0.0.1:port`, with or without a slash at the end.
pub fn address(url: &str) -> Result<SocketAddr> {
    let address = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    address
        .and_then(|address| address.parse().ok())
        .with_context(|| format!("{url} is not of the form http://127.0.0.1:8080"))
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_come_out_of_urls() {
        assert_eq!(address("http://127.0.0.1:80/").unwrap().port(), 80);
        assert_eq!(address("http://[::1]:8080").unwrap().port(), 8080);
        assert!(address("https://127.0.0.1:80").is_err());
        assert!(address("http://example.org").is_err());
    }
}
