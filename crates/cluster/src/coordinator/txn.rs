//! What is stored, and how it is changed.

use super::LeaseId;

/// The most comparisons, and the most changes, in one transaction: what etcd takes unless it is told otherwise.
pub const TXN_OPS_MAX: usize = 128;

/// The most bytes of a value: a little less than what etcd takes in a request.
pub const VALUE_BYTES_MAX: usize = 1 << 20;

/// One key and what is stored below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// The revision that stored this value.
    pub revision: u64,
    /// The revision at which the key came to be. It changes when the key is deleted and made again.
    pub created: u64,
    /// The lease that the key goes with.
    pub lease: Option<LeaseId>,
}

/// Entries, and the revision at which they were all there was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Ascending by key.
    pub entries: Vec<Entry>,
    /// Watch from here to miss nothing.
    pub revision: u64,
}

/// What has to hold for a transaction to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compare {
    /// There is no such key.
    Absent(String),
    /// The value is the one that was stored at this revision.
    Unchanged {
        /// Which key.
        key: String,
        /// [`Entry::revision`].
        revision: u64,
    },
    /// The key is the one that came to be at this revision, whatever its value is now.
    Created {
        /// Which key.
        key: String,
        /// [`Entry::created`].
        revision: u64,
    },
}

/// A change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Stores a value.
    Put {
        /// Where.
        key: String,
        /// What.
        value: Vec<u8>,
        /// The lease that it goes with. Without one it stays, also if there was one before.
        lease: Option<LeaseId>,
    },
    /// Deletes a key, which need not be there.
    Delete(String),
}

impl Op {
    /// The key that it changes.
    pub fn key(&self) -> &str {
        match self {
            Op::Put { key, .. } | Op::Delete(key) => key,
        }
    }
}

/// Changes that happen together, if all comparisons hold. A key is changed at most once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Txn {
    /// What has to hold. At most [`TXN_OPS_MAX`].
    pub compares: Vec<Compare>,
    /// What happens then. At most [`TXN_OPS_MAX`].
    pub ops: Vec<Op>,
}

impl Txn {
    /// A transaction that does nothing.
    pub fn new() -> Txn {
        Txn::default()
    }

    /// Adds something that has to hold.
    pub fn when(mut self, compare: Compare) -> Txn {
        self.compares.push(compare);
        self
    }

    /// Adds a value that stays.
    pub fn put(mut self, key: String, value: Vec<u8>) -> Txn {
        self.ops.push(Op::Put { key, value, lease: None });
        self
    }

    /// Adds a value that goes with a lease.
    pub fn put_under(mut self, lease: LeaseId, key: String, value: Vec<u8>) -> Txn {
        self.ops.push(Op::Put { key, value, lease: Some(lease) });
        self
    }

    /// Adds a deletion.
    pub fn delete(mut self, key: String) -> Txn {
        self.ops.push(Op::Delete(key));
        self
    }
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It was carried out, at this revision.
    Done(u64),
    /// Something that it compares does not hold; nothing was changed.
    Conflict,
}
