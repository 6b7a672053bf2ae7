//! Whether the client of a socket lives, and how long it may stay.

use super::frame::Opcode;
use super::{Close, Code, Sender};
use crate::config::SocketConfig;
use base::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// Pings that may stay without an answer.
const MISSES_MAX: u32 = 2;

/// The longest time that a timer is set for.
const FAR_AWAY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// When a credential is over.
pub(crate) fn expiry(refused_from: Timestamp, now: Timestamp, grace: Duration) -> Instant {
    let left = Duration::from_millis(refused_from.0.saturating_sub(now.0));
    Instant::now() + left.saturating_add(grace).min(FAR_AWAY)
}

/// Whether the client lives, and may stay: all that comes with time, so that a socket has one timer.
pub(crate) struct Life {
    ping_every: Duration,
    write_timeout: Duration,
    expires: Instant,
    next_look: Instant,
    heard: bool,
    misses: u32,
    /// Since when what waits has not become less.
    stuck_since: Option<Instant>,
}

impl Life {
    /// The life of a socket whose credential is good until then.
    pub fn new(config: &SocketConfig, refused_from: Timestamp) -> Life {
        let &SocketConfig { ping_every, write_timeout, expiry_grace, .. } = config;
        let expires = expiry(refused_from, base::now(), expiry_grace);
        let next_look = Instant::now() + ping_every;
        Life { ping_every, write_timeout, expires, next_look, heard: true, misses: 0, stuck_since: None }
    }

    /// When to look.
    pub fn due(&self) -> Instant {
        self.next_look.min(self.expires)
    }

    /// Something came.
    pub fn heard(&mut self) {
        self.heard = true;
    }

    /// The client took something.
    pub fn written(&mut self) {
        self.stuck_since = None;
    }

    /// Looks, when it is due: pings who is silent, and gives up who stays so, or whose time is over.
    pub fn look(&mut self, readable: bool, sender: &mut Sender) -> Result<(), Close> {
        let now = Instant::now();
        if now >= self.expires {
            return Err(Close::new(Code::Credential, "the credential has expired; get a new one"));
        }
        self.next_look = now + self.ping_every;
        if sender.outbox.is_empty() {
            self.stuck_since = None;
        } else if now - *self.stuck_since.get_or_insert(now) >= self.write_timeout {
            return Err(Close::new(Code::Dead, "the client does not take what is sent to it"));
        }
        // A client that is not read may have spoken.
        if std::mem::take(&mut self.heard) || !readable {
            self.misses = 0;
        } else if self.misses >= MISSES_MAX {
            return Err(Close::new(Code::Dead, "the client does not answer pings"));
        } else {
            self.misses += 1;
        }
        if sender.outbox.is_empty() {
            sender.push(Opcode::Ping, &[]);
        }
        Ok(())
    }
}
