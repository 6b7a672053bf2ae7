//! A node in front of one truth, the model and the relay: it leads, follows, is silent or is gone, as a test says.

use crate::model::Model;
use crate::relay::Relay;
use base::{DocId, NodeId, ShardId, Timestamp};
use bytes::Bytes;
use gateway::reach::Node;
use parking_lot::Mutex;
use rpc::{
    Access, Answer, Bell, Caller, Changes, ChangesPage, Compare, Comparison, Create, Delete, Ephemeral,
    Export, Exported, Follow, FollowSession, Followed, Health, History, Import, Join, List, Live, OnMissed,
    OnRevoked, Page, Read, Redeem, Redeemed, Refusal, Revision, Seen, Select, Selection, SetMetadata, Shards,
    Share, SyncSession, Synced, TicketId, Tickets, Versions, Write,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What a peer that comes again is asked first.
pub const WHAT_HAVE_YOU: &[u8] = b"what have you?";

/// How a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Leads,
    Follows(Option<NodeId>),
    /// Frozen: it answers nothing, and ends nothing.
    Silent,
    /// There is no connection to it.
    Gone,
}

/// One node.
pub struct Fake {
    id: NodeId,
    mood: Mutex<Mood>,
    model: Arc<Model>,
    relay: Arc<Relay>,
    /// Does what the next write asks for, and loses the answer.
    pub loses: AtomicBool,
    /// What it says to the attempt after the one whose answer was lost.
    pub refuses_then: Mutex<Option<Refusal>>,
    pub asked: AtomicUsize,
    /// Who joined, and whether again.
    pub joins: Mutex<Vec<(DocId, bool)>>,
    /// The versions that followers had.
    pub follows: Mutex<Vec<Option<u64>>>,
    /// How long it takes to begin a session.
    pub slowness: Mutex<Duration>,
    /// How many that join are told that it is full.
    pub full_for: AtomicUsize,
    beginning: AtomicUsize,
    pub beginning_max: AtomicUsize,
    bells: Mutex<Vec<(DocId, Bell)>>,
    pub heard: Mutex<Vec<OnRevoked>>,
    pub missed: Mutex<Vec<OnMissed>>,
}

impl Fake {
    pub fn mood(&self) -> Mood {
        *self.mood.lock()
    }

    /// Turns into something else, which its sessions do not notice yet.
    pub fn become_quietly(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }

    /// Turns into something else; its sessions learn of it unless it is frozen.
    pub fn turn(&self, mood: Mood) {
        *self.mood.lock() = mood;
        if mood != Mood::Silent {
            let bells = self.bells.lock().clone();
            bells.iter().for_each(|(id, bell)| bell(*id));
        }
    }

    fn refusal(&self) -> Option<Refusal> {
        let shard = ShardId(0);
        match self.mood() {
            Mood::Leads | Mood::Silent => None,
            Mood::Follows(leader) => Some(Refusal::Elsewhere { shard, leader }),
            Mood::Gone => Some(Refusal::Unavailable {
                shard,
                reason: "the connection to its node broke".into(),
                retry_after: Duration::ZERO,
            }),
        }
    }

