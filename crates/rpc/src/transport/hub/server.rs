//! A node's side of channels: gateways ask, the shards of this node answer.

use super::ask::Revoked;
use super::channel::Channel;
use super::message::{Frames, HealthAnswer, Kind};
use super::outbox::Outbox;
use crate::transport::connection::Tasks;
use crate::transport::form::encode;
use crate::{SharedLive, SharedShards, SharedTickets};
use futures::stream::{BoxStream, StreamExt, unfold};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use tonic::{Status, Streaming};

/// What gateways reach at a node.
#[derive(Clone)]
pub struct Hub {
    /// Documents.
    pub shards: SharedShards,
    /// Sockets.
    pub live: SharedLive,
    /// Tickets.
    pub tickets: SharedTickets,
}

/// Serves gateways.
pub(crate) struct HubServer {
    hub: Hub,
    /// Of all channels, for what concerns every gateway.
    outboxes: Arc<Mutex<Vec<Weak<Outbox>>>>,
    tasks: Tasks,
}

impl HubServer {
    pub(crate) fn new(hub: Hub, tasks: Tasks) -> HubServer {
        let outboxes = Arc::<Mutex<Vec<Weak<Outbox>>>>::default();
        let told = Arc::downgrade(&outboxes);
        hub.tickets.on_revoked(Arc::new(move |caller, id| {
            let Some(told) = told.upgrade() else { return };
            let notice = encode(&Revoked { caller: caller.clone(), id });
            for outbox in told.lock().iter().filter_map(Weak::upgrade) {
                outbox.push(0, Kind::Revoked, notice.clone());
            }
        }));
        HubServer { hub, outboxes, tasks }
    }

    /// Answers what comes on one channel, until it ends.
    pub(super) fn channel(&self, incoming: Streaming<Frames>) -> BoxStream<'static, Result<Frames, Status>> {
        let outbox = Arc::new(Outbox::default());
        {
            let mut outboxes = self.outboxes.lock();
            outboxes.retain(|outbox| outbox.strong_count() > 0);
            outboxes.push(Arc::downgrade(&outbox));
        }
        let channel = Arc::new(Channel::new(self.hub.clone(), outbox, self.tasks.child()));
        let ending = Ending(channel.clone());
        channel.clone().read(incoming);
        unfold(ending, async |ending: Ending| {
            let frames = ending.0.sending().await?;
            Some((Ok(frames), ending))
        })
        .boxed()
    }

    pub(super) fn health(&self) -> HealthAnswer {
        HealthAnswer { health: encode(&self.hub.shards.health()) }
    }
}

/// Ends a channel when its stream is dropped: the connection is gone.
struct Ending(Arc<Channel>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}
