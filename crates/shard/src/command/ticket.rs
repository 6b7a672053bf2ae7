//! The fields of commands about tickets. Numbers in `#[n(…)]` are stored: add at the end, never change one.

use super::Origin;
use minicbor::{CborLen, Decode, Encode};

/// A ticket of the acting user.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Ticket {
    /// Where it comes from.
    #[n(0)]
    pub origin: Origin,
    /// The ticket.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub id: [u8; 16],
    /// The slot of its user, where its record lives.
    #[n(2)]
    pub slot: u16,
    /// When the ticket ends by itself; what is known of it is forgotten then, in log time.
    #[n(3)]
    pub expires_ms: u64,
}
