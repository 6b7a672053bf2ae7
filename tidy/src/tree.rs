//! The files of the repository.
//!
//! Paths are relative to its root and written with `/`. Build output, data folders and version control are not part
//! of the tree.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Folders that hold nothing that anybody wrote.
const SKIPPED: [&str; 6] = [".git", ".tools", "data", "fuzz/corpus", "fuzz/target", "target"];
/// The same, wherever it is: packages of others.
const SKIPPED_ANYWHERE: &str = "node_modules";

/// The repository.
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The repository that the current folder lies in: the nearest folder above with a `Cargo.lock`.
    pub fn around_current_folder() -> Result<Tree> {
        let here = std::env::current_dir()?;
        let root = here.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
        let root = root.with_context(|| format!("no Cargo.lock in {} or above", here.display()))?;
        Ok(Tree { root: root.to_owned() })
    }

    /// The repository at a folder.
    #[cfg(test)]
    pub fn at(root: &Path) -> Tree {
        Tree { root: root.to_owned() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a file or folder exists.
    pub fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> Result<String> {
        let full = self.root.join(path);
        std::fs::read_to_string(&full).with_context(|| format!("cannot read {}", full.display()))
    }

    /// Every file whose path ends so, sorted.
    pub fn files(&self, ending: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        self.collect(Path::new(""), ending, &mut found)?;
        found.sort();
        Ok(found)
    }

    fn collect(&self, folder: &Path, ending: &str, found: &mut Vec<String>) -> Result<()> {
        let full = self.root.join(folder);
        for entry in full.read_dir().with_context(|| format!("cannot list {}", full.display()))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let name = path.to_string_lossy();
            if entry.file_type()?.is_dir() {
                if !SKIPPED.contains(&name.as_ref()) && entry.file_name() != SKIPPED_ANYWHERE {
                    self.collect(&path, ending, found)?;
                }
            } else if name.ends_with(ending) {
                found.push(name.into_owned());
            }
        }
        Ok(())
    }
}
