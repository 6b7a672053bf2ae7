//! Peers of the sync protocol.

use super::kind::Kind;
use super::seat::{Seat, Way};
use crate::reach::map::Node;
use crate::reach::router::Call;
use base::DocId;
use bytes::Bytes;
use rpc::{Answer, Bell, Caller, Ephemeral, Join, Refusal, SyncSession, Synced};
use std::sync::Arc;

pub(in crate::reach) struct Peer;

/// What the next session of a peer has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reach) struct Memory {
    /// Whether the peer has said anything: it may be lost, so that it is asked for what it has.
    pub spoke: bool,
}

impl Kind for Peer {
    type Session = dyn SyncSession;
    type Shown = Synced;
    type Memory = Memory;

    fn begin(
        &self,
        node: Node,
        caller: Caller,
        id: DocId,
        memory: &Memory,
        bell: Bell,
    ) -> Call<Arc<dyn SyncSession>> {
        let join = Join { id, resumed: memory.spoke, bell };
        Box::pin(async move { node.live.join(caller, join).await })
    }

    /// A peer that was there before is asked for what it has.
    fn shows_at_once(memory: &Memory) -> bool {
        memory.spoke
    }

    fn next(session: &dyn SyncSession) -> Option<Synced> {
        session.next()
    }

    fn say(session: &dyn SyncSession, ephemeral: Ephemeral) {
        session.say(ephemeral);
    }

    fn note(_: &mut Memory, _: &Synced) -> bool {
        true
    }

    fn ended(shown: &Synced) -> Option<&Refusal> {
        match shown {
            Synced::Ended(refusal) => Some(refusal),
            Synced::Message(_) | Synced::Unavailable | Synced::Ephemeral(_) => None,
        }
    }

    fn end(refusal: Refusal) -> Synced {
        Synced::Ended(refusal)
    }
}

impl SyncSession for Seat<Peer> {
    /// What is said while there is no session is dropped: the next one asks for it.
    fn receive(&self, message: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut given_up = std::pin::pin!(self.changed());
            given_up.as_mut().enable();
            let (session, epoch) = match self.way(|memory| memory.spoke = true) {
                Way::Session(session, epoch) => (session, epoch),
                Way::None => return Ok(()),
                Way::Over(refusal) => return Err(refusal),
            };
            tokio::select! {
                biased;
                received = session.receive(message) => self.received(epoch, received),
                () = given_up => Ok(()),
            }
        })
    }

    fn receive_now(&self, message: &Bytes) -> Option<Result<(), Refusal>> {
        match self.way(|memory| memory.spoke = true) {
            Way::Session(session, epoch) => {
                let received = session.receive_now(message)?;
                Some(self.received(epoch, received))
            }
            Way::None => Some(Ok(())),
            Way::Over(refusal) => Some(Err(refusal)),
        }
    }

    fn say(&self, ephemeral: Ephemeral) {
        self.pass_on(ephemeral);
    }

    fn next(&self) -> Option<Synced> {
        self.next_shown()
    }
}
