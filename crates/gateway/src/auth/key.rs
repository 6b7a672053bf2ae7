//! RSA keys of 2048 bits: the private half signs, the public half is published as a JWK.
//!
//! A key is named by its RFC 7638 thumbprint, so that a `kid` cannot name two keys. The file is PKCS#8 in PEM, readable
//! by its owner alone; it is written beside its place and linked there, so that a crash leaves no half of a key and
//! two starts at once agree on one key.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const PEM_TAG: &str = "PRIVATE KEY";

/// A private key that signs tokens.
pub struct SigningKey {
    pem: String,
    encoding: EncodingKey,
    public: PublicKey,
}

/// The half of a key that verifies tokens and may be seen by everyone.
#[derive(Clone)]
pub struct PublicKey {
    pub(crate) kid: String,
    pub(crate) jwk: Jwk,
    pub(crate) decoding: DecodingKey,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The operating system gave no randomness, or the library refused to make a key.
    #[error("no RSA key could be made")]
    Generate,
    /// Not a private RSA key in PEM.
    #[error("not a private RSA key in PEM (PKCS#8): {reason}")]
    Malformed {
        /// What the parser said.
        reason: String,
    },
    /// The key file is readable by others than its owner.
    #[error("{path} has mode {mode:o}: a signing key must be readable by its owner alone (chmod 600 {path})")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file cannot be read or written.
    #[error("cannot {action} the key file {path}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SigningKey {
    /// Makes a new key. Takes a tenth of a second or more.
    pub fn generate() -> Result<SigningKey, KeyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
        let der =
            AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| KeyError::Generate)?;
        SigningKey::from_pem(&pem::encode(&pem::Pem::new(PEM_TAG, der.as_ref())))
    }

    /// Reads a key from PEM text.
    pub fn from_pem(text: &str) -> Result<SigningKey, KeyError> {
        let malformed =
            |error: jsonwebtoken::errors::Error| KeyError::Malformed { reason: error.to_string() };
        let encoding = EncodingKey::from_rsa_pem(text.as_bytes()).map_err(malformed)?;
        let jwk = Jwk::from_encoding_key(&encoding, Algorithm::RS256).map_err(malformed)?;
        let public = PublicKey::from_jwk(jwk).map_err(malformed)?;
        Ok(SigningKey { pem: text.to_owned(), encoding, public })
    }

    /// Reads a key file, and refuses one that others may read.
    pub fn load(path: &Path) -> Result<SigningKey, KeyError> {
        let failed = |source| KeyError::File { action: "read", path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.to_owned(), mode });
        }
        SigningKey::from_pem(&fs::read_to_string(path).map_err(failed)?)
    }

    /// Writes the key to a file that does not exist yet, durably, with mode 0600.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        self.write(path).map_err(|source| KeyError::File { action: "write", path: path.to_owned(), source })
    }

    /// Loads the key of a hub, or makes it on the first start.
    pub fn load_or_generate(path: &Path) -> Result<SigningKey, KeyError> {
        match SigningKey::load(path) {
            Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        let key = SigningKey::generate()?;
        match key.save(path) {
            Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                SigningKey::load(path)
            }
            Err(error) => Err(error),
            Ok(()) => Ok(key),
        }
    }

    /// The half that may be published.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let draft = path.with_extension(format!("new-{}", uuid::Uuid::new_v4().as_simple()));
        let linked = write_synced(&draft, self.pem.as_bytes()).and_then(|()| fs::hard_link(&draft, path));
        let removed = fs::remove_file(&draft);
        linked.and(removed)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl PublicKey {
    fn from_jwk(mut jwk: Jwk) -> jsonwebtoken::errors::Result<PublicKey> {
        let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let decoding = DecodingKey::from_jwk(&jwk)?;
        Ok(PublicKey { kid, jwk, decoding })
    }

    /// The name of the key: its RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_key_is_private_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.pem");
        let made = SigningKey::load_or_generate(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let loaded = SigningKey::load_or_generate(&path).unwrap();
        assert_eq!(made.public().kid(), loaded.public().kid());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the draft is gone");
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.pem");
        SigningKey::generate().unwrap().save(&path).unwrap();
        let again = SigningKey::generate().unwrap().save(&path);
        assert!(matches!(again, Err(KeyError::File { action: "write", .. })));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.pem");
        SigningKey::generate().unwrap().save(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(SigningKey::load(&path), Err(KeyError::Exposed { mode: 0o640, .. })));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(matches!(SigningKey::from_pem("hello"), Err(KeyError::Malformed { .. })));
    }
}
