//! Profiles: hubs and tokens under names, in `~/.config/context-hub/profiles.toml`.
//!
//! ```toml
//! default = "work"
//!
//! [profiles.work]
//! url = "https://hub.example.com"
//! token_file = "/home/ada/.work-token"
//! ```
//!
//! The file may hold tokens, so one that others can read is refused.

use crate::private_file;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// All profiles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    /// The one that is used when no hub is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// By name.
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
}

/// A hub, and who one is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Where it is.
    pub url: String,
    /// An access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// A file that holds one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
}

/// Why there are no profiles to use.
#[derive(Debug, thiserror::Error)]
pub enum ProfilesError {
    /// It holds tokens, perhaps.
    #[error("{} can be read by others, and may hold tokens: chmod 600 it", .0.display())]
    Open(PathBuf),
    /// It is not what it should be.
    #[error("{} is no file of profiles: {why}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        why: String,
    },
    /// The disk.
    #[error("{} cannot be used", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// Nobody says where it would be.
    #[error("neither XDG_CONFIG_HOME nor HOME says where profiles are")]
    Homeless,
}

/// Where profiles are.
pub fn path(env: &impl Fn(&str) -> Option<String>) -> Result<PathBuf, ProfilesError> {
    let configured = env("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let config = configured.or_else(|| env("HOME").map(|home| Path::new(&home).join(".config")));
    Ok(config.ok_or(ProfilesError::Homeless)?.join("context-hub").join("profiles.toml"))
}

impl Profiles {
    /// Those of a file; none if it is not there.
    pub fn load(path: &Path) -> Result<Profiles, ProfilesError> {
        let io = |source| ProfilesError::Io { path: path.to_owned(), source };
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Profiles::default()),
            read => read.map_err(io)?,
        };
        if private_file::is_open_to_others(path).map_err(io)? {
            return Err(ProfilesError::Open(path.to_owned()));
        }
        toml::from_str(&text).map_err(|error| ProfilesError::Malformed {
            path: path.to_owned(),
            // Not the parser's own words: they would quote the line, and with it a token.
            why: error.message().to_owned(),
        })
    }

    /// Writes them, for this user alone.
    pub fn save(&self, path: &Path) -> Result<(), ProfilesError> {
        let io = |source| ProfilesError::Io { path: path.to_owned(), source };
        let text = toml::to_string(self).expect("names and texts are TOML");
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
        private_file::write(path, &text).map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn some() -> Profiles {
        let work = Profile { url: "https://hub".into(), token: Some("t".into()), token_file: None };
        Profiles { default: Some("work".into()), profiles: [("work".to_owned(), work)].into() }
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/profiles.toml");
        assert_eq!(Profiles::load(&path).unwrap(), Profiles::default());
        some().save(&path).unwrap();
        assert_eq!(Profiles::load(&path).unwrap(), some());
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles.toml");
        some().save(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Profiles::load(&path), Err(ProfilesError::Open(_))));
    }

    #[test]
    fn a_damaged_file_is_told_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles.toml");
        private_file::write(&path, "[profiles.work]\nurl = 'u'\ntokn = 'secret'\n").unwrap();
        let told = Profiles::load(&path).unwrap_err().to_string();
        assert!(told.contains("tokn") && !told.contains("secret"), "{told}");
    }

    #[test]
    fn the_file_is_in_the_users_configuration() {
        let env = |name: &str| (name == "HOME").then(|| "/home/ada".to_owned());
        let usual = PathBuf::from("/home/ada/.config/context-hub/profiles.toml");
        assert_eq!(path(&env).unwrap(), usual);
        let env = |name: &str| Some(if name == "HOME" { "/home/ada" } else { "/etc/ada" }.to_owned());
        assert_eq!(path(&env).unwrap(), PathBuf::from("/etc/ada/context-hub/profiles.toml"));
        assert!(path(&|_: &str| None).is_err());
    }
}
