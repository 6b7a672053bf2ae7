//! Connecting to etcd.

use super::{CoordinatorError, explain};
use etcd_client::{Certificate, Client, ConnectOptions, Error, Identity, TlsOptions};
use std::future::Future;
use std::time::Duration;
use tokio::sync::OnceCell;

/// A ping on a connection that is in use; one that is not answered in as long ends the connection.
const PING: Duration = Duration::from_secs(3);

/// How to reach etcd.
#[derive(Clone)]
pub struct EtcdOptions {
    /// The URLs of its members, such as `http://10.0.0.1:2379`. `https` needs [`EtcdOptions::tls`].
    pub endpoints: Vec<String>,
    /// Who we are, if etcd asks.
    pub user: Option<EtcdUser>,
    /// How to know etcd, and to be known.
    pub tls: Option<EtcdTls>,
    /// How long one call may take.
    pub deadline: Duration,
}

/// A user of etcd.
#[derive(Clone)]
pub struct EtcdUser {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: String,
}

/// TLS to etcd.
#[derive(Clone)]
pub struct EtcdTls {
    /// The certificates of the authority that signs those of etcd, as PEM.
    pub ca_pem: String,
    /// Our own certificate, if etcd asks for one.
    pub identity: Option<EtcdIdentity>,
}

/// A certificate and its key.
#[derive(Clone)]
pub struct EtcdIdentity {
    /// The certificate, as PEM.
    pub certificate_pem: String,
    /// Its key, as PEM.
    pub key_pem: String,
}

impl EtcdOptions {
    /// An etcd without TLS or users. A call may take three seconds: longer than etcd takes to elect a leader.
    pub fn new(endpoints: Vec<String>) -> EtcdOptions {
        EtcdOptions { endpoints, user: None, tls: None, deadline: Duration::from_secs(3) }
    }
}

/// The client, once there is one.
pub(super) struct Connection {
    options: EtcdOptions,
    client: OnceCell<Client>,
}

impl Connection {
    pub fn new(options: EtcdOptions) -> Result<Connection, CoordinatorError> {
        let refused = |reason: &str| Err(CoordinatorError::Refused { reason: reason.into() });
        let is_url = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        let is_tls = |url: &String| url.starts_with("https://");
        match &options {
            options if options.endpoints.is_empty() => refused("no endpoint of etcd was given"),
            options if !options.endpoints.iter().all(is_url) => {
                refused("an endpoint of etcd is a URL that begins with http:// or https://")
            }
            options if options.endpoints.iter().any(|url| is_tls(url) != options.tls.is_some()) => refused(
                "endpoints of etcd are all https:// with a certificate authority, or all http:// without",
            ),
            _ => Ok(Connection { options, client: OnceCell::new() }),
        }
    }

    /// The client. Making one connects to nothing, except to show the password of a user.
    pub async fn client(&self) -> Result<Client, Error> {
        // Boxed: it is large, and hardly ever there.
        let connect = || {
            Box::pin(async {
                let mut options = ConnectOptions::new()
                    // A member that lost its quorum must not answer for the cluster.
                    .with_require_leader(true)
                    .with_connect_timeout(self.options.deadline)
                    .with_keep_alive(PING, PING)
                    .with_keep_alive_while_idle(false)
                    .with_auto_token_refresh(true);
                if let Some(EtcdUser { name, password }) = &self.options.user {
                    options = options.with_user(name, password);
                }
                if let Some(EtcdTls { ca_pem, identity }) = &self.options.tls {
                    let mut tls = TlsOptions::new().ca_certificate(Certificate::from_pem(ca_pem));
                    if let Some(EtcdIdentity { certificate_pem, key_pem }) = identity {
                        tls = tls.identity(Identity::from_pem(certificate_pem, key_pem));
                    }
                    options = options.with_tls(tls);
                }
                Client::connect(&self.options.endpoints, Some(options)).await
            })
        };
        self.client.get_or_try_init(connect).await.cloned()
    }

    /// What a future gives, if it does so in time.
    pub async fn within_deadline<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, CoordinatorError> {
        match tokio::time::timeout(self.options.deadline, answer).await {
            Ok(answered) => answered.map_err(explain),
            Err(_) => {
                let reason = format!("no answer within {:?}", self.options.deadline);
                Err(CoordinatorError::Unavailable { reason })
            }
        }
    }
}
