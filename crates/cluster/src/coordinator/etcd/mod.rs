//! The coordinator of a cluster: etcd, version 3.4 or later.
//!
//! One HTTP/2 connection to each member; the client library balances over them and connects again by itself. Here are the
//! deadlines, and the meaning of what comes back.

mod connect;
mod error;
mod watch;

pub use connect::{EtcdIdentity, EtcdOptions, EtcdTls, EtcdUser};

use super::{
    Answer, Committed, Compare, Coordinator, CoordinatorError, Entry, LeaseId, Listing, Op, Txn, Watch,
};
use connect::Connection;
use error::explain;
use etcd_client as etcd;
use etcd_client::{Client, CompareOp, GetOptions, KeyValue, PutOptions, TxnOp};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// The longest answer that is read, in bytes: a listing of all that the largest cluster stores fits several times.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The coordinator of a cluster. Clones share their connections.
#[derive(Clone)]
pub struct Etcd {
    connection: Arc<Connection>,
}

impl Etcd {
    /// An etcd that is connected to when it is first needed, on the Tokio runtime of whoever needs it. Only options that
    /// can never work are refused here.
    pub fn new(options: EtcdOptions) -> Result<Etcd, CoordinatorError> {
        Ok(Etcd { connection: Arc::new(Connection::new(options)?) })
    }

    /// A call with the deadline of all calls.
    fn call<T, F, Fut>(&self, act: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(Client) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, etcd::Error>> + Send,
    {
        let connection = self.connection.clone();
        Box::pin(async move {
            let answered = connection.within_deadline(async {
                let client = connection.client().await?;
                act(client).await
            });
            answered.await
        })
    }
}

impl Coordinator for Etcd {
    fn get(&self, key: String) -> Answer<Option<Entry>> {
        self.call(|client| async move {
            let found = client.kv_client().get(key, None).await?;
            Ok(found.kvs().first().map(entry))
        })
    }

    fn list(&self, prefix: String) -> Answer<Listing> {
        self.call(|client| async move {
            let below = GetOptions::new().with_prefix();
            let mut store = client.kv_client().max_decoding_message_size(ANSWER_BYTES_MAX);
            let found = store.get(prefix, Some(below)).await?;
            let revision = found.header().map_or(0, |header| number(header.revision()));
            Ok(Listing { entries: found.kvs().iter().map(entry).collect(), revision })
        })
    }

    fn commit(&self, txn: Txn) -> Answer<Committed> {
        let compares: Vec<_> = txn.compares.into_iter().map(compare).collect();
        let ops: Vec<_> = txn.ops.into_iter().map(change).collect();
        self.call(|client| async move {
            let done = client.kv_client().txn(etcd::Txn::new().when(compares).and_then(ops)).await?;
            let revision = done.header().map_or(0, |header| number(header.revision()));
            Ok(if done.succeeded() { Committed::Done(revision) } else { Committed::Conflict })
        })
    }

    fn watch(&self, prefix: String, after: u64) -> Watch {
        watch::watch(self.connection.clone(), prefix, after)
    }

    fn grant(&self, ttl: Duration) -> Answer<LeaseId> {
        let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).max(1);
        self.call(
            move |client| async move { Ok(LeaseId(client.lease_client().grant(seconds, None).await?.id())) },
        )
    }

    fn keep_alive(&self, lease: LeaseId) -> Answer<Duration> {
        let beat = self.call(move |client| async move {
            let mut leases = client.lease_client();
            // The first answer to a request that opens the stream is all that is wanted of it.
            let refused = match leases.keep_alive(lease.0).await {
                Ok(_stream_that_is_dropped) => None,
                Err(error @ etcd::Error::LeaseKeepAliveError(_)) => Some(error),
                Err(error) => return Err(error),
            };
            let left = leases.time_to_live(lease.0, None).await?;
            match refused {
                Some(error) if left.ttl() > 0 => Err(error),
                _ => Ok(left.ttl()),
            }
        });
        Box::pin(async move {
            let seconds = beat.await?;
            u64::try_from(seconds).map(Duration::from_secs).map_err(|_| CoordinatorError::LeaseLost)
        })
    }

    fn revoke(&self, lease: LeaseId) -> Answer<()> {
        let revoked = self.call(move |client| async move {
            client.lease_client().revoke(lease.0).await?;
            Ok(())
        });
        Box::pin(async move {
            match revoked.await {
                Err(CoordinatorError::LeaseLost) => Ok(()),
                answered => answered,
            }
        })
    }
}

/// Revisions and the like are never negative.
fn number(signed: i64) -> u64 {
    u64::try_from(signed).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn entry(stored: &KeyValue) -> Entry {
    Entry {
        // Whoever writes a key that is no text finds it nowhere.
        key: String::from_utf8_lossy(stored.key()).into_owned(),
        value: stored.value().to_vec(),
        revision: number(stored.mod_revision()),
        created: number(stored.create_revision()),
        lease: (stored.lease() != 0).then_some(LeaseId(stored.lease())),
    }
}

fn compare(compare: Compare) -> etcd::Compare {
    match compare {
        Compare::Absent(key) => etcd::Compare::create_revision(key, CompareOp::Equal, 0),
        Compare::Unchanged { key, revision } => {
            etcd::Compare::mod_revision(key, CompareOp::Equal, signed(revision))
        }
        Compare::Created { key, revision } => {
            etcd::Compare::create_revision(key, CompareOp::Equal, signed(revision))
        }
    }
}

fn change(op: Op) -> TxnOp {
    match op {
        Op::Put { key, value, lease } => {
            TxnOp::put(key, value, lease.map(|lease| PutOptions::new().with_lease(lease.0)))
        }
        Op::Delete(key) => TxnOp::delete(key, None),
    }
}
