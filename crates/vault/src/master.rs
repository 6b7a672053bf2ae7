//! The master key: from a file that `dev` makes, or from a setting.

use crate::Key;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The key above all keys of a hub. Whoever loses it loses every document.
pub struct MasterKey(Key);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read or written.
    #[error("the master key file {path} cannot be used")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a key.
    #[error(
        "{from} does not hold a master key: expected 64 hexadecimal digits (make one: openssl rand -hex 32)"
    )]
    Malformed {
        /// Where it came from.
        from: String,
    },
}

impl MasterKey {
    /// The key itself.
    pub fn key(&self) -> &Key {
        &self.0
    }

    /// Reads 64 hexadecimal digits. `from` says in an error where they came from.
    pub fn from_hex(text: &str, from: &str) -> Result<MasterKey, MasterKeyError> {
        let malformed = || MasterKeyError::Malformed { from: from.to_owned() };
        let hash: base::Hash = text.trim().parse().map_err(|_| malformed())?;
        Ok(MasterKey(Key::from_bytes(hash.0)))
    }

    /// Reads the key file.
    pub fn load(path: &Path) -> Result<MasterKey, MasterKeyError> {
        let read = std::fs::read_to_string(path).map(Zeroizing::new);
        let text = read.map_err(|source| MasterKeyError::File { path: path.to_owned(), source })?;
        MasterKey::from_hex(&text, &path.display().to_string())
    }

    /// Makes a key file with mode 0600, durable when this returns. An existing file is an error, never overwritten.
    pub fn create(path: &Path) -> Result<MasterKey, MasterKeyError> {
        let key = Key::random();
        let text = Zeroizing::new(format!("{}\n", base::Hash(*key.as_bytes())));
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        write().map_err(|source| MasterKeyError::File { path: path.to_owned(), source })?;
        Ok(MasterKey(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_file_is_private_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = MasterKey::create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(MasterKey::load(&path).unwrap().key().id(), made.key().id());
        assert!(matches!(MasterKey::create(&path), Err(MasterKeyError::File { .. })));
    }

    #[test]
    fn a_bad_key_names_its_source() {
        let error = MasterKey::from_hex("abc", "MASTER_KEY").err().unwrap().to_string();
        assert!(error.contains("MASTER_KEY"));
    }
}
