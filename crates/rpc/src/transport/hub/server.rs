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
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
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
    /// Requests that are being answered.
    asks: TaskTracker,
}

/// How often a draining node looks whether all answers have left.
const DRAIN_TICK: Duration = Duration::from_millis(5);
/// How long connections have to write what they were handed.
const DRAIN_WRITE: Duration = Duration::from_millis(50);

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
        HubServer { hub, outboxes, tasks, asks: TaskTracker::new() }
    }

    /// Answers what comes on one channel, until it ends.
    pub(super) fn channel(&self, incoming: Streaming<Frames>) -> BoxStream<'static, Result<Frames, Status>> {
        let outbox = Arc::new(Outbox::default());
        {
            let mut outboxes = self.outboxes.lock();
            outboxes.retain(|outbox| outbox.strong_count() > 0);
            outboxes.push(Arc::downgrade(&outbox));
        }
        let channel = Arc::new(Channel::new(self.hub.clone(), outbox, self.tasks.child(), self.asks.clone()));
        let ending = Ending(channel.clone());
        channel.clone().read(incoming);
        unfold(ending, async |ending: Ending| {
            let frames = ending.0.sending().await?;
            Some((Ok(frames), ending))
        })
        .boxed()
    }

    /// Waits until what was asked is answered, and the answers are on their way. Whoever asks on and on keeps it waiting.
    pub(crate) async fn drain(&self) {
        self.asks.close();
        self.asks.wait().await;
        let waits = || self.outboxes.lock().iter().filter_map(Weak::upgrade).any(|outbox| !outbox.is_empty());
        while waits() {
            sleep(DRAIN_TICK).await;
        }
        // The last was handed to its connection, which writes it as soon as it has its turn.
        sleep(DRAIN_WRITE).await;
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
