//! Files with secrets in them: written whole or not at all, and readable by their owner alone.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes a file in place of one that may be there.
pub fn write(file: &Path, content: &str) -> io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let draft = file.with_file_name(name);
    // What an interrupted run may have left behind.
    let _absent = std::fs::remove_file(&draft);
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    out.write_all(content.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&draft, file)
}

/// Whether others than the owner may do anything with a file.
pub fn is_open_to_others(file: &Path) -> io::Result<bool> {
    Ok(std::fs::metadata(file)?.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret.toml");
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(is_open_to_others(&file).unwrap());
        write(&file, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert!(!is_open_to_others(&file).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft stays");
    }
}
