//! The seam for tickets: what only the log can say of one.
//!
//! A ticket is signed by a gateway and carries what it allows; any gateway can read it. That it was taken back, or used
//! up, is a command in the slot of its user.

use crate::{Answer, Caller};
use base::Timestamp;
use std::fmt;
use std::sync::Arc;

/// The name of a ticket: random bytes, printed as a UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TicketId(pub [u8; 16]);

/// A ticket that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redeem {
    /// Which.
    pub id: TicketId,
    /// Whether it is good for one time only.
    pub once: bool,
    /// When it ends by itself; what is known of it is forgotten after that.
    pub expires: Timestamp,
}

/// What becomes of a ticket that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// It is good; if it was for one time, that was it.
    Good,
    /// It was for one time, and has been used.
    Spent,
    /// It was taken back.
    Revoked,
}

/// Hears of each ticket that is taken back, and who took it back: a name alone may be anybody's. Called from any thread;
/// must not block.
pub type OnRevoked = Arc<dyn Fn(&Caller, TicketId) + Send + Sync>;

/// Hears that it may have missed some of them: what it knows of tickets that are in use is to be found out again, by
/// redeeming them. Called from any thread; must not block.
pub type OnMissed = Arc<dyn Fn() + Send + Sync>;

/// Tickets of a hub, seen from a gateway.
pub trait Tickets: Send + Sync + 'static {
    /// Whether the caller's ticket is good now. One that is for one time is used up by this, durably.
    fn redeem(&self, caller: Caller, ticket: Redeem) -> Answer<'_, Redeemed>;

    /// Takes a ticket of the caller back, known or not: it is refused from now on until `until`, when it has ended by
    /// itself.
    fn revoke(&self, caller: Caller, id: TicketId, until: Timestamp) -> Answer<'_, ()>;

    /// Whom to tell, from now on, of tickets that are taken back.
    fn on_revoked(&self, heard: OnRevoked);

    /// Whom to tell, from now on, when some of that may have been missed. In one process nothing is; whoever hands on the
    /// notices of others hands on this, too.
    fn on_missed(&self, _missed: OnMissed) {}
}

/// The seam as gateways hold it.
pub type SharedTickets = Arc<dyn Tickets>;

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