    async fn leads(&self) -> Result<(), Refusal> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.mood() == Mood::Silent {
            std::future::pending::<()>().await;
        }
        self.refusal().map_or(Ok(()), Err)
    }

    fn write<T>(&self, done: Result<T, Refusal>) -> Result<T, Refusal> {
        if !self.loses.swap(false, Ordering::Relaxed) {
            return done;
        }
        if let Some(refusal) = self.refuses_then.lock().take() {
            self.model.refuse_next(refusal);
        }
        Err(Refusal::Unknown { shard: ShardId(0) })
    }

    async fn begin(&self) -> Result<(), Refusal> {
        let now = self.beginning.fetch_add(1, Ordering::Relaxed) + 1;
        self.beginning_max.fetch_max(now, Ordering::Relaxed);
        let slowness = *self.slowness.lock();
        tokio::time::sleep(slowness).await;
        self.beginning.fetch_sub(1, Ordering::Relaxed);
        if self.mood() == Mood::Silent {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

impl Shards for Fake {
    fn create(&self, caller: Caller, create: Create) -> Answer<'_, Seen> {
        Box::pin(async move {
            self.leads().await?;
            self.write(self.model.create(caller, create).await)
        })
    }

    fn read(&self, caller: Caller, read: Read) -> Answer<'_, Seen> {
        Box::pin(async move {
            self.leads().await?;
            self.model.read(caller, read).await
        })
    }

    fn peek(&self, _: &Caller, _: DocId) -> Option<Seen> {
        None
    }

    fn write(&self, caller: Caller, write: Write) -> Answer<'_, Seen> {
        Box::pin(async move {
            self.leads().await?;
            self.write(self.model.write(caller, write).await)
        })
    }

    fn history(&self, caller: Caller, history: History) -> Answer<'_, Versions> {
        Box::pin(async move {
            self.leads().await?;
            self.model.history(caller, history).await
        })
    }

    fn compare(&self, caller: Caller, compare: Compare) -> Answer<'_, Comparison> {
        Box::pin(async move {
            self.leads().await?;
            self.model.compare(caller, compare).await
        })
    }

    fn export(&self, caller: Caller, export: Export) -> Answer<'_, Exported> {
        Box::pin(async move {
            self.leads().await?;
            self.model.export(caller, export).await
        })
    }

    fn import(&self, caller: Caller, import: Import) -> Answer<'_, Seen> {
        Box::pin(async move {
            self.leads().await?;
            self.write(self.model.import(caller, import).await)
        })
    }

    fn delete(&self, caller: Caller, delete: Delete) -> Answer<'_, Revision> {
        Box::pin(async move {
            self.leads().await?;
            self.write(self.model.delete(caller, delete).await)
        })
    }

    fn share(&self, caller: Caller, share: Share) -> Answer<'_, Access> {
        Box::pin(async move {
            self.leads().await?;
            self.write(self.model.share(caller, share).await)
        })
    }

    fn set_metadata(&self, caller: Caller, set: SetMetadata) -> Answer<'_, Seen> {
        Box::pin(async move {
            self.leads().await?;
            self.write(self.model.set_metadata(caller, set).await)
        })
    }

    fn access(&self, caller: Caller, id: DocId) -> Answer<'_, Access> {
        Box::pin(async move {
            self.leads().await?;
            self.model.access(caller, id).await
        })
    }

    fn list(&self, caller: Caller, list: List) -> Answer<'_, Page> {
        Box::pin(async move {
            self.leads().await?;
            self.model.list(caller, list).await
        })
    }

    fn select(&self, caller: Caller, select: Select) -> Answer<'_, Selection> {
        Box::pin(async move {
            self.leads().await?;
            self.model.select(caller, select).await
        })
    }

    fn changes(&self, caller: Caller, changes: Changes) -> Answer<'_, ChangesPage> {
        Box::pin(async move {
            self.leads().await?;
            self.model.changes(caller, changes).await
        })
    }

    fn shards(&self) -> Vec<ShardId> {
        self.model.shards()
    }

    fn shard_of(&self, id: DocId) -> Option<ShardId> {
        self.model.shard_of(id)
    }

    fn health(&self) -> Health {
        let state = match self.mood() {
            Mood::Gone => return Health { shards: vec![], disk_low: None },
            Mood::Follows(Some(leader)) => rpc::ShardState::Following { leader },
            Mood::Follows(None) => rpc::ShardState::Starting { retry_after: Duration::ZERO },
            Mood::Leads | Mood::Silent => rpc::ShardState::Serving,
        };
        Health { shards: vec![rpc::ShardHealth { shard: ShardId(0), state }], disk_low: None }
    }
}

/// A session at a node: that of the truth behind it, as long as the node leads.
struct At<S: ?Sized> {
    fake: Arc<Fake>,
    inner: Arc<S>,
    /// What a peer that comes again is to be asked.
    question: AtomicBool,
    ended: AtomicBool,
}

impl<S: ?Sized> At<S> {
    /// What it shows in place of the truth.
    fn instead(&self) -> Option<Option<Refusal>> {
        if self.fake.mood() == Mood::Silent {
            return Some(None);
        }
        let refusal = self.fake.refusal()?;
        Some((!self.ended.swap(true, Ordering::Relaxed)).then_some(refusal))
    }
}

