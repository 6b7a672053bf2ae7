//! An atomic write that reads what it has written.

use super::{Lookup, SPACES, Space, Store, StoreError};
use foldhash::HashMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;

/// A key and its value.
pub type OwnedPair = (Vec<u8>, Vec<u8>);

/// Writes that become visible together, in [`Txn::commit`], or not at all.
pub struct Txn<'a> {
    store: &'a Store,
    pending: [BTreeMap<Vec<u8>, Option<Vec<u8>>>; SPACES],
    /// What the store has said so far: commands that follow each other ask for the same.
    read: RefCell<[HashMap<Vec<u8>, Option<fjall::Slice>>; SPACES]>,
}

impl<'a> Txn<'a> {
    pub(super) fn new(store: &'a Store) -> Txn<'a> {
        Txn { store, pending: Default::default(), read: Default::default() }
    }

    /// The value at a key, as this write has it.
    pub fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.pending[space as usize].get(key) {
            Some(pending) => Ok(pending.clone()),
            None => Ok(self.stored(space, key)?.map(|value| value.to_vec())),
        }
    }

    /// The record at a key.
    pub fn record<T: Lookup>(&self, space: Space, key: &[u8]) -> Result<Option<T>, StoreError> {
        match self.pending[space as usize].get(key) {
            Some(pending) => Ok(pending.as_deref().map(T::from_record).transpose()?),
            None => Ok(self.stored(space, key)?.map(|value| T::from_record(&value)).transpose()?),
        }
    }

    /// Takes the value at a key. One that was set in this very write leaves no trace: what was stored before it, which is not
    /// looked for, shows again. One that was stored is removed.
    pub fn take(&mut self, space: Space, key: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        let pending = &mut self.pending[space as usize];
        match pending.get(&key) {
            Some(Some(_)) => Ok(pending.remove(&key).flatten()),
            Some(None) => Ok(None),
            None => {
                let stored = self.stored(space, &key)?.map(|value| value.to_vec());
                if stored.is_some() {
                    self.remove(space, key);
                }
                Ok(stored)
            }
        }
    }

    fn stored(&self, space: Space, key: &[u8]) -> Result<Option<fjall::Slice>, StoreError> {
        let read = &mut self.read.borrow_mut()[space as usize];
        if let Some(value) = read.get(key) {
            return Ok(value.clone());
        }
        let value = self.store.get(space, key)?;
        read.insert(key.to_vec(), value.clone());
        Ok(value)
    }

    /// Sets a value.
    pub fn put(&mut self, space: Space, key: Vec<u8>, value: Vec<u8>) {
        self.pending[space as usize].insert(key, Some(value));
    }

    /// Removes a value, whether it is there or not.
    pub fn remove(&mut self, space: Space, key: Vec<u8>) {
        self.pending[space as usize].insert(key, None);
    }

    /// Keys and values from one key (included) to another (left out), as this write has them, at most `limit`.
    pub fn range(
        &self,
        space: Space,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<OwnedPair>, StoreError> {
        let pending = &self.pending[space as usize];
        let bounds = (Bound::Included(from.to_vec()), Bound::Excluded(to.to_vec()));
        let mut merged = BTreeMap::new();
        // As many stored keys as may be hidden by pending removals, and `limit` more.
        let hidden = pending.range::<Vec<u8>, _>(bounds.clone()).filter(|(_, value)| value.is_none()).count();
        for pair in self.store.range(space, from.to_vec(), to.to_vec()).take(limit.saturating_add(hidden)) {
            let (key, value) = pair?;
            merged.insert(key.to_vec(), Some(value.to_vec()));
        }
        for (key, value) in pending.range::<Vec<u8>, _>(bounds) {
            merged.insert(key.clone(), value.clone());
        }
        let present = merged.into_iter().filter_map(|(key, value)| Some((key, value?)));
        Ok(present.take(limit).collect())
    }

    /// Every key and value whose key begins so.
    pub fn prefix(&self, space: Space, prefix: &[u8]) -> Result<Vec<OwnedPair>, StoreError> {
        self.range(space, prefix, &end_of_prefix(prefix), usize::MAX)
    }

    /// Makes everything visible at once.
    pub fn commit(self) -> Result<(), StoreError> {
        let size = self.pending.iter().map(BTreeMap::len).sum();
        let mut batch = fjall::OwnedWriteBatch::with_capacity(self.store.database.clone(), size);
        for (keyspace, pending) in self.store.spaces.iter().zip(self.pending) {
            for (key, value) in pending {
                match value {
                    Some(value) => batch.insert(keyspace, key, value),
                    None => batch.remove(keyspace, key),
                }
            }
        }
        self.store.failure.note(batch.commit())
    }
}

/// The first key after all that begin with `prefix`. The prefixes here never consist of 0xff alone.
fn end_of_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{NodeStore, StoreOptions};
    use base::ShardId;

