//! Mutual TLS 1.3 among the members of a cluster: who may speak to whom is in their certificates.

mod authority;
mod credentials;
mod files;
mod subject;
#[cfg(test)]
mod tests;
mod validity;
mod witness;

pub use authority::{Authority, AuthorityError, Issued};
pub use credentials::{Credentials, CredentialsError};
pub use files::{CertFiles, CertFilesError, load_authority, write_authority, write_member};
pub use subject::{Role, Subject, SubjectError};

pub(crate) use credentials::subject_of;
pub(crate) use validity::{end_of, over};
pub(crate) use witness::Seen;

use rustls::pki_types::CertificateDer;

/// The DNS names on a certificate; none if it does not read.
fn names_of(certificate: &CertificateDer<'_>) -> Vec<String> {
    let parsed = webpki::EndEntityCert::try_from(certificate);
    parsed.map(|parsed| parsed.valid_dns_names().map(str::to_owned).collect()).unwrap_or_default()
}
