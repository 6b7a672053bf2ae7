//! The connection to one node: made when it is needed, and made again, after a rest, when it broke.

use super::lane::{LaneReceiver, LaneSender, lane};
use super::peers::Shared;
use super::snapshot::{self, Transfer};
use crate::transport::connection::{Hello, LinkId, Requests, WIRE_VERSION, dial};
use crate::transport::rest::Rest;
use crate::{Lane, PeerAnswer, PeerError, Pieces, RaftPeer};
use base::{NodeId, ShardId};
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use hyper::rt::Executor;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// Transfers that may wait for a connection; and as many for their turn.
const TRANSFERS_WAITING: usize = 64;

/// Another node, and the connection to it if there is one.
pub(super) struct Link {
    pub(super) node: NodeId,
    shared: Arc<Shared>,
    state: Mutex<State>,
}

struct State {
    /// The ends of a connection that stands or is being made.
    open: Option<Senders>,
    /// Before this no connection is made; the reason is what calls are told.
    rest_until: Instant,
    reason: Arc<str>,
    rest: Rest,
    connections: u64,
}

struct Senders {
    appends: LaneSender,
    heartbeats: LaneSender,
    control: LaneSender,
    transfers: mpsc::Sender<Transfer>,
}

struct Receivers {
    lanes: [LaneReceiver; 3],
    transfers: mpsc::Receiver<Transfer>,
}

impl Senders {
    fn lane(&self, lane: Lane) -> &LaneSender {
        match lane {
            Lane::Appends => &self.appends,
            Lane::Heartbeats => &self.heartbeats,
            Lane::Control => &self.control,
        }
    }
}

fn ends() -> (Senders, Receivers) {
    let (appends, a) = lane(Lane::Appends);
    let (heartbeats, h) = lane(Lane::Heartbeats);
    let (control, c) = lane(Lane::Control);
    let (transfers, waiting) = mpsc::channel(TRANSFERS_WAITING);
    (Senders { appends, heartbeats, control, transfers }, Receivers { lanes: [a, h, c], transfers: waiting })
}

impl Link {
    pub(super) fn new(node: NodeId, shared: Arc<Shared>) -> Link {
        let reason = "no connection was made yet".into();
        let state =
            State { open: None, rest_until: Instant::now(), reason, rest: Rest::default(), connections: 0 };
        Link { node, shared, state: Mutex::new(state) }
    }

    /// Gives `send` the ends of a connection; one is begun if there is none. Fails at once during a rest.
    fn with_open<T>(
        self: &Arc<Link>,
        send: impl FnOnce(&Senders) -> Result<T, PeerError>,
    ) -> Result<T, PeerError> {
        let mut state = self.state.lock();
        if state.open.is_none() {
            if self.shared.tasks.cancel.is_cancelled() {
                return Err(self.unreachable("this node is stopping"));
            }
            if Instant::now() < state.rest_until {
                return Err(self.unreachable(&state.reason));
            }
            let (senders, receivers) = ends();
            state.connections += 1;
            state.open = Some(senders);
            let (link, number) = (self.clone(), state.connections);
            let _runtime = self.shared.runtime.enter();
            self.shared.tasks.execute(async move { link.hold(number, receivers).await });
        }
        send(state.open.as_ref().expect("it was opened above"))
    }

    fn unreachable(&self, reason: &str) -> PeerError {
        PeerError::Unreachable { node: self.node, reason: reason.to_owned() }
    }

    fn broken(&self) -> PeerError {
        let reason = self.state.lock().reason.clone();
        self.unreachable(&reason)
    }

    /// One connection, from the first call to its end.
    async fn hold(self: Arc<Link>, number: u64, receivers: Receivers) {
        // Set also when this is cancelled: calls must not wait for a connection that nobody makes.
        let mut ending =
            Ending { link: &self, reason: "this node is stopping".to_owned(), begun: Instant::now() };
        let (requests, standing) = match self.connect(number).await {
            Ok(connection) => connection,
            Err(reason) => return ending.reason = reason,
        };
        let carrying = self.carry(requests, receivers);
        tokio::pin!(carrying);
        ending.reason = tokio::select! {
            reason = standing => reason,
            reason = &mut carrying => reason,
        };
        // Before those who wait learn of it: so that they are told why.
        drop(ending);
    }

    async fn connect(
        &self,
        number: u64,
    ) -> Result<(Requests, crate::transport::connection::Standing), String> {
        let Some(address) = (self.shared.directory)(self.node) else {
            return Err("the cluster's directory does not name it".to_owned());
        };
        let link = LinkId { boot: self.shared.boot, number };
        let hello = Hello { version: WIRE_VERSION, from: Some(self.shared.us), to: Some(self.node), link };
        dial(&self.shared.credentials, &address, hello, &self.shared.tasks)
            .await
            .map_err(|error| error.to_string())
    }

    async fn carry(&self, requests: Requests, receivers: Receivers) -> String {
        let Receivers { lanes: [appends, heartbeats, control], mut transfers } = receivers;
        let mut sending = FuturesUnordered::new();
        let (appends, heartbeats, control) = (
            appends.run(requests.clone(), self.node),
            heartbeats.run(requests.clone(), self.node),
            control.run(requests.clone(), self.node),
        );
        tokio::pin!(appends, heartbeats, control);
        loop {
            tokio::select! {
                biased;
                reason = &mut heartbeats => return reason,
                reason = &mut control => return reason,
                reason = &mut appends => return reason,
                Some(()) = sending.next() => {}
                Some(transfer) = transfers.recv(), if sending.len() < TRANSFERS_WAITING => {
                    sending.push(snapshot::send(requests.clone(), self.node, self.shared.sending.clone(), transfer));
                }
            }
        }
    }

    fn ended(&self, reason: &str, stood: Duration) {
        let mut state = self.state.lock();
        state.open = None;
        state.rest_until = Instant::now() + state.rest.after(stood);
        // While a node is away the same reason comes again and again.
        if *state.reason != *reason {
            tracing::warn!(node = %self.node, reason, "a node cannot be reached");
        }
        state.reason = reason.into();
    }
}

/// Marks the end of a connection, before what waited for it is told.
struct Ending<'l> {
    link: &'l Link,
    reason: String,
    begun: Instant,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.link.ended(&self.reason, self.begun.elapsed());
    }
}

/// What the shards hold of a node.
pub(super) struct Peer(pub(super) Arc<Link>);

impl RaftPeer for Peer {
    fn call(&self, lane: Lane, shard: ShardId, message: Bytes, limit: Duration) -> PeerAnswer {
        let link = self.0.clone();
        let node = link.node;
        let deadline = Instant::now() + limit;
        match link.with_open(|open| open.lane(lane).send(node, shard, message)) {
            Err(error) => Box::pin(async move { Err(error) }),
            Ok(reply) => Box::pin(async move {
                match timeout_at(deadline, reply).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => Err(link.broken()),
                    Err(_) => Err(PeerError::Late { node }),
                }
            }),
        }
    }

    fn send_snapshot(&self, shard: ShardId, head: Bytes, pieces: Pieces, silence: Duration) -> PeerAnswer {
        let link = self.0.clone();
        let (transfer, reply) = Transfer::new(shard, head, pieces, silence);
        let full = || link.unreachable("too many snapshots wait for it already");
        let queued = link.with_open(|open| open.transfers.try_send(transfer).map_err(|_| full()));
        match queued {
            Err(error) => Box::pin(async move { Err(error) }),
            Ok(()) => Box::pin(async move { reply.await.unwrap_or_else(|_| Err(link.broken())) }),
        }
    }
}
