//! A gate in front of a coordinator: while it is shut, writes and signs of life wait, as those of a frozen process do, and
//! arrive late.

use cluster::coordinator::*;
use futures::FutureExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// A transaction that had to wait, and what became of it.
pub type Late = (Txn, Result<Committed, CoordinatorError>);

#[derive(Clone)]
pub struct Gate {
    inner: SharedCoordinator,
    is_open: watch::Sender<bool>,
    /// What became of the transactions that had to wait.
    late: Arc<Mutex<Vec<Late>>>,
}

impl Gate {
    pub fn new(inner: SharedCoordinator) -> Gate {
        Gate { inner, is_open: watch::Sender::new(true), late: Arc::default() }
    }

    pub fn set_open(&self, is_open: bool) {
        self.is_open.send_replace(is_open);
    }

    pub fn late(&self) -> Vec<Late> {
        self.late.lock().unwrap().clone()
    }

    fn pass<T: Send + 'static>(
        &self,
        act: impl FnOnce(SharedCoordinator) -> Answer<T> + Send + 'static,
        done: impl FnOnce(&Result<T, CoordinatorError>) + Send + 'static,
    ) -> Answer<T> {
        let (inner, mut is_open) = (self.inner.clone(), self.is_open.subscribe());
        let had_to_wait = !*is_open.borrow();
        // A task, so that it arrives also when nobody waits for it any more.
        let task = tokio::spawn(async move {
            let _gone = is_open.wait_for(|is_open| *is_open).await.is_err();
            let result = act(inner).await;
            if had_to_wait {
                done(&result);
            }
            result
        });
        task.map(|joined| joined.unwrap()).boxed()
    }
}

impl Coordinator for Gate {
    fn get(&self, key: String) -> Answer<Option<Entry>> {
        self.inner.get(key)
    }

    fn list(&self, prefix: String) -> Answer<Listing> {
        self.inner.list(prefix)
    }

    fn commit(&self, txn: Txn) -> Answer<Committed> {
        let (late, sent) = (self.late.clone(), txn.clone());
        self.pass(
            move |inner| inner.commit(txn),
            move |result| late.lock().unwrap().push((sent, result.clone())),
        )
    }

    fn watch(&self, prefix: String, after: u64) -> Watch {
        self.inner.watch(prefix, after)
    }

    fn grant(&self, ttl: Duration) -> Answer<LeaseId> {
        self.pass(move |inner| inner.grant(ttl), |_| ())
    }

    fn keep_alive(&self, lease: LeaseId) -> Answer<Duration> {
        self.pass(move |inner| inner.keep_alive(lease), |_| ())
    }

    fn revoke(&self, lease: LeaseId) -> Answer<()> {
        self.pass(move |inner| inner.revoke(lease), |_| ())
    }
}
