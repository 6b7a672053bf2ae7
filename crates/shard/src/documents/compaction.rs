//! Compaction: many stored changes become one chunk.
//!
//! It changes stored bytes and never what they mean, so that each replica does it when it likes. The chunk was loaded
//! again and shown to have the same heads before it takes the place of anything.

use super::Fault;
use super::open::Loaded;
use super::stored::{self, context};
use crate::machine::Machine;
use crate::store::{Compacted, DocKey, Lookup, Space, Store, VersionRecord, key};
use vault::{Kind, seal};

/// Versions behind the compacted chunk that are always left alone: opening them is cheap.
const VERSIONS_MIN: u64 = 256;

/// Beyond that, the part of all versions that may stand behind the chunk: compacting costs time in proportion to the
/// whole document, and so takes about the same for each version ever written.
const PART_BEHIND: u64 = 4;

/// Version records that are rewritten in one go while the log waits.
const RECORDS_AT_ONCE: u64 = 64;

/// Whether it is time.
pub fn due(loaded: &Loaded) -> bool {
    loaded.uncompacted() > VERSIONS_MIN.max(loaded.head.version / PART_BEHIND)
}

/// Compacts a document that is in step with the store. Does nothing if it has changed or gone meanwhile.
pub fn compact(machine: &Machine, doc: &DocKey, loaded: &mut Loaded) -> Result<(), Fault> {
    let saved = loaded.document.save().map_err(|error| Fault::damaged(super::fault::chain(&error)))?;
    let chunk = seal(&loaded.key, &context(doc, Kind::Compacted), &saved);
    let version = loaded.head.version;
    let record = Compacted { version, chunk }.to_record();
    let stored = machine.while_quiet(|store| put(store, doc, loaded, record))?;
    if !stored {
        return Ok(());
    }
    let first = loaded.compacted + 1;
    loaded.compacted = version;
    for from in (first..=version).step_by(RECORDS_AT_ONCE as usize) {
        let to = (from + RECORDS_AT_ONCE - 1).min(version);
        machine.while_quiet(|store| drop_changes(store, doc, from, to))?;
    }
    metrics::counter!("documents_compacted_total").increment(1);
    Ok(())
}

fn put(store: &Store, doc: &DocKey, loaded: &Loaded, record: Vec<u8>) -> Result<bool, Fault> {
    let same = stored::head(&store.view(), doc)?.is_some_and(|head| head.version == loaded.head.version);
    if same {
        let mut txn = store.begin();
        txn.put(Space::Documents, key::compacted(&doc.prefix()), record);
        txn.commit()?;
    }
    Ok(same)
}

/// Empties the records of versions that are in the chunk; who made them and when stays.
fn drop_changes(store: &Store, doc: &DocKey, from: u64, to: u64) -> Result<(), Fault> {
    let prefix = doc.prefix();
    if stored::head(&store.view(), doc)?.is_none() {
        return Ok(());
    }
    let mut txn = store.begin();
    for pair in store.range(Space::Documents, key::version(&prefix, from), key::version(&prefix, to + 1)) {
        let (key, value) = pair?;
        let mut record = VersionRecord::from_record(&value)?;
        record.parts.iter_mut().for_each(|part| part.changes.clear());
        txn.put(Space::Documents, key.to_vec(), record.to_record());
    }
    Ok(txn.commit()?)
}
