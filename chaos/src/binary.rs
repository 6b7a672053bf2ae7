//! Where the program that a drill breaks lies.

use std::io;
use std::path::{Path, PathBuf};

use crate::hub::StartError;

/// The hub to break: `CONTEXT_HUB_BIN`, or the newest one built beside this program.
pub fn newest_hub() -> Result<PathBuf, StartError> {
    if let Some(path) = std::env::var_os("CONTEXT_HUB_BIN") {
        return Ok(path.into());
    }
    let target = target_folder();
    let built = ["release", "debug"]
        .map(|profile| target.join(profile).join("context-hub"))
        .into_iter()
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)));
    built.max().map(|(_, path)| path).ok_or_else(|| StartError::Spawn {
        binary: target.join("debug/context-hub"),
        source: io::ErrorKind::NotFound.into(),
    })
}

/// cargo's target folder: the one above the profile in which this program lies.
fn target_folder() -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    let profile = here.ancestors().find(|folder| folder.ends_with("debug") || folder.ends_with("release"));
    profile.and_then(Path::parent).unwrap_or(Path::new("target")).to_owned()
}

/// The hub that can leave fsyncs out, for the drill of the drill: `CONTEXT_HUB_UNSAFE_BIN`, or the one that
/// `scripts/test` puts into a folder of its own.
pub fn unsafe_hub() -> Option<PathBuf> {
    let named = std::env::var_os("CONTEXT_HUB_UNSAFE_BIN").map(PathBuf::from);
    let built = target_folder().join("unsafe-skip-fsync/context-hub");
    named.or_else(|| built.exists().then_some(built))
}
