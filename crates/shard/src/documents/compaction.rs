//! Compaction: many stored changes become one chunk.
//!
//! It changes stored bytes and never what they mean, so that each replica does it when it likes. The chunk was loaded
//! again and shown to have the same heads before it takes the place of anything.
//!
//! Only the node that leads opens documents, and so only that one compacts them. The others keep every change as it came,
//! unless a snapshot brings them the chunk: their stores are larger, and the first to open a document after leadership has
//! moved pays once for what was not compacted there. It is due then at once. A compaction that is under way when this node
//! is deposed ends as it would have: it is of what was committed.

use super::Fault;
use super::fault::chain;
use super::open::Loaded;
use super::stored::{self, context};
use crate::machine::Machine;
use crate::store::key::{self, version as version_key};
use crate::store::{Compacted, DocKey, Lookup, Space, Store, StoreView, VersionRecord};
use base::DocId;
use crdt::Frozen;
use vault::{Key, Kind, seal};

/// Changes behind the compacted chunk that are always left alone: opening them is cheap.
const CHANGES_MIN: usize = 256;

/// Beyond that, the part of all changes that may stand behind the chunk: compacting costs time in proportion to the
/// whole document, and so takes about the same for each change ever made.
const PART_BEHIND: usize = 4;

/// Bytes of large changes behind the chunk that are left alone, and as many as half of the chunk: a large change is quick
/// to make and slow to open.
const LARGE_BYTES_MIN: usize = 64 << 10;

/// Version records, and bytes of them, that are rewritten in one go while the log waits.
const RECORDS_AT_ONCE: usize = 64;
const BYTES_AT_ONCE: usize = 1 << 20;

/// A compaction that is due. It works on a copy, so that edits go on meanwhile.
pub struct Compaction {
    doc: DocKey,
    frozen: Frozen,
    key: Key,
    version: u64,
}

/// Whether it is time.
pub fn due(loaded: &Loaded) -> bool {
    let large = loaded.large_bytes > LARGE_BYTES_MIN.max(loaded.compacted_bytes / 2);
    large || many(loaded.document.changes(), loaded.changes_behind)
}

/// Whether many of all changes are behind those that were compacted last.
pub fn many(all: usize, behind: usize) -> bool {
    behind > CHANGES_MIN.max(all / PART_BEHIND)
}

/// Begins a compaction. The document must be in step with the store; copying it takes a moment.
///
/// One that fails is begun anew once the document has grown again: nothing is lost meanwhile, the chunks stay.
pub fn begin(doc: &DocKey, loaded: &mut Loaded) -> Option<Compaction> {
    let version = loaded.head.version;
    let frozen = loaded.document.freeze().ok()?;
    loaded.changes_behind = 0;
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
        if machine.while_quiet(|store| put(store, &doc, record)).unwrap_or(Ok(false))? {
            empty_versions(machine, &doc, &key, version)?;
            metrics::counter!("documents_compacted_total").increment(1);
        }
        Ok(())
    }
}

/// Stores the chunk. Not if the document is gone, or a newer chunk is there: an older one in its place would miss the
/// changes that were dropped for it.
fn put(store: &Store, doc: &DocKey, record: Compacted) -> Result<bool, Fault> {
    let view = store.view();
    if stored::head(&view, doc)?.is_none() || compacted_to(&view, doc)? >= record.version {
        return Ok(false);
    }
    let mut txn = store.begin();
    txn.put(Space::Documents, key::compacted(&doc.prefix()), record.to_record());
    txn.commit()?;
    Ok(true)
}

/// The newest version in the stored chunk; 0 if there is none.
fn compacted_to(view: &StoreView<'_>, doc: &DocKey) -> Result<u64, Fault> {
    let stored = view.get(Space::Documents, &key::compacted(&doc.prefix()))?;
    let record = stored.map(|bytes| Compacted::from_record(&bytes)).transpose()?;
    Ok(record.map_or(0, |compacted| compacted.version))
}

/// Empties the records of all versions that are in the chunk; who made them, when, and how much it was stays. Also those
/// that an earlier compaction was kept from emptying.
///
/// They are read while the log goes on: nothing but this, a deletion or a snapshot changes the record of an old version.
fn empty_versions(machine: &Machine, doc: &DocKey, key: &Key, newest: u64) -> Result<(), Fault> {
    let prefix = doc.prefix();
    let versions = version_key(&prefix, 1)..version_key(&prefix, newest + 1);
    let (mut emptied, mut bytes) = (Vec::new(), 0);
    for pair in machine.store().range(Space::Documents, versions.start, versions.end) {
        let (place, value) = pair?;
        let mut record = VersionRecord::from_record(&value)?;
        if record.parts.iter().all(|part| part.changes.is_empty()) {
            continue;
        }
        for part in &mut record.parts {
            part.size = stored::part_size(doc, key, part)?;
            part.changes.clear();
        }
        emptied.push((place.to_vec(), record.to_record()));
        bytes += value.len();
        if emptied.len() >= RECORDS_AT_ONCE || bytes >= BYTES_AT_ONCE {
            bytes = 0;
            write_emptied(machine, doc, newest, std::mem::take(&mut emptied))?;
        }
    }
    write_emptied(machine, doc, newest, emptied)
}

/// Writes emptied records, if the chunk that stands for them is still there.
fn write_emptied(
    machine: &Machine,
    doc: &DocKey,
    newest: u64,
    emptied: Vec<(Vec<u8>, Vec<u8>)>,
) -> Result<(), Fault> {
    let written = machine.while_quiet(|store| {
        let view = store.view();
        if stored::head(&view, doc)?.is_none() || compacted_to(&view, doc)? < newest {
            return Ok(());
        }
        let mut txn = store.begin();
        emptied.into_iter().for_each(|(key, record)| txn.put(Space::Documents, key, record));
        Ok(txn.commit()?)
    });
    written.unwrap_or(Ok(()))
}
