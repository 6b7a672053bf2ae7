//! A store that cannot be written any more.
//!
//! After a failed write `fjall` takes no other until it is opened anew, because it cannot know what of the failed one is on
//! the disk. All groups of the node end on it, so the node does too: a start reads what the disk holds.

use super::StoreError;
use tokio::sync::watch;

/// Notes the first failed write of a store. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Failure(watch::Sender<Option<String>>);

impl Failure {
    /// Passes on how a write went.
    pub(super) fn note<T>(&self, written: fjall::Result<T>) -> Result<T, StoreError> {
        written.map_err(|error| {
            let error = StoreError::from(error);
            self.0.send_if_modified(|first| {
                let is_first = first.is_none();
                first.get_or_insert_with(|| error.to_string());
                is_first
            });
            error
        })
    }

    /// Waits until a write has failed, and says how.
    pub(super) async fn wait(&self) -> String {
        let mut seen = self.0.subscribe();
        let first = seen.wait_for(Option::is_some).await;
        // `self` holds the sender, so there is something to wait for.
        first.ok().and_then(|first| first.clone()).unwrap_or_default()
    }
}
