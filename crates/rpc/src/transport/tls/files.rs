//! Where credentials are kept.

use super::{Authority, AuthorityError, Credentials, CredentialsError, Issued, Subject};
use base::Timestamp;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The files of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertFiles {
    /// The authority's certificate.
    pub authority: PathBuf,
    /// The member's certificate.
    pub certificate: PathBuf,
    /// The key of the member's certificate.
    pub key: PathBuf,
}

/// Why credentials could not be written or read. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum CertFilesError {
    /// A file that is not there, or not to be read.
    #[error("{} cannot be read; make certificates with `context-hub admin certs`, or name the right file", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that could not be written. One that is there is never replaced.
    #[error("{} cannot be written; a file that is there is kept: move it away first", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was read does not fit together.
    #[error("{} with {} and {}", files.certificate.display(), files.key.display(), files.authority.display())]
    Unusable {
        /// Which.
        files: Box<CertFiles>,
        /// Why.
        source: Box<CredentialsError>,
    },
    /// The authority's key does not read.
    #[error("{}", path.display())]
    Authority {
        /// The file of the key.
        path: PathBuf,
        /// Why.
        source: AuthorityError,
    },
}

impl CertFiles {
    /// The files of a member in a folder, as [`write_member`] names them.
    pub fn in_folder(folder: &Path, subject: &Subject) -> CertFiles {
        let name = format!("{}-{}", subject.role(), subject.name());
        CertFiles {
            authority: folder.join("ca.pem"),
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}-key.pem")),
        }
    }

    /// Reads them, and checks that they are good at `now`.
    pub fn load(&self, now: Timestamp) -> Result<Credentials, CertFilesError> {
        let (authority, certificate, key) =
            (read(&self.authority)?, read(&self.certificate)?, read(&self.key)?);
        Credentials::from_pem(&authority, &certificate, &key, now).map_err(|source| {
            CertFilesError::Unusable { files: Box::new(self.clone()), source: Box::new(source) }
        })
    }
}

/// Writes an authority into a folder: `ca.pem` and `ca-key.pem`. The key belongs on no machine of the cluster.
pub fn write_authority(folder: &Path, authority: &Authority) -> Result<(), CertFilesError> {
    write(&folder.join("ca-key.pem"), &authority.key_pem())?;
    write(&folder.join("ca.pem"), authority.certificate_pem())
}

/// Reads what [`write_authority`] wrote.
pub fn load_authority(folder: &Path) -> Result<Authority, CertFilesError> {
    let (certificate, path) = (read(&folder.join("ca.pem"))?, folder.join("ca-key.pem"));
    Authority::from_pem(&certificate, &read(&path)?)
        .map_err(|source| CertFilesError::Authority { path, source })
}

/// Writes what an authority has issued for a member, beside the authority's certificate.
pub fn write_member(folder: &Path, subject: &Subject, issued: &Issued) -> Result<CertFiles, CertFilesError> {
    let files = CertFiles::in_folder(folder, subject);
    write(&files.key, &issued.key_pem)?;
    write(&files.certificate, &issued.certificate_pem)?;
    Ok(files)
}

fn read(path: &Path) -> Result<String, CertFilesError> {
    fs::read_to_string(path).map_err(|source| CertFilesError::Read { path: path.to_owned(), source })
}

/// For its owner's eyes only, and never over a file that is there.
fn write(path: &Path, text: &str) -> Result<(), CertFilesError> {
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
    written.map_err(|source| CertFilesError::Write { path: path.to_owned(), source })
}
