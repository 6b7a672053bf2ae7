//! Documents that make Automerge panic when they are opened: they are not opened again until they change.
//!
//! Opening one costs as much as opening a sound one, and would be tried at every request. Only the document suffers, its
//! readers are told what is wrong with it, and `documents_quarantined` counts them.

use super::Fault;
use crate::store::DocKey;
use quick_cache::sync::Cache;

/// Documents that are remembered. Beyond that the oldest are tried again, which is harmless.
const REMEMBERED: usize = 10_000;

/// The documents in quarantine, each with the version that it was found at.
pub struct Quarantine {
    found_at: Cache<DocKey, u64>,
}

impl Default for Quarantine {
    fn default() -> Quarantine {
        Quarantine { found_at: Cache::new(REMEMBERED) }
    }
}

impl Quarantine {
    /// Opens a document at a version, unless that made Automerge panic before.
    pub fn open<T>(
        &self,
        doc: &DocKey,
        version: u64,
        open: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.found_at.get(doc) == Some(version) {
            return Err(Fault::Quarantined);
        }
        let opened = open();
        match opened {
            Err(Fault::Quarantined) => {
                tracing::error!(document = %doc.id, version, "Automerge panics on this document: it is in quarantine");
                self.found_at.insert(doc.clone(), version);
            }
            _ if self.found_at.is_empty() => {}
            _ => drop(self.found_at.remove(doc)),
        }
        opened
    }

    /// Lets every document be tried again: what is stored here may have been replaced by what another node has.
    pub fn forget(&self) {
        self.found_at.clear();
    }

    /// Documents in quarantine.
    pub fn len(&self) -> usize {
        self.found_at.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{DocId, Slot, TenantId};

    #[test]
    fn a_document_that_panics_is_opened_again_only_at_another_version() {
        let quarantine = Quarantine::default();
        let id = DocId::mint(Slot::new(1).unwrap(), [1; 16]);
        let doc = DocKey { tenant: TenantId::new("t").unwrap(), id };
        let mut opened = 0;
        let mut open = |version| {
            quarantine.open(&doc, version, || {
                opened += 1;
                if version == 1 { Err(Fault::Quarantined) } else { Ok(version) }
            })
        };
        assert!(open(1).is_err());
        assert!(open(1).is_err());
        assert_eq!(open(2).unwrap(), 2);
        assert_eq!(opened, 2);
        assert_eq!(quarantine.len(), 0);
    }
}
