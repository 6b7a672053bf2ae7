//! What is read from files and standard input, and what their names say.

use crate::cli::{PatchType, ShapeArg};
use anyhow::{Context, Result};
use bytes::Bytes;
use std::io::{IsTerminal, Read, stdin};
use std::path::Path;

/// A file, or standard input for `-`.
pub fn read(file: &Path) -> Result<Bytes> {
    if file != Path::new("-") {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        return Ok(bytes.into());
    }
    let mut input = stdin().lock();
    if input.is_terminal() {
        crate::output::progress("reading from the terminal; Ctrl-D ends it");
    }
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).context("cannot read standard input")?;
    Ok(bytes.into())
}

/// What a file is called, as the name of a document.
pub fn name(file: &Path) -> String {
    let name = file.file_name().filter(|_| file != Path::new("-"));
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Whether its name says that a file is one of Automerge.
pub fn is_automerge(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "automerge")
}

/// The type of document that the name of a file suggests.
pub fn shape(file: &Path) -> ShapeArg {
    match file.extension() {
        Some(extension) if extension == "json" => ShapeArg::Json,
        _ => ShapeArg::Text,
    }
}

/// The type of patch that the name of a file tells; `None` if it tells nothing.
pub fn patch_type(file: &Path) -> Option<PatchType> {
    const ENDINGS: [(&str, PatchType); 8] = [
        (".diff", PatchType::Diff),
        (".patch", PatchType::Diff),
        (".ops.json", PatchType::Ops),
        (".json-patch", PatchType::JsonPatch),
        (".json-patch.json", PatchType::JsonPatch),
        (".merge-patch", PatchType::Merge),
        (".merge-patch.json", PatchType::Merge),
        (".replace.json", PatchType::Replace),
    ];
    let name = name(file);
    ENDINGS.into_iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, kind)| kind)
}

/// The extension of the file that a document is edited in: that of its name, if it has a usable one.
pub fn extension(document_name: &str, is_text: bool) -> String {
    if !is_text {
        return ".json".to_owned();
    }
    let of_name = Path::new(document_name).extension().and_then(|extension| extension.to_str());
    let usable = of_name.filter(|text| text.len() <= 16 && text.chars().all(|c| c.is_ascii_alphanumeric()));
    format!(".{}", usable.unwrap_or("txt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_what_is_in_them() {
        assert_eq!(name(Path::new("a/plan.md")), "plan.md");
        assert_eq!(name(Path::new("-")), "");
        assert_eq!(shape(Path::new("a.json")), ShapeArg::Json);
        assert_eq!(shape(Path::new("-")), ShapeArg::Text);
        assert!(is_automerge(Path::new("x.automerge")) && !is_automerge(Path::new("automerge")));
        for (file, kind) in [
            ("a.diff", Some(PatchType::Diff)),
            ("a.patch", Some(PatchType::Diff)),
            ("a.ops.json", Some(PatchType::Ops)),
            ("a.json-patch", Some(PatchType::JsonPatch)),
            ("a.merge-patch.json", Some(PatchType::Merge)),
            ("a.replace.json", Some(PatchType::Replace)),
            ("a.json", None),
            ("-", None),
        ] {
            assert_eq!(patch_type(Path::new(file)), kind, "{file}");
        }
    }

    #[test]
    fn an_editor_gets_a_fitting_extension() {
        assert_eq!(extension("plan.md", true), ".md");
        assert_eq!(extension("plan", true), ".txt");
        assert_eq!(extension("a.b/../c d", true), ".txt");
        assert_eq!(extension("plan.md", false), ".json");
    }
}
