//! A hub that a test owns. It ends with the test, whatever becomes of it.

use super::ask::Wire;
use super::user::{TENANT, User};
use base::{TenantId, UserId};
use chaos::hub::{Hub, HubSpec};
use gateway::auth::{Claims, Issuer, SigningKey};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// How long tokens live: longer than any test.
const TOKEN_TTL: Duration = Duration::from_secs(12 * 60 * 60);

/// A running hub on a folder of its own.
pub struct TestHub {
    // First, so that the hub has ended before its folder goes.
    process: Hub,
    spec: HubSpec,
    wire: Arc<Wire>,
    issuer: Issuer,
    folder: TempDir,
}

impl TestHub {
    /// A hub as anyone gets it.
    pub async fn start() -> TestHub {
        TestHub::start_with(&[]).await
    }

    /// A hub with these flags.
    pub async fn start_with(flags: &[&str]) -> TestHub {
        TestHub::start_from(|spec| spec.flags.extend(flags.iter().map(|flag| (*flag).to_owned()))).await
    }

    /// A hub whose start is changed in some way.
    pub async fn start_from(change: impl FnOnce(&mut HubSpec)) -> TestHub {
        let folder = tempfile::tempdir().unwrap();
        let (data, log) = (folder.path().join("data"), folder.path().join("hub.log"));
        let mut spec = HubSpec::new(Path::new(env!("CARGO_BIN_EXE_context-hub")), &data, &log);
        change(&mut spec);
        let process = spec.start().await.unwrap_or_else(|error| panic!("{error}"));
        let issuer = Issuer::new(SigningKey::load(&data.join("signing-key.pem")).unwrap());
        let wire = Arc::new(Wire::to(&process.address.authority));
        TestHub { process, spec, wire, issuer, folder }
    }

    /// A user of the tenant that most tests are about.
    pub fn user(&self, name: &str) -> User {
        self.user_of(TENANT, name)
    }

    /// A user of some tenant.
    pub fn user_of(&self, tenant: &str, name: &str) -> User {
        self.bearer(&token(&self.issuer, tenant, name))
    }

    /// The one whom the hub itself made a token for.
    pub fn owner(&self) -> User {
        self.bearer(&self.process.address.token)
    }

    /// Whoever holds this token.
    pub fn bearer(&self, token: &str) -> User {
        User::new(self.wire.clone(), Some(token.to_owned()))
    }

    /// Someone without a token.
    pub fn anyone(&self) -> User {
        User::new(self.wire.clone(), None)
    }

    /// Where it listens: `127.0.0.1:PORT`.
    pub fn authority(&self) -> &str {
        &self.process.address.authority
    }

    /// Its data folder.
    pub fn data_dir(&self) -> &Path {
        &self.spec.data_dir
    }

    /// Stops it as an operator would, and starts it again. Users find it where it is then.
    pub async fn restart(self) -> TestHub {
        let stopped = self.stop().await;
        assert!(stopped.status.success(), "it ended with {}", stopped.status);
        stopped.start().await
    }

    /// Ends it at once, as `kill -9` does, and starts it again.
    pub async fn kill_and_start(self) -> TestHub {
        let TestHub { process, spec, wire, issuer, folder } = self;
        process.kill().await.unwrap();
        let process = spec.start().await.unwrap_or_else(|error| panic!("{error}"));
        wire.lead_to(&process.address.authority);
        TestHub { process, spec, wire, issuer, folder }
    }

    /// Stops it as an operator would.
    pub async fn stop(self) -> Stopped {
        let TestHub { process, spec, wire, issuer, folder } = self;
        let status = process.stop().await.unwrap();
        Stopped { status, spec, wire, issuer, folder }
    }
}

/// A hub that was stopped, with its data.
pub struct Stopped {
    /// How it ended.
    pub status: ExitStatus,
    spec: HubSpec,
    wire: Arc<Wire>,
    issuer: Issuer,
    folder: TempDir,
}

impl Stopped {
    /// Its data folder.
    pub fn data_dir(&self) -> &Path {
        &self.spec.data_dir
    }

    /// Starts it on the same data.
    pub async fn start(self) -> TestHub {
        let Stopped { spec, wire, issuer, folder, .. } = self;
        let process = spec.start().await.unwrap_or_else(|error| panic!("{error}"));
        wire.lead_to(&process.address.authority);
        TestHub { process, spec, wire, issuer, folder }
    }
}

fn token(issuer: &Issuer, tenant: &str, name: &str) -> String {
    let (user, tenant) = (UserId::new(name).unwrap(), TenantId::new(tenant).unwrap());
    issuer.mint(&Claims { user, tenant, ttl: TOKEN_TTL }, base::now()).unwrap()
}
