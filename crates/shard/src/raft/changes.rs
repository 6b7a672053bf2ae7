//! Hearing of changes of who leads a group, without asking again and again.

use super::group::Config;
use super::{Phase, StateMachine};
use openraft::async_runtime::watch::WatchReceiver;
use openraft::metrics::RaftServerMetrics;
use openraft::type_config::alias::WatchReceiverOf;
use std::future::pending;
use std::time::Duration;
use tokio::sync::watch;

/// Tells of changes of a group. None is missed that comes between two waits.
pub struct Changes<M: StateMachine> {
    phase: watch::Receiver<Phase<M>>,
    server: Option<WatchReceiverOf<Config<M>, RaftServerMetrics<Config<M>>>>,
    /// A change was told of that a look may not have shown yet.
    fresh: bool,
}

/// openraft tells of a role right before it shows it where leases are read from. Whoever was woken looks once more after this.
const SHOWN_WITHIN: Duration = Duration::from_millis(5);

/// What a wait for changes has ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// Nothing, as far as anyone knows: the time is over.
    Nothing,
    /// Its role, its term, its leader or its members.
    Role,
    /// It is another incarnation of the group, or none runs.
    Incarnation,
    /// It has stopped for good.
    Stopped,
}

impl<M: StateMachine> Changes<M> {
    /// The first wait ends at once.
    pub(super) fn new(mut phase: watch::Receiver<Phase<M>>) -> Changes<M> {
        phase.mark_changed();
        Changes { phase, server: None, fresh: false }
    }

    /// Waits for a change, but not longer than `limit`. That a lease begins or lapses is none: it is true for a moment.
    pub async fn wait(&mut self, limit: Duration) -> Changed {
        let limit = if std::mem::take(&mut self.fresh) { limit.min(SHOWN_WITHIN) } else { limit };
        let Changes { phase, server, .. } = self;
        let role = async {
            match server {
                // It ends with its group, of which the phase tells.
                Some(server) => match server.changed().await {
                    Ok(()) => {}
                    Err(_) => pending().await,
                },
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = phase.changed() => {
                if changed.is_err() {
                    return Changed::Stopped;
                }
            }
            () = role => {
                self.fresh = true;
                return Changed::Role;
            }
            () = tokio::time::sleep(limit) => return Changed::Nothing,
        }
        match &*self.phase.borrow_and_update() {
            Phase::Stopped => return Changed::Stopped,
            Phase::Running(group) => self.server = Some(group.server_metrics()),
            Phase::Starting | Phase::Rebuilding { .. } | Phase::Broken { .. } => self.server = None,
        }
        Changed::Incarnation
    }
}
