//! What sessions make the node keep for them: changes that wait for others, and heads that nobody has.
//!
//! Each session is bounded, but a hostile client has thousands. When all of them together keep too much, those that keep
//! much are ended as soon as they are looked at, and may come back.

use super::session::Session;
use crdt::sync::Peer;
use rpc::Refusal;
use std::sync::atomic::Ordering;

/// Bytes that are kept for all sessions of a node.
pub(super) const ALL_BYTES: usize = 256 << 20;

/// What a session may keep whatever the others do: heads of a busy document, and a few changes.
const OWN_BYTES: usize = 64 << 10;

impl Session {
    /// Counts anew what is kept for this session. A refusal: it is to be ended for the sake of the others.
    pub(super) fn weigh(&self, peer: Option<&Peer>) -> Result<(), Refusal> {
        let own = peer.map_or(0, Peer::size);
        let before = self.held.swap(own, Ordering::Relaxed);
        let all = self.engine.live.figures.holds(before, own);
        if all > ALL_BYTES && own > OWN_BYTES {
            return Err(Refusal::Busy { retry_after: crate::documents::RETRY_AFTER });
        }
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let held = self.held.load(Ordering::Relaxed);
        self.engine.live.figures.holds(held, 0);
    }
}
