//! What sessions of peers and of followers differ in.

use crate::reach::map::Node;
use crate::reach::router::Call;
use base::DocId;
use rpc::{Bell, Caller, Ephemeral, Refusal};
use std::sync::Arc;

/// A kind of session.
pub(in crate::reach) trait Kind: Send + Sync + 'static {
    /// The session at a node.
    type Session: ?Sized + Send + Sync + 'static;
    /// What it has for its socket.
    type Shown: Send;
    /// What the next session has to know of those before it.
    type Memory: Clone + PartialEq + Send + Sync;

    /// Begins a session at a node.
    fn begin(
        &self,
        node: Node,
        caller: Caller,
        id: DocId,
        memory: &Self::Memory,
        bell: Bell,
    ) -> Call<Arc<Self::Session>>;

    /// Whether a session that is begun so has something to show at once: until then nobody knows whether its node leads.
    fn shows_at_once(memory: &Self::Memory) -> bool;

    /// The next thing to show.
    fn next(session: &Self::Session) -> Option<Self::Shown>;

    /// Passes on what is not kept.
    fn say(session: &Self::Session, ephemeral: Ephemeral);

    /// Keeps what has to be known of what is shown. Whether the socket sees it at all.
    fn note(memory: &mut Self::Memory, shown: &Self::Shown) -> bool;

    /// Why the session is over, if this says so.
    fn ended(shown: &Self::Shown) -> Option<&Refusal>;

    /// What says that the session is over.
    fn end(refusal: Refusal) -> Self::Shown;
}
