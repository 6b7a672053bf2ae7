//! What a watch tells.

use super::{Entry, WatchError};
use futures::stream::BoxStream;
use std::time::Duration;

/// A key that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub key: String,
    /// What it is now; `None` when it is gone.
    pub now: Option<Entry>,
}

/// Changes in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The revision up to which the watch has told everything. Watch from here to miss nothing.
    pub revision: u64,
    /// None, if this is only a sign of life.
    pub changes: Vec<Change>,
}

/// How often a watch says something, at least: when nothing has changed it gives [`Changes`] without any.
pub const WATCH_PULSE: Duration = Duration::from_secs(2);

/// Changes as they happen. It never goes quiet: it gives something every [`WATCH_PULSE`] or a little later, or ends with an
/// error. After an error there is nothing more.
pub type Watch = BoxStream<'static, Result<Changes, WatchError>>;
