//! When a document is compacted that many write into: once they pause.
//!
//! Compacting opens the document, and so applies every change to it. Among writers who never pause that would take a quarter
//! of their time again and again; once they have, it takes none of theirs, though it competes with other documents.

use crate::live::LiveDocument;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long nobody must have changed the document.
const PAUSE: Duration = Duration::from_secs(1);

/// After this, one that is never quiet is compacted all the same, so that it does not take ever longer to open.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a compaction waits for quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// It does not.
    Now,
    /// It does.
    Awaited,
}

impl Quiet {
    /// Waits until it is time.
    pub async fn wait(self, live: &LiveDocument) {
        if self == Quiet::Now {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        let mut version = live.version();
        while Instant::now() < deadline {
            sleep(PAUSE).await;
            let newest = live.version();
            if newest == version {
                return;
            }
            version = newest;
        }
    }
}
