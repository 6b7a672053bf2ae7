//! What every drill stands on: a folder, a hub in it, an address that clients follow, and the ledger.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tempfile::TempDir;
use tokio::sync::watch;

use super::Plan;
use crate::client::Client;
use crate::hub::{Address, Hub, HubSpec, StartError};
use crate::ledger::{Ledger, Tally};

/// The ledger, as writers and the drill share it.
pub type SharedLedger = Arc<Mutex<Ledger>>;

/// The scene of one drill; its folder goes when it is dropped.
pub struct Stand {
    /// How the hub is started.
    pub spec: HubSpec,
    /// Every edit of the drill.
    pub ledger: SharedLedger,
    /// Chooses the accidents.
    pub dice: StdRng,
    /// What a reader of the report should know although no promise was broken.
    pub notes: Vec<String>,
    address: watch::Sender<Option<Address>>,
    slowest_start: Duration,
    folder: TempDir,
}

impl Stand {
    /// A scene in a new temporary folder.
    pub fn new(plan: &Plan) -> anyhow::Result<Stand> {
        let folder = TempDir::with_prefix("chaos-").context("cannot make a temporary folder")?;
        let mut spec =
            HubSpec::new(&plan.binary, &folder.path().join("data"), &folder.path().join("hub.log"));
        spec.env.extend(plan.env.iter().cloned());
        Ok(Stand {
            spec,
            ledger: SharedLedger::default(),
            dice: StdRng::seed_from_u64(plan.seed),
            notes: Vec::new(),
            address: watch::Sender::new(None),
            slowest_start: Duration::ZERO,
            folder,
        })
    }

    /// A new folder on the scene, for a mount or a copy.
    pub fn make_folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.path().join(name);
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }

    /// A path on the scene.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the hub and sends the clients there.
    pub async fn up(&mut self) -> Result<Hub, StartError> {
        let start = Instant::now();
        let hub = self.spec.start().await?;
        self.slowest_start = self.slowest_start.max(start.elapsed());
        self.address.send_replace(Some(hub.address.clone()));
        Ok(hub)
    }

    /// Tells the clients that there is no hub to ask.
    pub fn down(&self) {
        self.address.send_replace(None);
    }

    /// A client that follows the hub.
    pub fn client(&self) -> Client {
        Client::new(self.address.subscribe())
    }

    /// How much was written.
    pub fn tally(&self) -> Tally {
        self.ledger.lock().tally()
    }

    /// The longest start so far.
    pub fn slowest_start(&self) -> Duration {
        self.slowest_start
    }

    /// Lets the operator's own tool look at the log.
    pub fn verify_log(&self) -> anyhow::Result<Verdict> {
        verify_log(&self.spec.binary, &self.spec.wal_dir())
    }
}

/// What `context-hub wal verify` says.
#[derive(Debug)]
pub struct Verdict {
    /// Its exit code.
    pub code: Option<i32>,
    /// Everything it printed.
    pub said: String,
}

impl Verdict {
    /// The violation that damage is where there must be none.
    pub fn violation(&self) -> Option<String> {
        let sound = self.code == Some(0);
        (!sound).then(|| format!("`wal verify` ends with {:?}: {}", self.code, self.said))
    }
}

fn verify_log(binary: &Path, wal: &Path) -> anyhow::Result<Verdict> {
    let mut command = Command::new(binary);
    let output = command.args(["wal", "verify"]).arg(wal).output().context("cannot run `wal verify`")?;
    let said = [output.stdout, output.stderr].concat();
    Ok(Verdict { code: output.status.code(), said: String::from_utf8_lossy(&said).into_owned() })
}
