//! Somebody at a shell, in a home of their own: `shell.run("docs ls").await`.

use super::hub::TestHub;
use super::user::User;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A command that runs longer than this hangs.
const ENDED_WITHIN: Duration = Duration::from_secs(90);

/// A shell whose environment names a hub and a token.
pub struct Shell {
    home: TempDir,
    settings: Vec<(String, String)>,
}

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

impl Ran {
    /// What it printed, if it ended well.
    pub fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.out
    }

    /// What it complained of, if this is how it ended.
    pub fn failed(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "what fails prints nothing");
        &self.err
    }

    /// What it printed, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(self.ok()).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The problem that it complained of, if this is how it ended.
    pub fn problem(&self, code: i32) -> Value {
        serde_json::from_str(self.failed(code)).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

impl Shell {
    /// A shell that knows nothing.
    pub fn bare() -> Shell {
        Shell { home: tempfile::tempdir().unwrap(), settings: Vec::new() }
    }

    /// A shell of somebody at a hub.
    pub fn of(hub: &TestHub, user: &User) -> Shell {
        let url = format!("http://{}", hub.authority());
        Shell::bare().with("CONTEXT_HUB_URL", &url).with("CONTEXT_HUB_TOKEN", user.token())
    }

    /// Sets a variable.
    pub fn with(mut self, name: &str, value: &str) -> Shell {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its home, which it is in.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Puts a file into its home.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Puts a program into its home, to be used as an editor.
    pub fn script(&self, name: &str, content: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let path = self.file(name, &format!("#!/bin/sh\n{content}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path.display().to_string()
    }

    /// What its commands know of the world.
    pub fn environment(&self) -> Vec<(String, String)> {
        let home = self.home().display().to_string();
        let own = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("TMPDIR", home.clone()),
            ("HOME", home),
            ("BIN", env!("CARGO_BIN_EXE_context-hub").to_owned()),
        ];
        own.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(self.settings.clone()).collect()
    }

    /// Runs `context-hub` with these words.
    pub async fn run(&self, words: &str) -> Ran {
        self.feed(words, "").await
    }

    /// The same with something on standard input.
    pub async fn feed(&self, words: &str, input: &str) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_context-hub"));
        command.args(words.split_whitespace());
        self.end(command, words, input).await
    }

    /// Runs a line of a shell's, to which `$BIN` is `context-hub`.
    pub async fn line(&self, line: &str) -> Ran {
        let mut command = Command::new("sh");
        command.args(["-ec", line]);
        self.end(command, line, "").await
    }

    async fn end(&self, mut command: Command, words: &str, input: &str) -> Ran {
        let mut child = command
            .env_clear()
            .envs(self.environment())
            .current_dir(self.home())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that reads nothing may have ended before it is given anything.
        let _unread = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = tokio::time::timeout(ENDED_WITHIN, child.wait_with_output()).await;
        let output = output.unwrap_or_else(|_| panic!("{words:?} hangs")).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or_else(|| panic!("{words:?} ended with {}", output.status));
        Ran { code, out: text(output.stdout), err: text(output.stderr) }
    }
}
