//! Reading what is stored of a document, all of it at one moment.

use super::Fault;
use crate::command::EditId;
use crate::machine::level_of;
use crate::store::{
    Compacted, DocKey, Head, Lookup, PartRecord, PartSize, Receipt, Space, StoreView, VersionRecord, key,
    split_heads,
};
use base::{Heads, Level, Shape, Slot, TenantId, Timestamp, UserId};
use crdt::Document;
use crdt::admit::count;
use rpc::Refusal;
use vault::{Context, Key, Kind, open};

/// The head of a living document.
pub fn head(view: &StoreView<'_>, doc: &DocKey) -> Result<Option<Head>, Fault> {
    let record = view.get(Space::Documents, &key::head(&doc.prefix()))?;
    let head = record.map(|bytes| Head::from_record(&bytes)).transpose()?;
    Ok(head.filter(|head| head.deleted_ms.is_none()))
}

/// What a user may do with a document whose head this is.
pub fn level(view: &StoreView<'_>, doc: &DocKey, head: &Head, user: &UserId) -> Result<Option<Level>, Fault> {
    let prefix = doc.prefix();
    level_of(&head.owner, [user.as_str()], |principal| {
        let record = view.get(Space::Documents, &key::access(&prefix, principal))?;
        Ok(record.map(|bytes| bytes.to_vec()))
    })
}

/// What a user may do with a document, if it is there.
pub fn level_of_user(view: &StoreView<'_>, doc: &DocKey, user: &UserId) -> Result<Option<Level>, Fault> {
    match head(view, doc)? {
        Some(head) => level(view, doc, &head, user),
        None => Ok(None),
    }
}

/// Everyone in a document's access list, sorted by name. The owner is not in it.
pub fn access_list(view: &StoreView<'_>, doc: &DocKey) -> Result<Vec<(UserId, Level)>, Fault> {
    let prefix = key::access_prefix(&doc.prefix());
    let mut entries = Vec::new();
    for pair in view.prefix(Space::Documents, &prefix) {
        let (key, value) = pair?;
        let name = std::str::from_utf8(&key[prefix.len()..]).ok().and_then(|name| UserId::new(name).ok());
        let level = value.first().and_then(|number| Level::from_number(*number));
        let entry = name.zip(level).ok_or_else(|| Fault::damaged("an access record does not decode"))?;
        entries.push(entry);
    }
    Ok(entries)
}

/// What was done for an edit before, if anything was. Whoever has its key is who asked for it then.
pub fn done_before(
    view: &StoreView<'_>,
    tenant: &TenantId,
    slot: Slot,
    edit: &EditId,
) -> Result<Option<Receipt>, Refusal> {
    let record = view.get(Space::Edits, &key::receipt(tenant.as_str(), slot, &edit.key));
    let Some(record) = record.map_err(Fault::from)? else { return Ok(None) };
    let receipt = Receipt::from_record(&record).map_err(Fault::from)?;
    if receipt.request == edit.request { Ok(Some(receipt)) } else { Err(Refusal::KeyReused) }
}

/// The record of a version, if there is such a version.
pub fn version(
    view: &StoreView<'_>,
    doc: &DocKey,
    head: &Head,
    version: u64,
) -> Result<Option<VersionRecord>, Fault> {
    if version == 1 && head.first.is_some() {
        return Ok(head.first.clone());
    }
    let record = view.get(Space::Documents, &key::version(&doc.prefix(), version))?;
    Ok(record.map(|bytes| VersionRecord::from_record(&bytes)).transpose()?)
}

/// The words of a head, as they are used above the store.
pub struct HeadWords {
    /// Text or JSON.
    pub shape: Shape,
    /// Whose it is.
    pub owner: UserId,
    /// The newest heads.
    pub heads: Heads,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its content last changed.
    pub updated_at: Timestamp,
}

/// Reads the words of a head record.
pub fn words(head: &Head) -> Result<HeadWords, Fault> {
    Ok(HeadWords {
        shape: Shape::from_number(head.shape)
            .ok_or_else(|| Fault::damaged("the document has no known type"))?,
        owner: UserId::new(&head.owner).map_err(|error| Fault::damaged(error.to_string()))?,
        heads: split_heads(&head.heads)?,
        created_at: Timestamp(head.created_ms),
        updated_at: Timestamp(head.updated_ms),
    })
}

/// What is sealed in the records of a document.
#[derive(Default)]
pub struct Chunks {
    /// Changes behind the compacted chunk.
    pub changes_behind: usize,
    /// Bytes of the compacted chunk; 0 if there is none.
    pub compacted_bytes: usize,
    /// Sealed bytes of large changes behind it.
    pub large_bytes: usize,
    /// Sealed bytes in all.
    pub bytes: usize,
    opened: Vec<Vec<u8>>,
}

