//! The seam to what all processes of a cluster agree on: a small store of keys with revisions, leases and watches.
//!
//! Two implementations exist, [`Etcd`] for a cluster and [`Local`] for a single process and for tests; one suite holds both
//! to the contract of [`Coordinator`]. What is built from these operations is written once, above the seam: ids that are
//! never given twice, elections, and the cached view.

mod backoff;
mod election;
mod error;
mod etcd;
mod ids;
mod lease;
mod local;
mod txn;
mod watch;

pub(crate) use backoff::Backoff;
pub use election::{Election, Leadership};
pub use error::{CoordinatorError, WatchError};
pub use etcd::{Etcd, EtcdIdentity, EtcdOptions, EtcdTls, EtcdUser};
pub(crate) use ids::never_give;
pub use ids::{IdError, next_id};
pub use lease::{Lease, LeaseId};
pub use local::Local;
pub use txn::{Committed, Compare, Entry, Listing, Op, TXN_OPS_MAX, Txn, VALUE_BYTES_MAX};
pub use watch::{Change, Changes, WATCH_PULSE, Watch};

use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// An answer of a coordinator on its way.
pub type Answer<T> = BoxFuture<'static, Result<T, CoordinatorError>>;

/// A coordinator that parts of a process share.
pub type SharedCoordinator = Arc<dyn Coordinator>;

/// A store of keys that all processes of a cluster see in one order.
///
/// The contract:
/// - every transaction that changes something has a revision, higher than all before; all its changes have that one;
/// - a read sees every transaction that was answered before the read began;
/// - a transaction happens as a whole or not at all. After [`CoordinatorError::Unavailable`] it may have happened;
/// - keys under a lease are deleted when the lease ends, which is not before its time to live has passed since it was granted
///   or last kept alive, unless it is revoked. A lease that ended does not come back;
/// - a watch tells every change below its prefix once and in order, each transaction in one piece;
/// - every call has a deadline of its own and answers by then; nothing is tried again behind the caller's back.
pub trait Coordinator: Send + Sync + 'static {
    /// What is stored below a key.
    fn get(&self, key: String) -> Answer<Option<Entry>>;

    /// Everything below a prefix, ascending by key, and the revision at which it was so.
    fn list(&self, prefix: String) -> Answer<Listing>;

    /// Carries out a transaction if all that it compares holds.
    fn commit(&self, txn: Txn) -> Answer<Committed>;

    /// The changes below a prefix after a revision. See [`Watch`].
    fn watch(&self, prefix: String, after: u64) -> Watch;

    /// A lease that ends `ttl` from now unless it is kept alive. Rounded up to whole seconds; the coordinator may give more.
    fn grant(&self, ttl: Duration) -> Answer<LeaseId>;

    /// Makes a lease begin anew, and gives its time to live.
    fn keep_alive(&self, lease: LeaseId) -> Answer<Duration>;

    /// Ends a lease, and deletes its keys. One that ended already is no error.
    fn revoke(&self, lease: LeaseId) -> Answer<()>;
}
