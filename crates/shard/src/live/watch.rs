//! Watchers: others than sync sessions who want to know when a document changes.

use super::document::Commit;
use rpc::Ephemeral;
use std::sync::Arc;

/// What a watcher is told. It runs where the document is worked on: it must neither wait nor take long.
pub type Watcher = Arc<dyn Fn(&Notice) + Send + Sync>;

/// What has happened to a document.
#[derive(Debug, Clone)]
pub enum Notice {
    /// There is a new version.
    Committed(Arc<Commit>),
    /// Who may do what has changed; perhaps the document is gone, or there is one now.
    Access,
    /// A follower said something that is not kept.
    Said(Arc<Ephemeral>),
}
