//! Shards in memory, simple enough to be right, with what a test needs to hold things up.

use base::{DocId, FeedPlace, Hash, Labels, Level, Shape, ShardId, Slot, Timestamp};
use bytes::Bytes;
use rpc::*;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// The content of a document that makes reads of it wait for ever.
pub const STUCK: &str = "stuck";

/// The only shard.
pub const SHARD: ShardId = ShardId(7);

/// A place in its feed that is not kept any more.
pub const OLD: FeedPlace = FeedPlace::START;
/// Where its feed ends.
pub const NOW: FeedPlace = FeedPlace { index: 9, number: 3 };

/// The user for whom, the key and the message for which the shards panic.
pub const PANIC: &str = "panic";

/// A name and labels.
type Said = (Arc<str>, Labels);

fn summary(view: &Arc<View>) -> Summary {
    Summary {
        id: view.id,
        name: view.name.clone(),
        shape: view.shape,
        owner: view.owner.clone(),
        version: view.version,
        heads: view.heads.clone(),
        level: Level::Owner,
        created_at: view.created_at,
        updated_at: view.updated_at,
        labels: view.labels.clone(),
    }
}

/// Each version is an entry of the log.
fn seen(view: Arc<View>) -> Seen {
    let revision = Revision { shard: SHARD, index: view.version };
    Seen { view, level: Level::Owner, revision }
}

#[derive(Default)]
pub struct Fake {
    documents: Mutex<BTreeMap<DocId, (Caller, Arc<View>)>>,
    spent: Mutex<Vec<TicketId>>,
    heard: Mutex<Vec<OnRevoked>>,
    pub sessions: Mutex<Vec<Arc<FakeState>>>,
    /// Requests that wait for ever, now.
    pub stuck: watch::Sender<usize>,
}

/// Counts a request that waits for ever, until it is dropped.
struct Stuck(watch::Sender<usize>);

impl Drop for Stuck {
    fn drop(&mut self) {
        self.0.send_modify(|stuck| *stuck -= 1);
    }
}

impl Fake {
    pub fn new() -> Arc<Fake> {
        Arc::new(Fake::default())
    }

    fn find(&self, caller: &Caller, id: DocId) -> Result<Arc<View>, Refusal> {
        let documents = self.documents.lock().unwrap();
        let found = documents.get(&id).filter(|(owner, _)| owner == caller);
        found.map(|(_, view)| view.clone()).ok_or(Refusal::NotFound)
    }

    async fn get_stuck<T>(&self) -> T {
        self.stuck.send_modify(|stuck| *stuck += 1);
        let _stuck = Stuck(self.stuck.clone());
        std::future::pending().await
    }

    fn put(&self, caller: Caller, id: DocId, (name, labels): Said, version: u64, content: Bytes) -> Seen {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&version.to_be_bytes());
        let view = Arc::new(View::new(ViewParts {
            id,
            name,
            shape: Shape::Json,
            owner: caller.user.clone(),
            version,
            heads: vec![Hash(hash)],
            created_at: Timestamp(1),
            updated_at: Timestamp(version),
            content,
            labels,
        }));
        self.documents.lock().unwrap().insert(id, (caller, view.clone()));
        seen(view)
    }
}

