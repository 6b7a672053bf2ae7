//! Which state of a document's past a request names.

use super::Fault;
use super::open::Loaded;
use super::stored;
use crate::store::{DocKey, Head, StoreView, join_heads, split_heads};
use base::{Heads, Timestamp};
use crdt::HeadsError;
use rpc::{At, Refusal};

/// A state of the past.
pub struct Past {
    /// Its heads.
    pub heads: Heads,
    /// The version and its time, where the version is what was asked for.
    pub at: Option<(u64, Timestamp)>,
}

/// The state of the past that is named; `None` for the newest one.
pub fn past(store: &StoreView<'_>, doc: &DocKey, head: &Head, at: &At) -> Result<Option<Past>, Refusal> {
    match at {
        At::Now => Ok(None),
        At::Version(version) if *version == head.version => Ok(None),
        At::Version(version) => {
            let unknown = Refusal::UnknownVersion { asked: *version, newest: head.version };
            let record = stored::version(store, doc, head, *version)?;
            let record = record.filter(|_| *version < head.version).ok_or(unknown)?;
            let heads = split_heads(record.heads()).map_err(Fault::from)?;
            Ok(Some(Past { heads, at: Some((*version, Timestamp(record.time_ms))) }))
        }
        At::Heads(heads) if join_heads(heads) == head.heads => Ok(None),
        At::Heads(heads) => Ok(Some(Past { heads: heads.clone(), at: None })),
    }
}

/// What is said to who named heads at which the open document cannot be read.
pub fn refused_heads(error: HeadsError, state: &mut Option<Loaded>) -> Refusal {
    match error {
        HeadsError::Unknown { unknown } => Refusal::UnknownHeads { hash: unknown.to_string() },
        empty @ HeadsError::Empty => Refusal::BadEdit { operation: None, reason: empty.to_string() },
        HeadsError::Poisoned(poisoned) => {
            *state = None;
            Fault::damaged(poisoned.to_string()).into()
        }
    }
}

/// How far back the version of heads is looked for: beyond it that would take too long, while the document is held.
const SEARCH_VERSIONS_MAX: u64 = 16_384;

/// What stands for a version where there is none, or none was found: no edit is taken against it.
const NO_VERSION: u64 = 0;

/// The version that ended with these heads, and its time. Heads that no version ended with, because the client put them
/// together itself, have none, and the time of the document: an edit made against the number of another state would undo
/// what lies between the two. Nor have those of a version that is too far back: they name their state themselves.
pub fn version_of(
    store: &StoreView<'_>,
    doc: &DocKey,
    head: &Head,
    heads: &Heads,
) -> Result<(u64, Timestamp), Fault> {
    let wanted = join_heads(heads);
    let oldest = head.version.saturating_sub(SEARCH_VERSIONS_MAX) + 1;
    for version in (oldest..=head.version).rev() {
        let record = stored::version(store, doc, head, version)?;
        if let Some(record) = record.filter(|record| record.heads() == wanted) {
            return Ok((version, Timestamp(record.time_ms)));
        }
    }
    Ok((NO_VERSION, Timestamp(head.updated_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Lookup, NodeStore, PartRecord, Space, StoreOptions, VersionRecord, key};
    use base::{DocId, Hash, ShardId, Slot, TenantId};

    fn doc() -> DocKey {
        let id = DocId::mint(Slot::new(1).unwrap(), [1; 16]);
        DocKey { tenant: TenantId::new("t").unwrap(), id }
    }

    fn part(heads: &Heads) -> PartRecord {
        PartRecord { author: "a".into(), heads: join_heads(heads), changes: vec![], size: None }
    }

    fn head(version: u64, heads: &Heads) -> Head {
        Head {
            name: String::new(),
            shape: 2,
            owner: "a".into(),
            version,
            heads: join_heads(heads),
            created_ms: 1,
            updated_ms: 7,
            deleted_ms: None,
            access_entries: 0,
            key: vec![],
            first: None,
            labels: None,
        }
    }

    #[test]
    fn heads_of_a_version_that_is_far_back_have_none() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            NodeStore::open(folder.path(), StoreOptions::default()).unwrap().shard(ShardId(0)).unwrap();
        let doc = doc();
        let heads = |version: u64| {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&version.to_be_bytes());
            vec![Hash(hash)]
        };
        let newest = SEARCH_VERSIONS_MAX + 2;
        let mut txn = store.begin();
        for version in 2..=newest {
            let record = VersionRecord { time_ms: version, parts: vec![part(&heads(version))] };
            txn.put(Space::Documents, key::version(&doc.prefix(), version), record.to_record());
        }
        txn.commit().unwrap();
        let head = head(newest, &heads(newest));
        let found = |version| version_of(&store.view(), &doc, &head, &heads(version)).unwrap();
        for version in [newest, 9, 3] {
            assert_eq!(found(version), (version, Timestamp(version)));
        }
        assert_eq!(found(2).0, NO_VERSION, "nobody waits for a search through everything");
    }

    #[test]
    fn heads_between_two_edits_of_one_version_have_no_version() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            NodeStore::open(folder.path(), StoreOptions::default()).unwrap().shard(ShardId(0)).unwrap();
        let doc = doc();
        let (one, both) = (vec![Hash([1; 32])], vec![Hash([1; 32]), Hash([2; 32])]);
        let record = VersionRecord { time_ms: 7, parts: vec![part(&one), part(&both)] };
        let mut txn = store.begin();
        txn.put(Space::Documents, key::version(&doc.prefix(), 2), record.to_record());
        txn.commit().unwrap();
        let head = head(2, &both);
        let version = |heads| version_of(&store.view(), &doc, &head, heads).unwrap().0;
        assert_eq!(version(&both), 2);
        // To take it for version 2 would let an edit made on it undo the other edit.
        assert_eq!(version(&one), NO_VERSION);
    }
}
