//! Starts a process that outlives its starter, and waits for the line that says that it is ready.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::process::Process;

/// How often the output of a process that is to get ready is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How much of what a process said since its start an error shows; the end of it.
const SHOWN_BYTES: u64 = 8 << 10;

/// The program's settings that tell one process from another, or one cluster: none of them is taken from whoever starts a
/// cluster.
const SETTINGS: [&str; 17] = [
    "ADDR",
    "ADVERTISE_ADDR",
    "CAPACITY",
    "CERTS_DIR",
    "CLUSTER_NAME",
    "DATA_DIR",
    "ETCD_CA_FILE",
    "ETCD_CERT_FILE",
    "ETCD_ENDPOINTS",
    "ETCD_KEY_FILE",
    "JWT_PRIVATE_KEY_FILE",
    "JWT_SECRET",
    "MASTER_KEY",
    "NODE_NAME",
    "OPS_ADDR",
    "SHARD_ID",
    "ZONE",
];

/// How to start a process.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Environment variables on top of ours.
    pub env: Vec<(String, String)>,
    /// The network namespace to run in, by its name.
    pub namespace: Option<String>,
    /// Where its output is appended.
    pub out: PathBuf,
    /// Where what it prints to standard error is appended.
    pub log: PathBuf,
}

/// A process that was started and is not ready yet.
#[derive(Debug)]
pub struct Launched {
    /// The process.
    pub process: Process,
    out: Since,
    log: Since,
}

/// Why a process is not there, or not ready.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// It could not be started at all.
    #[error("cannot start {program}")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("it ended before it was ready; {log} says:\n{said}")]
    Ended {
        /// Its log.
        log: PathBuf,
        /// The end of it.
        said: String,
    },
    /// It neither got ready nor ended.
    #[error("it was not ready after {} s; {log} says:\n{said}", within.as_secs())]
    Silent {
        /// How long it had.
        within: Duration,
        /// Its log.
        log: PathBuf,
        /// The end of it.
        said: String,
    },
    /// A file that it writes, or what the kernel says of it, cannot be read.
    #[error("cannot follow it")]
    Follow(#[from] io::Error),
}

impl Launch {
    /// Starts the process in a session of its own: neither a terminal that is closed nor the end of its starter reaches it.
    pub fn start(&self) -> Result<Launched, LaunchError> {
        let out = Since::now(&self.out);
        let log = Since::now(&self.log);
        let mut words = vec![OsString::from("setsid")];
        if let Some(namespace) = &self.namespace {
            words.extend(["nsenter".into(), format!("--net=/run/netns/{namespace}").into(), "--".into()]);
        }
        words.push(self.program.clone().into());
        let failed = |source| LaunchError::Spawn { program: self.program.clone(), source };
        let mut command = Command::new(&words[0]);
        forget_settings(&mut command);
        // Each of these becomes the next one, so the number that we see is that of the program in the end.
        let child = command
            .args(&words[1..])
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(append(&self.out).map_err(failed)?)
            .stderr(append(&self.log).map_err(failed)?)
            .spawn()
            .map_err(failed)?;
        // Not waited for, so the number is still its own, whatever has become of it.
        let process = Process::with_pid(child.id()).map_err(failed)?;
        Ok(Launched { process, out, log })
    }
}

impl Launched {
    /// Waits for the line of JSON that says that it is ready.
    pub async fn ready_line(&self, within: Duration) -> Result<Value, LaunchError> {
        self.until(within, async || Ok(ready_in(&self.out.read_all()?))).await
    }

    /// Waits until the look finds what it looks for, the process ends, or the time is up.
    pub async fn until<T>(
        &self,
        within: Duration,
        look: impl AsyncFn() -> io::Result<Option<T>>,
    ) -> Result<T, LaunchError> {
        let deadline = Instant::now() + within;
        loop {
            // Before the look: what it said last of all counts.
            let there = self.process.is_there()?;
            if let Some(found) = look().await? {
                return Ok(found);
            }
            let (log, said) = (self.log.path.clone(), self.said());
            if !there {
                return Err(LaunchError::Ended { log, said });
            }
            if Instant::now() >= deadline {
                return Err(LaunchError::Silent { within, log, said });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn said(&self) -> String {
        self.log.read_end().unwrap_or_else(|error| format!("(it cannot be read: {error})"))
    }
}

/// Keeps what our own environment says of a process of the program from another one.
pub fn forget_settings(command: &mut Command) {
    for name in SETTINGS {
        command.env_remove(name);
    }
}

/// What a file got since a moment.
#[derive(Debug)]
struct Since {
    path: PathBuf,
    length: u64,
}

impl Since {
    fn now(path: &Path) -> Since {
        Since { path: path.to_owned(), length: path.metadata().map_or(0, |file| file.len()) }
    }

    fn read_all(&self) -> io::Result<String> {
        self.read(self.length)
    }

    fn read_end(&self) -> io::Result<String> {
        let end = self.path.metadata()?.len();
        self.read(self.length.max(end.saturating_sub(SHOWN_BYTES)))
    }

    fn read(&self, from: u64) -> io::Result<String> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// The first whole line that says that its writer is ready.
fn ready_in(output: &str) -> Option<Value> {
    let whole = output.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let mut said = whole.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    said.find(|line| line["event"] == "ready")
}

#[cfg(test)]
mod tests {
    use super::super::process::Condition;
    use super::*;
    use rustix::process::{Pid, Signal, getsid};

    const SOON: Duration = Duration::from_secs(20);

    fn shell(folder: &Path, script: &str) -> Launch {
        Launch {
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            env: vec![("WORD".into(), "ready".into())],
            namespace: None,
            out: folder.join("out"),
            log: folder.join("log"),
        }
    }

    #[test]
    fn half_a_line_is_no_line() {
        assert_eq!(ready_in("{\"event\":\"ready\"}"), None);
        assert_eq!(
            ready_in("words\n{\"event\":\"up\"}\n{\"event\":\"ready\",\"pid\":7}\n").unwrap()["pid"],
            7
        );
    }

    #[tokio::test]
    async fn a_process_says_that_it_is_ready_and_has_a_session_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"printf '{"event":"%s","pid":%s}\n' $WORD $$; exec sleep 600"#;
        let launched = shell(folder.path(), script).start().unwrap();
        let line = launched.ready_line(SOON).await.unwrap();
        assert_eq!(line["pid"], launched.process.pid);
        let pid = Pid::from_raw(launched.process.pid).unwrap();
        assert_eq!(getsid(Some(pid)).unwrap(), pid);
        assert!(launched.process.signal(Signal::KILL).unwrap());
        assert!(launched.process.ends_within(SOON).await.unwrap());
    }

    #[tokio::test]
    async fn what_an_earlier_process_said_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("out"), "{\"event\":\"ready\"}\n").unwrap();
        std::fs::write(folder.path().join("log"), "of old\n").unwrap();
        let launched = shell(folder.path(), "echo broken >&2; exit 1").start().unwrap();
        let error = launched.ready_line(SOON).await.unwrap_err();
        assert!(matches!(&error, LaunchError::Ended { said, .. } if said == "broken\n"), "{error}");
    }

    #[tokio::test]
    async fn patience_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let launched = shell(folder.path(), "exec sleep 600").start().unwrap();
        let error = launched.ready_line(Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(error, LaunchError::Silent { .. }), "{error}");
        assert_eq!(launched.process.condition().unwrap(), Condition::Running);
        launched.process.signal(Signal::KILL).unwrap();
        assert!(launched.process.ends_within(SOON).await.unwrap());
    }
}