    /// A store, and the folder that it lives in.
    fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let node = NodeStore::open(folder.path(), StoreOptions::default()).unwrap();
        (node.shard(ShardId(0)).unwrap(), folder)
    }

    #[test]
    fn a_write_reads_itself_over_what_is_stored() {
        let (store, _folder) = store();
        let mut first = store.begin();
        for key in [b"a1", b"a2", b"a3", b"b1"] {
            first.put(Space::State, key.to_vec(), b"old".to_vec());
        }
        first.commit().unwrap();

        let mut second = store.begin();
        second.remove(Space::State, b"a1".to_vec());
        second.put(Space::State, b"a2".to_vec(), b"new".to_vec());
        second.put(Space::State, b"a0".to_vec(), b"new".to_vec());
        let keys =
            |pairs: Vec<(Vec<u8>, Vec<u8>)>| -> Vec<Vec<u8>> { pairs.into_iter().map(|p| p.0).collect() };
        assert_eq!(keys(second.prefix(Space::State, b"a").unwrap()), [b"a0", b"a2", b"a3"]);
        assert_eq!(keys(second.range(Space::State, b"a", b"c", 2).unwrap()), [b"a0", b"a2"]);
        assert_eq!(second.get(Space::State, b"a1").unwrap(), None);
        assert_eq!(store.get(Space::State, b"a2").unwrap().unwrap(), b"old".as_slice());
        second.commit().unwrap();
        assert_eq!(store.get(Space::State, b"a2").unwrap().unwrap(), b"new".as_slice());
        assert!(store.get(Space::State, b"a1").unwrap().is_none());
    }

    #[test]
    fn what_is_taken_is_gone() {
        let (store, _folder) = store();
        let mut first = store.begin();
        first.put(Space::State, b"stored".to_vec(), b"1".to_vec());
        first.commit().unwrap();
        let mut second = store.begin();
        second.put(Space::State, b"pending".to_vec(), b"2".to_vec());
        let mut take = |key: &[u8]| second.take(Space::State, key.to_vec()).unwrap();
        assert_eq!(take(b"stored"), Some(b"1".to_vec()));
        assert_eq!(take(b"stored"), None);
        assert_eq!(take(b"pending"), Some(b"2".to_vec()));
        assert_eq!(take(b"pending"), None);
        second.commit().unwrap();
        assert_eq!(store.prefix(Space::State, b"").count(), 0);
    }

    #[test]
    fn what_was_stored_before_what_is_taken_shows_again() {
        let (store, _folder) = store();
        let mut first = store.begin();
        first.put(Space::State, b"key".to_vec(), b"stored".to_vec());
        first.commit().unwrap();
        let mut second = store.begin();
        second.put(Space::State, b"key".to_vec(), b"pending".to_vec());
        let mut take = || second.take(Space::State, b"key".to_vec()).unwrap();
        assert_eq!([take(), take(), take()], [Some(b"pending".to_vec()), Some(b"stored".to_vec()), None]);
        second.commit().unwrap();
        assert_eq!(store.prefix(Space::State, b"").count(), 0);
    }

    #[test]
    fn the_end_of_a_prefix_carries() {
        assert_eq!(end_of_prefix(b"ab"), b"ac");
        assert_eq!(end_of_prefix(&[1, 0xff]), [2]);
    }
}
