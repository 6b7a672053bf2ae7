//! Sessions for tests of sockets: what one peer of a document says, the others get, as it is. Nothing of the sync
//! protocol is understood here; that is the shard's own test. Tickets are remembered as the log would.

use crate::stage::Stage;
use base::{DocId, Timestamp};
use bytes::Bytes;
use parking_lot::Mutex;
use rpc::{
    Answer, Bell, Caller, Ephemeral, Follow, FollowSession, Join, Live, OnMissed, OnRevoked, Redeem,
    Redeemed, Refusal, SyncSession, Synced, TicketId, Tickets,
};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::Semaphore;

#[derive(Default)]
pub struct Relay {
    /// What thin clients are shown.
    pub stage: Stage,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    documents: HashMap<DocId, Arc<Document>>,
    refused: HashMap<DocId, Refusal>,
    redeemed: HashSet<TicketId>,
    revoked: HashSet<TicketId>,
    heard: Vec<OnRevoked>,
    missed: Vec<OnMissed>,
}

/// A document: the queues of its sessions.
pub struct Document {
    seats: Mutex<Vec<Seat>>,
    /// A message takes a permit. There are plenty, unless a test has taken them away.
    pub pace: Semaphore,
}

struct Seat {
    queue: VecDeque<Synced>,
    bell: Bell,
}

struct Session {
    id: DocId,
    seat: usize,
    document: Arc<Document>,
    refused: Option<Refusal>,
}

const PLENTY: usize = 1 << 20;

impl Relay {
    /// Answers every message of this document with a refusal from now on.
    pub fn refuse(&self, id: DocId, refusal: Refusal) {
        self.state.lock().refused.insert(id, refusal);
    }

    /// Takes a ticket back, and nobody hears of it.
    pub fn revoke_unheard(&self, id: TicketId) {
        self.state.lock().revoked.insert(id);
    }

    /// Tells everyone that something may have been missed.
    pub fn missed(&self) {
        self.state.lock().missed.iter().for_each(|missed| missed());
    }

    pub fn document(&self, id: DocId) -> Arc<Document> {
        let new = || Arc::new(Document { seats: Mutex::default(), pace: Semaphore::new(PLENTY) });
        self.state.lock().documents.entry(id).or_insert_with(new).clone()
    }
}

impl Document {
    /// Lets no message through until permits are added.
    pub fn hold(&self) {
        self.pace.forget_permits(PLENTY);
    }

    /// Sends to every session but one.
    pub fn tell(&self, id: DocId, except: Option<usize>, synced: &Synced) {
        for (seat, place) in self.seats.lock().iter_mut().enumerate() {
            if Some(seat) != except {
                place.queue.push_back(synced.clone());
                (place.bell)(id);
            }
        }
    }
}

impl Session {
    fn take(&self, message: Bytes) -> Result<(), Refusal> {
        match &self.refused {
            Some(refusal) => Err(refusal.clone()),
            None => {
                self.document.tell(self.id, Some(self.seat), &Synced::Message(message));
                Ok(())
            }
        }
    }
}

impl SyncSession for Session {
    fn receive(&self, message: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            self.document.pace.acquire().await.unwrap().forget();
            self.take(message)
        })
    }

    fn receive_now(&self, message: &Bytes) -> Option<Result<(), Refusal>> {
        self.document.pace.try_acquire().ok()?.forget();
        Some(self.take(message.clone()))
    }

    fn say(&self, ephemeral: Ephemeral) {
        self.document.tell(self.id, Some(self.seat), &Synced::Ephemeral(Arc::new(ephemeral)));
    }

    fn next(&self) -> Option<Synced> {
        self.document.seats.lock()[self.seat].queue.pop_front()
    }
}

impl Live for Relay {
    fn join(&self, _caller: Caller, join: Join) -> Answer<'_, Arc<dyn SyncSession>> {
        let document = self.document(join.id);
        let refused = self.state.lock().refused.get(&join.id).cloned();
        let mut seats = document.seats.lock();
        let seat = seats.len();
        seats.push(Seat { queue: VecDeque::new(), bell: join.bell });
        drop(seats);
        let session: Arc<dyn SyncSession> = Arc::new(Session { id: join.id, seat, document, refused });
        Box::pin(std::future::ready(Ok(session)))
    }

    fn follow(&self, _caller: Caller, follow: Follow) -> Answer<'_, Arc<dyn FollowSession>> {
        self.stage.follow(follow)
    }
}

impl Tickets for Relay {
    fn redeem(&self, _caller: Caller, ticket: Redeem) -> Answer<'_, Redeemed> {
        let mut state = self.state.lock();
        let redeemed = if state.revoked.contains(&ticket.id) {
            Redeemed::Revoked
        } else if ticket.once && !state.redeemed.insert(ticket.id) {
            Redeemed::Spent
        } else {
            Redeemed::Good
        };
        Box::pin(std::future::ready(Ok(redeemed)))
    }

    fn revoke(&self, caller: Caller, id: TicketId, _until: Timestamp) -> Answer<'_, ()> {
        let mut state = self.state.lock();
        state.revoked.insert(id);
        for heard in &state.heard {
            heard(&caller, id);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn on_revoked(&self, heard: OnRevoked) {
        self.state.lock().heard.push(heard);
    }

    fn on_missed(&self, missed: OnMissed) {
        self.state.lock().missed.push(missed);
    }
}
