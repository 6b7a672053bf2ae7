//! What thin clients are shown in tests: whatever the test says. What leads from one version to the next is the shard's
//! own test.

use base::DocId;
use parking_lot::Mutex;
use rpc::{Answer, Bell, Ephemeral, Follow, FollowSession, Followed, Refusal};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

#[derive(Default)]
pub struct Stage {
    documents: Mutex<HashMap<DocId, Arc<Scene>>>,
}

/// A document, and those who follow it.
#[derive(Default)]
pub struct Scene {
    seats: Mutex<Vec<Arc<Seat>>>,
    /// What followers asked for: the version that they have, and whether they want the changes.
    pub asked: Mutex<Vec<(Option<u64>, bool)>>,
    /// What followers said.
    pub said: Mutex<Vec<Ephemeral>>,
}

struct Seat {
    id: DocId,
    queue: Mutex<VecDeque<Followed>>,
    bell: Bell,
}

struct Session {
    scene: Arc<Scene>,
    seat: Arc<Seat>,
}

impl Stage {
    /// Makes a document that can be followed.
    pub fn open(&self, id: DocId) -> Arc<Scene> {
        self.documents.lock().entry(id).or_default().clone()
    }

    pub fn follow(&self, follow: Follow) -> Answer<'_, Arc<dyn FollowSession>> {
        let begun = self.documents.lock().get(&follow.id).cloned().map(|scene| scene.begin(follow));
        Box::pin(std::future::ready(begun.ok_or(Refusal::NotFound)))
    }
}

impl Scene {
    /// Shows something to everyone.
    pub fn show(&self, followed: &Followed) {
        for seat in self.seats.lock().iter() {
            seat.queue.lock().push_back(followed.clone());
            (seat.bell)(seat.id);
        }
    }

    fn begin(self: Arc<Self>, follow: Follow) -> Arc<dyn FollowSession> {
        let Follow { id, since, changes, bell } = follow;
        self.asked.lock().push((since, changes));
        let seat = Arc::new(Seat { id, queue: Mutex::default(), bell });
        self.seats.lock().push(seat.clone());
        Arc::new(Session { scene: self, seat })
    }
}

impl FollowSession for Session {
    fn say(&self, ephemeral: Ephemeral) {
        self.scene.said.lock().push(ephemeral);
    }

    fn next(&self) -> Option<Followed> {
        self.seat.queue.lock().pop_front()
    }
}
