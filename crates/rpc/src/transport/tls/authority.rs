//! The cluster's own certificate authority. It reads no file and no clock: see `files` for what is kept where.

use super::{Credentials, CredentialsError, Role, Subject, end_of};
use base::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use std::time::Duration;
use time::OffsetDateTime;

/// How long an authority is good for: longer than anybody plans ahead, as changing it means changing every certificate.
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Clocks of machines differ a little; a certificate made by one must be good at the others at once.
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// Makes the certificates of one cluster.
pub struct Authority {
    key: KeyPair,
    certificate_pem: String,
}

/// A certificate and its key, in PEM.
pub struct Issued {
    /// The certificate.
    pub certificate_pem: String,
    /// The key: a secret.
    pub key_pem: String,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The key of the authority does not read, or signing failed.
    #[error("the key of the cluster's authority cannot be used: {0}")]
    Key(#[from] rcgen::Error),
    /// The authority's certificate and key do not belong together, or it has expired.
    #[error("the authority's certificate does not vouch for what its key signs: {0}")]
    Mismatch(#[source] CredentialsError),
}

impl Authority {
    /// A new one.
    pub fn make(now: Timestamp) -> Result<Authority, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = authority_params(&key);
        (params.not_before, params.not_after) = validity(now, AUTHORITY_LIFETIME);
        let certificate_pem = params.self_signed(&key)?.pem();
        Ok(Authority { key, certificate_pem })
    }

    /// One that was made by [`Authority::make`], from what [`Authority::certificate_pem`] and [`Authority::key_pem`] gave.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Authority, AuthorityError> {
        Ok(Authority { key: KeyPair::from_pem(key_pem)?, certificate_pem: certificate_pem.to_owned() })
    }

    /// Its certificate, which every member of the cluster has.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its key: whoever has it can be any member.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    fn end(&self) -> Option<Timestamp> {
        let certificate = CertificateDer::from_pem_slice(self.certificate_pem.as_bytes()).ok()?;
        end_of(&certificate)
    }

    /// A certificate for a member, good from now for `lifetime`, or for as long as the authority's own.
    pub fn issue(
        &self,
        subject: &Subject,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<Issued, AuthorityError> {
        let key = KeyPair::generate()?;
        let left = self.end().map_or(lifetime, |end| Duration::from_millis(end.0.saturating_sub(now.0)));
        let params = member_params(subject, now, lifetime.min(left))?;
        let issuer = Issuer::new(authority_params(&self.key), &self.key);
        let certificate_pem = params.signed_by(&key, &issuer)?.pem();
        let issued = Issued { certificate_pem, key_pem: key.serialize_pem() };
        Credentials::from_pem(&self.certificate_pem, &issued.certificate_pem, &issued.key_pem, now)
            .map_err(AuthorityError::Mismatch)?;
        Ok(issued)
    }
}

/// The same each time for a key: so that an authority is told from its key alone. Two have different names, or a
/// stranger's certificate would be refused for its signature, where its issuer is what is wrong.
fn authority_params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let fingerprint = Sha256::digest(key.public_key_raw());
    let tag: String = fingerprint[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name.push(DnType::CommonName, format!("Context Hub cluster authority {tag}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn member_params(
    subject: &Subject,
    now: Timestamp,
    lifetime: Duration,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(vec![subject.to_string()])?;
    params.distinguished_name.push(DnType::CommonName, subject.to_string());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    if subject.role() == Role::Node {
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = validity(now, lifetime);
    Ok(params)
}

fn validity(now: Timestamp, lifetime: Duration) -> (OffsetDateTime, OffsetDateTime) {
    let seconds = i64::try_from(now.0 / 1_000).unwrap_or(i64::MAX);
    let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (now - CLOCK_SKEW, now + lifetime)
}
