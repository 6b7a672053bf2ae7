//! Compaction: many stored changes become one chunk.
//!
//! It changes stored bytes and never what they mean, so that each replica does it when it likes. The chunk was loaded
//! again and shown to have the same heads before it takes the place of anything.

use super::Fault;
use super::fault::chain;
use super::open::Loaded;
use super::stored::{self, context};
use crate::machine::Machine;
use crate::store::{Compacted, DocKey, Lookup, Space, Store, VersionRecord, key};
use base::DocId;
use crdt::Frozen;
use vault::{Key, Kind, seal};

/// Versions behind the compacted chunk that are always left alone: opening them is cheap.
const VERSIONS_MIN: u64 = 256;

/// Beyond that, the part of all versions that may stand behind the chunk: compacting costs time in proportion to the
/// whole document, and so takes about the same for each version ever written.
const PART_BEHIND: u64 = 4;

/// Bytes of large changes behind the chunk that are left alone, and as many as half of the chunk: a large change is quick
/// to make and slow to open.
const LARGE_BYTES_MIN: usize = 64 << 10;

/// Version records that are rewritten in one go while the log waits.
const RECORDS_AT_ONCE: u64 = 64;

/// A compaction that is due. It works on a copy, so that edits go on meanwhile.
pub struct Compaction {
    doc: DocKey,
    frozen: Frozen,
    key: Key,
    version: u64,
}

/// Begins a compaction if it is time. The document must be in step with the store.
///
/// One that fails is begun anew once the document has grown again: nothing is lost meanwhile, the chunks stay.
pub fn begin_if_due(doc: &DocKey, loaded: &mut Loaded) -> Option<Compaction> {
    let version = loaded.head.version;
    let many = version - loaded.compacted_to > VERSIONS_MIN.max(version / PART_BEHIND);
    let large = loaded.large_bytes > LARGE_BYTES_MIN.max(loaded.compacted_bytes / 2);
    if !many && !large {
        return None;
    }
    let frozen = loaded.document.freeze().ok()?;
    loaded.compacted_to = version;
    // About what the chunk will have; known better when the document is opened next.
    loaded.compacted_bytes = loaded.compacted_bytes.max(loaded.large_bytes / 4);
    loaded.large_bytes = 0;
    Some(Compaction { doc: doc.clone(), frozen, key: loaded.key.clone(), version })
}

impl Compaction {
    /// Which document it is.
    pub fn document(&self) -> DocId {
        self.doc.id
    }

    /// Does it. Blocking and computing; runs on a worker.
    pub fn run(self, machine: &Machine) -> Result<(), Fault> {
        let Compaction { doc, frozen, key, version } = self;
        let saved = frozen.save().map_err(|error| Fault::damaged(chain(&error)))?;
        drop(frozen);
        let chunk = seal(&key, &context(&doc, Kind::Compacted), &saved);
        let record = Compacted { version, chunk };
        let Some(before) = machine.while_quiet(|store| put(store, &doc, record))? else { return Ok(()) };
        for from in (before + 1..=version).step_by(RECORDS_AT_ONCE as usize) {
            let to = (from + RECORDS_AT_ONCE - 1).min(version);
            machine.while_quiet(|store| drop_changes(store, &doc, from, to))?;
        }
        metrics::counter!("documents_compacted_total").increment(1);
        Ok(())
    }
}

/// Stores the chunk, and gives the version that was compacted to before; `None` if the document is gone, or a newer
/// chunk is there: an older one in its place would miss the changes that were dropped for it.
fn put(store: &Store, doc: &DocKey, record: Compacted) -> Result<Option<u64>, Fault> {
    let view = store.view();
    if stored::head(&view, doc)?.is_none() {
        return Ok(None);
    }
    let at = key::compacted(&doc.prefix());
    let before = view.get(Space::Documents, &at)?.map(|bytes| Compacted::from_record(&bytes)).transpose()?;
    let before = before.map_or(0, |compacted| compacted.version);
    if before >= record.version {
        return Ok(None);
    }
    let mut txn = store.begin();
    txn.put(Space::Documents, at, record.to_record());
    txn.commit()?;
    Ok(Some(before))
}

/// Empties the records of versions that are in the chunk; who made them and when stays.
fn drop_changes(store: &Store, doc: &DocKey, from: u64, to: u64) -> Result<(), Fault> {
    let prefix = doc.prefix();
    let Some(mut head) = stored::head(&store.view(), doc)? else { return Ok(()) };
    let mut txn = store.begin();
    if let Some(first) = head.first.as_mut().filter(|_| from <= 1) {
        first.parts.iter_mut().for_each(|part| part.changes.clear());
        txn.put(Space::Documents, key::head(&prefix), head.to_record());
    }
    for pair in store.range(Space::Documents, key::version(&prefix, from), key::version(&prefix, to + 1)) {
        let (key, value) = pair?;
        let mut record = VersionRecord::from_record(&value)?;
        record.parts.iter_mut().for_each(|part| part.changes.clear());
        txn.put(Space::Documents, key.to_vec(), record.to_record());
    }
    Ok(txn.commit()?)
}