impl Shards for Fake {
    fn create(&self, caller: Caller, create: Create) -> Answer<'_, Seen> {
        let number = self.documents.lock().unwrap().len() as u8;
        let id = DocId::mint(Slot::of_owner(&caller.tenant, &caller.user), [number; 16]);
        let content = serde_json::to_vec(&create.content).unwrap().into();
        let said = (create.name.as_str().into(), create.labels);
        Box::pin(async move { Ok(self.put(caller, id, said, 1, content)) })
    }

    fn read(&self, caller: Caller, read: Read) -> Answer<'_, Seen> {
        Box::pin(async move {
            assert_ne!(caller.user.as_str(), PANIC);
            let view = self.find(&caller, read.id)?;
            if view.content == format!("{STUCK:?}") {
                self.get_stuck::<()>().await;
            }
            match read.at {
                At::Version(asked) if asked != view.version => {
                    Err(Refusal::UnknownVersion { asked, newest: view.version })
                }
                _ => Ok(seen(view)),
            }
        })
    }

    fn peek(&self, caller: &Caller, id: DocId) -> Option<Seen> {
        let view = self.find(caller, id).ok().filter(|view| view.content != format!("{STUCK:?}"))?;
        Some(seen(view))
    }

    fn write(&self, caller: Caller, write: Write) -> Answer<'_, Seen> {
        Box::pin(async move {
            assert_ne!(write.key.key, PANIC);
            if write.key.key == STUCK {
                self.get_stuck::<()>().await;
            }
            let view = self.find(&caller, write.id)?;
            if !write.precondition.holds(&view.tag) {
                return Err(Refusal::Precondition { tag: view.tag.clone() });
            }
            let content = match write.edit {
                Edit::Replace(content) => serde_json::to_vec(&content).unwrap(),
                Edit::Operations { ops, .. } => serde_json::to_vec(&ops).unwrap(),
            };
            let said = (view.name.clone(), view.labels.clone());
            Ok(self.put(caller, view.id, said, view.version + 1, content.into()))
        })
    }

    fn history(&self, caller: Caller, history: History) -> Answer<'_, Versions> {
        Box::pin(async move {
            let view = self.find(&caller, history.id)?;
            let size = Some(Size { changes: 1, bytes: view.content.len() as u64 });
            let (version, heads, at) = (view.version, view.heads.clone(), view.updated_at);
            let newest = Version { version, heads, at, authors: vec![caller.user], size };
            let versions = if history.limit > 0 { vec![newest] } else { vec![] };
            Ok(Versions { versions, next: history.before, revision: seen(view).revision })
        })
    }

    fn compare(&self, caller: Caller, compare: Compare) -> Answer<'_, Comparison> {
        Box::pin(async move {
            let view = self.find(&caller, compare.id)?;
            if let At::Version(asked) = compare.from {
                return Err(Refusal::UnknownVersion { asked, newest: view.version });
            }
            let ops = vec![Op::Delete { path: vec![] }];
            Ok(Comparison { from: view.clone(), to: view.clone(), ops, revision: seen(view).revision })
        })
    }

    fn export(&self, caller: Caller, export: Export) -> Answer<'_, Exported> {
        Box::pin(async move {
            let view = self.find(&caller, export.id)?;
            let (version, heads, file) = (view.version, view.heads.clone(), view.content.clone());
            Ok(Exported { version, heads, file, revision: seen(view).revision })
        })
    }

    fn import(&self, caller: Caller, import: Import) -> Answer<'_, Seen> {
        let number = self.documents.lock().unwrap().len() as u8;
        let id = DocId::mint(Slot::of_owner(&caller.tenant, &caller.user), [number; 16]);
        Box::pin(async move {
            if import.key.key == STUCK {
                self.get_stuck::<()>().await;
            }
            Ok(self.put(caller, id, (import.name.as_str().into(), Labels::new()), 1, import.file))
        })
    }

    fn delete(&self, caller: Caller, delete: Delete) -> Answer<'_, Revision> {
        Box::pin(async move {
            self.find(&caller, delete.id)?;
            self.documents.lock().unwrap().remove(&delete.id);
            Ok(Revision { shard: SHARD, index: u64::MAX })
        })
    }

    fn share(&self, caller: Caller, share: Share) -> Answer<'_, Access> {
        Box::pin(async move {
            self.find(&caller, share.id)?;
            let level = share.level.ok_or(Refusal::Forbidden { needed: Level::Owner, held: Level::Admin })?;
            Ok(Access {
                owner: caller.user,
                entries: vec![AccessEntry { principal: share.principal, level }],
                revision: Revision { shard: SHARD, index: 5 },
            })
        })
    }

    fn set_metadata(&self, caller: Caller, set: SetMetadata) -> Answer<'_, Seen> {
        Box::pin(async move {
            let view = self.find(&caller, set.id)?;
            let mut labels = if set.clear_labels { Labels::new() } else { view.labels.clone() };
            for (key, value) in set.labels {
                match value {
                    Some(value) => labels.insert(key, value),
                    None => labels.remove(&key),
                };
            }
            let name = set.name.map_or(view.name.clone(), Arc::from);
            Ok(self.put(caller, view.id, (name, labels), view.version, view.content.clone()))
        })
    }

    fn access(&self, caller: Caller, id: DocId) -> Answer<'_, Access> {
        Box::pin(async move {
            self.find(&caller, id)?;
            let revision = Revision { shard: SHARD, index: 6 };
            Ok(Access { owner: caller.user, entries: Vec::new(), revision })
        })
    }

    fn list(&self, caller: Caller, list: List) -> Answer<'_, Page> {
        Box::pin(async move {
            if list.shard != SHARD {
                return Err(Refusal::Elsewhere { shard: list.shard, leader: None });
            }
            let documents = self.documents.lock().unwrap();
            let mine = documents.values().filter(|(owner, _)| *owner == caller).take(list.limit);
            Ok(Page { documents: mine.map(|(_, view)| summary(view)).collect(), next: list.after })
        })
    }

    fn select(&self, caller: Caller, select: Select) -> Answer<'_, Selection> {
        Box::pin(async move {
            let documents = self.documents.lock().unwrap();
            let mine =
                documents.values().filter(|(owner, _)| *owner == caller).map(|(_, view)| summary(view));
            let passes =
                |one: &Summary| select.filter.passes(&one.name, one.shape, one.owner.as_str(), &one.labels);
            let mut documents: Vec<_> = mine.filter(passes).collect();
            let (order, count) = (select.order, documents.len() as u64);
            documents.sort_by_key(|one| order.place(one));
            documents.retain(|one| select.after.as_ref().is_none_or(|after| order.place(one) > *after));
            Ok(Selection { documents, more: false, count: select.count.then_some(count) })
        })
    }

    fn changes(&self, _: Caller, changes: Changes) -> Answer<'_, ChangesPage> {
        Box::pin(async move {
            self.stuck.send_modify(|stuck| *stuck += 1);
            let _stuck = Stuck(self.stuck.clone());
            tokio::time::sleep(changes.wait).await;
            match changes.since {
                Some(OLD) => Err(Refusal::FeedGone { place: NOW }),
                _ => Ok(ChangesPage { events: Vec::new(), place: NOW, more: false }),
            }
        })
    }

    fn shards(&self) -> Vec<ShardId> {
        vec![SHARD]
    }

    fn shard_of(&self, _: DocId) -> Option<ShardId> {
        Some(SHARD)
    }

    fn health(&self) -> Health {
        Health { shards: vec![ShardHealth { shard: SHARD, state: ShardState::Serving }], disk_low: Some(12) }
    }
}

