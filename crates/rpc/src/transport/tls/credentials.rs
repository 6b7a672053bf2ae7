//! What a member shows to the others, and whom it believes.

use super::witness::{ClientWitness, Seen, ServerWitness};
use super::{Subject, SubjectError, end_of, names_of};
use base::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, RootCertStore, ServerConfig};
use std::sync::Arc;
use std::time::Duration;

/// HTTP/2 and nothing else.
const ALPN: &[u8] = b"h2";

/// A member's certificate with its key, and the authority that it believes.
pub struct Credentials {
    subject: Subject,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clients: Arc<dyn ClientCertVerifier>,
    servers: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
}

/// Why texts are not credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The authority's text holds no certificate.
    #[error("the authority's file holds no usable certificate in PEM: {0}")]
    Authority(String),
    /// The member's text holds no certificate.
    #[error("the certificate's file holds no certificate in PEM")]
    Certificate,
    /// The key does not read, or belongs to another certificate.
    #[error("the key cannot be used with the certificate: {0}")]
    Key(String),
    /// The certificate names no member.
    #[error("the certificate is for {names:?}: {source}")]
    Name {
        /// The names that it carries.
        names: Vec<String>,
        /// What is wrong.
        source: SubjectError,
    },
    /// The certificate's time is over.
    #[error("the certificate of {subject} ended at {end}; have a new one made by `context-hub admin certs`")]
    Expired {
        /// Whose.
        subject: Subject,
        /// When.
        end: Timestamp,
    },
    /// The authority did not sign it, or its time has not come.
    #[error("the certificate of {subject} is refused by the cluster's own authority: {reason}")]
    Refused {
        /// Whose.
        subject: Subject,
        /// Why.
        reason: String,
    },
}

impl Credentials {
    /// From PEM texts: of the authority's certificate, of the member's, and of its key. `now` is when they have to be good.
    pub fn from_pem(
        authority: &str,
        certificate: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Credentials, CredentialsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = certificates(certificate).map_err(|_| CredentialsError::Certificate)?;
        let leaf = chain.first().ok_or(CredentialsError::Certificate)?;
        let subject = subject_of(leaf)?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|error| CredentialsError::Key(error.to_string()))?;
        let unusable = |error: String| CredentialsError::Authority(error);
        let (mut roots, mut ended) = (RootCertStore::empty(), None);
        for root in certificates(authority).map_err(|error| unusable(error.to_string()))? {
            match end_of(&root).filter(|end| *end < now) {
                Some(end) => ended = Some(end),
                None => roots.add(root).map_err(|error| unusable(error.to_string()))?,
            }
        }
        if let Some(end) = ended.filter(|_| roots.is_empty()) {
            return Err(unusable(format!("its time ended at {end}")));
        }
        let roots = Arc::new(roots);
        let clients = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        let servers = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        let credentials = Credentials { subject, chain, key, clients, servers, provider };
        credentials.check(unix(now))?;
        credentials
            .server_config(Seen::default())
            .map_err(|error| CredentialsError::Key(error.to_string()))?;
        Ok(credentials)
    }

    /// Whom they speak for.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// When they end.
    pub fn end(&self) -> Timestamp {
        end_of(&self.chain[0]).unwrap_or(Timestamp(u64::MAX))
    }

    fn check(&self, at: UnixTime) -> Result<(), CredentialsError> {
        let subject = self.subject.clone();
        match self.clients.verify_client_cert(&self.chain[0], &self.chain[1..], at) {
            Ok(_) => Ok(()),
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
                not_after, ..
            })) => Err(CredentialsError::Expired {
                subject,
                end: Timestamp(not_after.as_secs().saturating_mul(1_000)),
            }),
            Err(error) => Err(CredentialsError::Refused { subject, reason: error.to_string() }),
        }
    }

    /// How to answer a peer that comes. What it shows is noted in `seen`.
    pub(crate) fn server_config(&self, seen: Seen) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::new(ClientWitness { inner: self.clients.clone(), seen }))
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // Each connection proves itself anew: they are few, and a ticket would outlive a certificate.
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// How to go to a peer. What it shows is noted in `seen`.
    pub(crate) fn client_config(&self, seen: Seen) -> Result<Arc<ClientConfig>, rustls::Error> {
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(ServerWitness { inner: self.servers.clone(), seen }))
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Arc::new(config))
    }
}

/// Whom a certificate speaks for: it carries one name.
pub(crate) fn subject_of(certificate: &CertificateDer<'_>) -> Result<Subject, CredentialsError> {
    let names = names_of(certificate);
    let parsed = match names.as_slice() {
        [name] => name.parse(),
        _ => Err(SubjectError::Form(names.join(", "))),
    };
    parsed.map_err(|source| CredentialsError::Name { names, source })
}

fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_slice_iter(text.as_bytes()).collect()
}

fn unix(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_millis(at.0))
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("subject", &self.subject).finish_non_exhaustive()
    }
}
