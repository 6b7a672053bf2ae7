//! Many clients in one thread: what they type, and what they say without holding a document.
//!
//! A client with an Automerge document pays more for a change than the server that relays it, so that a few hundred of
//! them would measure themselves. The clients here are *header-only*: of a sync message they read the heads and how many
//! changes it carries, and they answer with the very bytes that a stock client would have answered with (a test compares
//! them). What they send was made by Automerge, and in the end a stock client ([`StockPeer`]) reads each document and
//! must find the text that was typed.

mod follower;
mod hand;
mod header;
mod ledger;
mod repo;
mod say;
mod stock;
mod typing;
mod yjs;

pub use follower::Follower;
pub use hand::Hand;
pub use header::{Header, HeaderError};
pub use ledger::{Ledger, Made};
pub use repo::{Host, Place, RepoPeer};
pub use stock::StockPeer;
pub use typing::{Stroke, Typing};
pub use yjs::YjsPeer;

/// The hash of a change.
pub type Hash = [u8; 32];

/// Where the text is, at the root of each document: what makes it a text document for the hub, too.
pub const TEXT: &str = "content";

/// A client that types the changes of a [`Typing`], or has them typed to it. One implementation for each protocol.
pub trait Seat: 'static {
    /// Sends the change after those that this client has.
    fn type_next(&mut self) -> anyhow::Result<()>;

    /// Waits until the client and, as far as it knows, the server have that many changes.
    fn reach(&mut self, changes: usize) -> impl Future<Output = anyhow::Result<()>>;
}
