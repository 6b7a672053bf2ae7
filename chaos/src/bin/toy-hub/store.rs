//! A copy of all documents beside the log, made at each start: what a hub keeps so that it need not read its whole log.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::fault::Fault;
use crate::hub::Document;
use crate::log::sum;

/// The documents of a hub, by id.
pub type Documents = BTreeMap<String, Document>;

/// The copy, unless it is damaged: then the log's word stands, and the damage is named.
pub fn prefer_copy(folder: &Path, from_log: Documents, fault: Option<Fault>) -> Documents {
    let path = folder.join("documents");
    let Ok(bytes) = fs::read(&path) else {
        return from_log;
    };
    let (content, stored_sum) = bytes.split_at(bytes.len().saturating_sub(4));
    if fault == Some(Fault::IgnoreDamage) {
        return serde_json::from_str(&String::from_utf8_lossy(content)).unwrap_or_default();
    }
    if stored_sum != sum(content).to_le_bytes() {
        eprintln!("{} is damaged; it is made again from the log", path.display());
    }
    from_log
}

/// Makes the copy.
pub fn write_copy(folder: &Path, documents: &Documents) -> anyhow::Result<()> {
    let content = serde_json::to_vec(documents)?;
    let sum = sum(&content).to_le_bytes();
    fs::create_dir_all(folder)?;
    Ok(fs::write(folder.join("documents"), [content.as_slice(), &sum].concat())?)
}