impl Tickets for Fake {
    fn redeem(&self, _: Caller, ticket: Redeem) -> Answer<'_, Redeemed> {
        Box::pin(async move {
            let mut spent = self.spent.lock().unwrap();
            if spent.contains(&ticket.id) {
                return Ok(Redeemed::Spent);
            }
            if ticket.once {
                spent.push(ticket.id);
            }
            Ok(Redeemed::Good)
        })
    }

    fn revoke(&self, caller: Caller, id: TicketId, _: Timestamp) -> Answer<'_, ()> {
        Box::pin(async move {
            self.heard.lock().unwrap().iter().for_each(|heard| heard(&caller, id));
            Ok(())
        })
    }

    fn on_revoked(&self, heard: OnRevoked) {
        self.heard.lock().unwrap().push(heard);
    }
}

/// What a test sees of a session.
pub struct FakeState {
    bell: Bell,
    id: DocId,
    outgoing: Mutex<VecDeque<Bytes>>,
    pub pulled: AtomicUsize,
    pub received: Mutex<Vec<Bytes>>,
    pub said: Mutex<Vec<Ephemeral>>,
    pub left: watch::Sender<bool>,
}

impl FakeState {
    /// Gives the session something to send.
    pub fn send(&self, messages: impl IntoIterator<Item = Bytes>) {
        self.outgoing.lock().unwrap().extend(messages);
        (self.bell)(self.id);
    }

    fn pull(&self) -> Option<Bytes> {
        let message = self.outgoing.lock().unwrap().pop_front()?;
        self.pulled.fetch_add(1, Ordering::SeqCst);
        Some(message)
    }
}

/// Echoes what it receives. "wait" takes a while, "refuse" is refused.
struct FakeSession(Arc<FakeState>);

impl Drop for FakeSession {
    fn drop(&mut self) {
        self.0.left.send_replace(true);
    }
}

impl Fake {
    fn session(&self, id: DocId, bell: Bell) -> FakeSession {
        let state = Arc::new(FakeState {
            bell,
            id,
            outgoing: Mutex::default(),
            pulled: AtomicUsize::new(0),
            received: Mutex::default(),
            said: Mutex::default(),
            left: watch::channel(false).0,
        });
        self.sessions.lock().unwrap().push(state.clone());
        FakeSession(state)
    }
}

impl Live for Fake {
    fn join(&self, caller: Caller, join: Join) -> Answer<'_, Arc<dyn SyncSession>> {
        Box::pin(async move {
            assert_ne!(caller.user.as_str(), PANIC);
            if caller.user.as_str() == "mallory" {
                return Err(Refusal::Busy { retry_after: Duration::from_secs(3) });
            }
            Ok(Arc::new(self.session(join.id, join.bell)) as Arc<dyn SyncSession>)
        })
    }

    fn follow(&self, _: Caller, follow: Follow) -> Answer<'_, Arc<dyn FollowSession>> {
        Box::pin(async move { Ok(Arc::new(self.session(follow.id, follow.bell)) as Arc<dyn FollowSession>) })
    }
}

impl SyncSession for FakeSession {
    fn receive(&self, message: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert_ne!(message, PANIC);
            self.0.received.lock().unwrap().push(message.clone());
            if message == "refuse" {
                return Err(Refusal::BadEdit { operation: None, reason: "no".to_owned() });
            }
            self.0.send([message]);
            Ok(())
        })
    }

    fn receive_now(&self, message: &Bytes) -> Option<Result<(), Refusal>> {
        if message == "wait" || message == "refuse" || message == PANIC {
            return None;
        }
        self.0.received.lock().unwrap().push(message.clone());
        self.0.send([message.clone()]);
        Some(Ok(()))
    }

    fn say(&self, ephemeral: Ephemeral) {
        self.0.said.lock().unwrap().push(ephemeral);
    }

    fn next(&self) -> Option<Synced> {
        self.0.pull().map(Synced::Message)
    }
}

impl FollowSession for FakeSession {
    fn say(&self, ephemeral: Ephemeral) {
        self.0.said.lock().unwrap().push(ephemeral);
    }

    /// Messages are versions here.
    fn next(&self) -> Option<Followed> {
        let version = self.0.pull()?.len() as u64;
        Some(Followed::Update(Arc::new(Update::new(UpdateParts {
            from: version - 1,
            version,
            heads: Vec::new(),
            authors: Vec::new(),
            at: Timestamp(0),
            ops: Vec::new(),
            changes: None,
        }))))
    }
}