impl SyncSession for At<dyn SyncSession> {
    fn receive(&self, message: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            self.fake.leads().await?;
            self.inner.receive(message).await
        })
    }

    fn receive_now(&self, message: &Bytes) -> Option<Result<(), Refusal>> {
        if self.fake.mood() == Mood::Leads { self.inner.receive_now(message) } else { None }
    }

    fn say(&self, ephemeral: Ephemeral) {
        self.inner.say(ephemeral);
    }

    fn next(&self) -> Option<Synced> {
        match self.instead() {
            Some(instead) => instead.map(Synced::Ended),
            None if self.question.swap(false, Ordering::Relaxed) => {
                Some(Synced::Message(Bytes::from_static(WHAT_HAVE_YOU)))
            }
            None => self.inner.next(),
        }
    }
}

impl FollowSession for At<dyn FollowSession> {
    fn say(&self, ephemeral: Ephemeral) {
        self.inner.say(ephemeral);
    }

    fn next(&self) -> Option<Followed> {
        match self.instead() {
            Some(instead) => instead.map(Followed::Ended),
            None => self.inner.next(),
        }
    }
}

/// As a gateway holds a node.
#[derive(Clone)]
struct Held(Arc<Fake>);

impl Live for Held {
    /// Any node takes a peer in.
    fn join(&self, caller: Caller, join: Join) -> Answer<'_, Arc<dyn SyncSession>> {
        Box::pin(async move {
            let fake = self.0.clone();
            fake.begin().await?;
            let full = |left: usize| left.checked_sub(1);
            if fake.full_for.fetch_update(Ordering::Relaxed, Ordering::Relaxed, full).is_ok() {
                return Err(Refusal::Busy { retry_after: Duration::ZERO });
            }
            fake.joins.lock().push((join.id, join.resumed));
            fake.bells.lock().push((join.id, join.bell.clone()));
            let question = AtomicBool::new(join.resumed);
            let inner = fake.relay.join(caller, join).await?;
            let session: Arc<At<dyn SyncSession>> =
                Arc::new(At { fake, inner, question, ended: AtomicBool::new(false) });
            Ok(session as Arc<dyn SyncSession>)
        })
    }

    fn follow(&self, caller: Caller, follow: Follow) -> Answer<'_, Arc<dyn FollowSession>> {
        Box::pin(async move {
            let fake = self.0.clone();
            fake.begin().await?;
            fake.refusal().map_or(Ok(()), Err)?;
            fake.follows.lock().push(follow.since);
            fake.bells.lock().push((follow.id, follow.bell.clone()));
            let inner = fake.relay.follow(caller, follow).await?;
            let (question, ended) = Default::default();
            let session: Arc<At<dyn FollowSession>> = Arc::new(At { fake, inner, question, ended });
            Ok(session as Arc<dyn FollowSession>)
        })
    }
}

impl Tickets for Fake {
    fn redeem(&self, caller: Caller, ticket: Redeem) -> Answer<'_, Redeemed> {
        Box::pin(async move {
            self.leads().await?;
            let redeemed = self.relay.redeem(caller, ticket).await;
            if ticket.once { self.write(redeemed) } else { redeemed }
        })
    }

    fn revoke(&self, caller: Caller, id: TicketId, until: Timestamp) -> Answer<'_, ()> {
        Box::pin(async move {
            self.leads().await?;
            self.relay.revoke(caller, id, until).await
        })
    }

    fn on_revoked(&self, heard: OnRevoked) {
        self.heard.lock().push(heard);
    }

    fn on_missed(&self, missed: OnMissed) {
        self.missed.lock().push(missed);
    }
}

/// One that follows the first.
pub fn fake(id: NodeId, model: &Arc<Model>, relay: &Arc<Relay>) -> Arc<Fake> {
    let [asked, full_for, beginning, beginning_max] = Default::default();
    let (loses, refuses_then, joins, follows, slowness, bells, heard, missed) = Default::default();
    let (model, relay) = (model.clone(), relay.clone());
    let mood = Mutex::new(Mood::Follows(Some(NodeId(1))));
    Arc::new(Fake {
        id,
        mood,
        model,
        relay,
        loses,
        refuses_then,
        asked,
        joins,
        follows,
        slowness,
        full_for,
        beginning,
        beginning_max,
        bells,
        heard,
        missed,
    })
}

/// It, as a gateway holds it.
pub fn node(fake: &Arc<Fake>) -> (NodeId, Node) {
    let node = Node { shards: fake.clone(), live: Arc::new(Held(fake.clone())), tickets: fake.clone() };
    (fake.id, node)
}
