//! What sessions say to each other and nobody keeps: presence, cursors.

use super::access::Standing;
use super::allowance::Moment;
use super::session::{Phase, Session};
use rpc::Ephemeral;
use std::sync::Arc;

/// What waits for a session's socket. What is older is not worth hearing any more.
const HEARD_MAX: usize = 32;

/// Bytes of the same.
const HEARD_BYTES: usize = 256 << 10;

impl Session {
    /// Passes something on to everyone else at the document, if this user may see it themselves. What is said under the name of
    /// another user's session is not passed on.
    pub(super) fn say(&self, said: Ephemeral) {
        let fits = said.weight() <= HEARD_BYTES && self.allowance.rest(Moment::now()).is_zero();
        let fits = fits && self.live.reign.holds();
        if fits
            && matches!(self.standing(), Ok(Standing::Open(_)))
            && !self.is_over()
            && self.live.lends(self.number(), self.user(), &said.sender)
        {
            // It takes time for each who hears it.
            self.on_account(|| self.live.say(self.number(), &Arc::new(said)));
        }
    }

    /// Keeps something until the socket takes it; drops the oldest if there is too much.
    pub(super) fn hear(&self, said: &Arc<Ephemeral>) {
        let mut dropped = false;
        {
            let mut state = self.state.lock();
            if !matches!(state.phase, Phase::Syncing(_)) {
                return;
            }
            state.with_extras(|extras| {
                extras.heard.push_back(said.clone());
                let mut bytes: usize = extras.heard.iter().map(|heard| heard.weight()).sum();
                while extras.heard.len() > HEARD_MAX || bytes > HEARD_BYTES {
                    let Some(oldest) = extras.heard.pop_front() else { break };
                    bytes -= oldest.weight();
                    dropped = true;
                }
            });
        }
        self.engine.live.figures.said(dropped);
        self.ring();
    }
}