/// Reads and unseals the chunks of a document, up to the version of its head.
pub fn chunks(view: &StoreView<'_>, doc: &DocKey, key: &Key, head: &Head) -> Result<Chunks, Fault> {
    let mut chunks = Chunks::default();
    if let Some(first) = &head.first {
        chunks.add(doc, key, first)?;
        return Ok(chunks);
    }
    let prefix = doc.prefix();
    let mut from = 1;
    if let Some((version, chunk)) = compacted(view, doc, key)? {
        from = version + 1;
        chunks.compacted_bytes = chunk.len();
        chunks.bytes += chunk.len();
        chunks.opened.push(chunk);
    }
    let versions = key::version(&prefix, from)..key::version(&prefix, head.version + 1);
    for pair in view.range(Space::Documents, versions.start, versions.end) {
        chunks.add(doc, key, &VersionRecord::from_record(&pair?.1)?)?;
    }
    Ok(chunks)
}

/// The compacted chunk of a document, unsealed, and the newest version in it.
pub fn compacted(view: &StoreView<'_>, doc: &DocKey, key: &Key) -> Result<Option<(u64, Vec<u8>)>, Fault> {
    let record = view.get(Space::Documents, &key::compacted(&doc.prefix()))?;
    let Some(record) = record else { return Ok(None) };
    let Compacted { version, chunk } = Compacted::from_record(&record)?;
    Ok(Some((version, open(key, &context(doc, Kind::Compacted), &chunk)?)))
}

/// Versions with their changes, one behind the other.
pub type Unsealed = Vec<(u64, Vec<u8>)>;

/// The changes of each version behind `since`, up to the head's, unsealed; `None` if some were compacted.
pub fn unsealed_versions(
    view: &StoreView<'_>,
    doc: &DocKey,
    key: &Key,
    head: &Head,
    since: u64,
) -> Result<Option<Unsealed>, Fault> {
    let mut versions = Vec::new();
    for number in since + 1..=head.version {
        let missing = || Fault::damaged(format!("version {number} is missing"));
        let record = version(view, doc, head, number)?.ok_or_else(missing)?;
        match unsealed(doc, key, &record)? {
            Some(changes) => versions.push((number, changes)),
            None => return Ok(None),
        }
    }
    Ok(Some(versions))
}

/// The changes of a version, unsealed, one behind the other; `None` if they were compacted.
pub fn unsealed(doc: &DocKey, key: &Key, version: &VersionRecord) -> Result<Option<Vec<u8>>, Fault> {
    let mut changes = Vec::new();
    for part in &version.parts {
        if part.changes.is_empty() {
            return Ok(None);
        }
        changes.extend(open(key, &context(doc, Kind::Change), &part.changes)?);
    }
    Ok(Some(changes))
}

/// How much an edit has changed. None where that was compacted by a release that kept no count.
pub fn part_size(doc: &DocKey, key: &Key, part: &PartRecord) -> Result<Option<PartSize>, Fault> {
    if part.changes.is_empty() {
        return Ok(part.size);
    }
    let changes = open(key, &context(doc, Kind::Change), &part.changes)?;
    Ok(Some(PartSize { changes: count(&changes) as u64, bytes: changes.len() as u64 }))
}

/// A change of so many sealed bytes is large: opening it costs much more than opening it compacted.
const LARGE_CHANGE_BYTES: usize = 16 << 10;

/// The bytes of a change, if it is large.
pub fn large(bytes: usize) -> usize {
    if bytes >= LARGE_CHANGE_BYTES { bytes } else { 0 }
}

impl Chunks {
    fn add(&mut self, doc: &DocKey, key: &Key, version: &VersionRecord) -> Result<(), Fault> {
        for part in &version.parts {
            self.bytes += part.changes.len();
            self.large_bytes += large(part.changes.len());
            let changes = open(key, &context(doc, Kind::Change), &part.changes)?;
            self.changes_behind += count(&changes);
            self.opened.push(changes);
        }
        Ok(())
    }

    /// Opens the document, and checks that it is the version that its head says.
    pub fn into_document(self, heads: &Heads) -> Result<Document, Fault> {
        let document = Document::load(self.opened.iter().map(Vec::as_slice))?;
        if document.heads() != *heads {
            return Err(Fault::damaged(
                "the stored changes lead to other heads than the document's head record",
            ));
        }
        Ok(document)
    }
}

/// What sealed chunks of a document are bound to.
pub fn context(doc: &DocKey, kind: Kind) -> Context<'_> {
    Context { tenant: doc.tenant.as_str(), subject: doc.id.as_bytes(), kind }
}
