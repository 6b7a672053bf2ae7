//! A reference model of the shards: documents in a map, one lock, no merging (an edit replaces what is there, whatever
//! it was made against). Enough to see what a face makes of every answer; what the real shards answer is their own test.

use crate::story::{Happened, Story};
use base::{DocId, Hash, Labels, Level, Shape, ShardId, Slot, SlotMap, TenantId, Timestamp, UserId};
use bytes::Bytes;
use parking_lot::Mutex;
use rpc::{
    Access, AccessEntry, Answer, At, Base, Caller, Changes, ChangesPage, Compare, Comparison, Create, Delete,
    Edit, EditKey, EventKind, Export, Exported, Health, History, Import, List, Op, Page, Read, Refusal,
    Revision, Seen, Select, Selection, SetMetadata, ShardHealth, ShardState, Shards, Share, Size, Summary,
    Version, Versions, View, ViewParts, Write,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

/// What a file begins with.
pub const FILE: &[u8] = b"model:";

/// How many shards the model has.
const SHARDS: u32 = 4;

#[derive(Default)]
pub struct Model {
    state: Mutex<State>,
    /// While set, every write waits for it.
    pub held: Mutex<Option<Arc<Notify>>>,
    /// This shard answers feeds so much later.
    pub late: Mutex<Option<(ShardId, Duration)>>,
    /// Notified whenever something has happened.
    happened: Notify,
}

#[derive(Default)]
struct State {
    documents: BTreeMap<(TenantId, DocId), Document>,
    done: BTreeMap<(TenantId, UserId, String), ([u8; 32], Done)>,
    refusals: VecDeque<Refusal>,
    story: Story,
    health: Option<Health>,
    minted: u8,
    writes: usize,
    peeks: usize,
}

#[derive(Clone)]
enum Done {
    Seen(Seen),
    Access(Access),
    Deleted(Revision),
}

struct Document {
    owner: UserId,
    versions: Vec<Arc<View>>,
    access: BTreeMap<UserId, Level>,
}

impl Document {
    fn level(&self, user: &UserId) -> Option<Level> {
        if *user == self.owner { Some(Level::Owner) } else { self.access.get(user).copied() }
    }

    fn newest(&self) -> &Arc<View> {
        self.versions.last().expect("a document begins with its first version")
    }

    /// The state that a request names.
    fn at(&self, at: &At) -> Result<Arc<View>, Refusal> {
        let newest = self.newest();
        let found = match at {
            At::Now => Some(newest),
            At::Version(asked) => {
                let found = self.versions.iter().find(|view| view.version == *asked);
                Some(found.ok_or(Refusal::UnknownVersion { asked: *asked, newest: newest.version })?)
            }
            At::Heads(heads) => self.versions.iter().find(|view| view.heads == *heads),
        };
        found.cloned().ok_or(Refusal::UnknownHeads { hash: "?".into() })
    }

    fn access_list(&self, revision: Revision) -> Access {
        let entry = |(principal, level): (&UserId, &Level)| AccessEntry {
            principal: principal.clone(),
            level: *level,
        };
        Access { owner: self.owner.clone(), entries: self.access.iter().map(entry).collect(), revision }
    }
}

impl Model {
    /// The next request meets this refusal.
    pub fn refuse_next(&self, refusal: Refusal) {
        self.state.lock().refusals.push_back(refusal);
    }

    pub fn set_health(&self, health: Health) {
        self.state.lock().health = Some(health);
    }

    /// How many writes changed something.
    pub fn writes(&self) -> usize {
        self.state.lock().writes
    }

    /// Forgets what has happened so far.
    pub fn forget(&self) {
        let state = &mut *self.state.lock();
        state.story.forgotten = state.story.len();
    }

    /// What happened last has happened so many more times.
    pub fn repeat(&self, times: u64) {
        self.state.lock().story.repeat(times);
    }

    /// How much of what has happened was told to readers of changes.
    pub fn changes_told(&self) -> usize {
        self.state.lock().story.told.load(Ordering::Relaxed)
    }

    /// How many reads were answered at once.
    pub fn peeks(&self) -> usize {
        self.state.lock().peeks
    }

    fn answer<T: Send + 'static>(&self, act: impl FnOnce(&mut State) -> Result<T, Refusal>) -> Answer<'_, T> {
        let mut state = self.state.lock();
        let result = match state.refusals.pop_front() {
            Some(refusal) => Err(refusal),
            None => act(&mut state),
        };
        drop(state);
        self.happened.notify_waiters();
        let held = self.held.lock().clone();
        Box::pin(async move {
            if let Some(held) = held {
                held.notified().await;
            }
            result
        })
    }
}

impl State {
    /// Each write is an entry of one log.
    fn revision(&self, id: DocId) -> Revision {
        Revision { shard: SlotMap::even(4).shard_of(id.slot()), index: self.writes as u64 }
    }

    /// Where a write is that is being made.
    fn next(&self, id: DocId) -> Revision {
        let now = self.revision(id);
        Revision { index: now.index + 1, ..now }
    }

    fn find(&self, caller: &Caller, id: DocId) -> Result<(&Document, Level), Refusal> {
        let document = self.documents.get(&(caller.tenant.clone(), id)).ok_or(Refusal::NotFound)?;
        let level = document.level(&caller.user).ok_or(Refusal::NotFound)?;
        Ok((document, level))
    }

    fn once(
        &mut self,
        caller: &Caller,
        key: EditKey,
        act: impl FnOnce(&mut State) -> Result<Done, Refusal>,
    ) -> Result<Done, Refusal> {
        let place = (caller.tenant.clone(), caller.user.clone(), key.key);
        if let Some((hash, done)) = self.done.get(&place) {
            return if *hash == key.request_hash { Ok(done.clone()) } else { Err(Refusal::KeyReused) };
        }
        let done = act(self)?;
        self.writes += 1;
        self.done.insert(place, (key.request_hash, done.clone()));
        Ok(done)
    }

    fn tell(&mut self, caller: &Caller, kind: EventKind, state: &View, lost: Vec<UserId>) {
        let View { id: document, version, ref heads, .. } = *state;
        let (caller, heads) = (caller.clone(), heads.clone());
        self.story.tell(Happened { caller, document, kind, version, heads, lost });
    }

    fn page(&mut self, caller: &Caller, changes: &Changes) -> Result<ChangesPage, Refusal> {
        if let Some(refusal) = self.refusals.pop_front() {
            return Err(refusal);
        }
        self.story.page(caller, changes, |id| self.find(caller, id).is_ok())
    }

    fn make(
        &mut self,
        caller: &Caller,
        words: (&str, &Labels),
        shape: Shape,
        content: &Value,
    ) -> Result<Done, Refusal> {
        fits(shape, content)?;
        self.minted += 1;
        let id = DocId::mint(Slot::of_owner(&caller.tenant, &caller.user), [self.minted; 16]);
        let first = view(id, words, shape, &caller.user, 1, content);
        let versions = vec![first.clone()];
        let document = Document { owner: caller.user.clone(), versions, access: BTreeMap::new() };
        self.documents.insert((caller.tenant.clone(), id), document);
        self.tell(caller, EventKind::Created, &first, vec![]);
        let revision = self.next(id);
        Ok(Done::Seen(Seen { view: first, level: Level::Owner, revision }))
    }

    fn document_mut(
        &mut self,
        caller: &Caller,
        id: DocId,
        needed: Level,
    ) -> Result<(&mut Document, Level), Refusal> {
        let held = self.find(caller, id)?.1;
        if held < needed {
            return Err(Refusal::Forbidden { needed, held });
        }
        let document = self.documents.get_mut(&(caller.tenant.clone(), id)).expect("it was found above");
        Ok((document, held))
    }
}

/// A name and labels.
type Said<'a> = (&'a str, &'a Labels);

fn view(
    id: DocId,
    (name, labels): Said<'_>,
    shape: Shape,
    owner: &UserId,
    version: u64,
    content: &Value,
) -> Arc<View> {
    let content = Bytes::from(serde_json::to_vec(content).unwrap());
    let mut digest = Sha256::new();
    digest.update(version.to_le_bytes());
    digest.update(&content);
    let heads = vec![Hash(digest.finalize().into())];
    let (created_at, updated_at) = (Timestamp(1_790_000_000_000), Timestamp(1_790_000_000_000 + version));
    let (name, owner, labels) = (name.into(), owner.clone(), labels.clone());
    Arc::new(View::new(ViewParts {
        id,
        name,
        shape,
        owner,
        version,
        heads,
        created_at,
        updated_at,
        content,
        labels,
    }))
}

fn fits(shape: Shape, content: &Value) -> Result<(), Refusal> {
    let fits = match shape {
        Shape::Text => content.is_string(),
        Shape::Json => content.is_object(),
    };
    let reason = format!("a {} document does not hold this", shape.as_str());
    if fits { Ok(()) } else { Err(Refusal::BadEdit { operation: None, reason }) }
}

fn apply(content: &mut Value, operation: usize, op: Op) -> Result<(), Refusal> {
    let bad = |reason: &str| Err(Refusal::BadEdit { operation: Some(operation), reason: reason.into() });
    match (content, op) {
        (Value::Object(map), Op::Set { path, value }) => match path.as_slice() {
            [rpc::PathStep::Key(key)] => {
                map.insert(key.clone(), value);
                Ok(())
            }
            _ => bad("the model sets members of the root only"),
        },
        (Value::String(text), Op::Splice { position, delete, insert, .. }) => {
            let mut units: Vec<u16> = text.encode_utf16().collect();
            let (from, to) = (position, position + delete);
            if to > units.len() {
                return bad("the position is beyond the end");
            }
            units.splice(from..to, insert.encode_utf16());
            *text = String::from_utf16(&units).unwrap();
            Ok(())
        }
        _ => bad("the model does not do this"),
    }
}

impl Shards for Model {
    fn create(&self, caller: Caller, create: Create) -> Answer<'_, Seen> {
        self.answer(move |state| {
            let done = state.once(&caller.clone(), create.key, |state| {
                state.make(&caller, (&create.name, &create.labels), create.shape, &create.content)
            })?;
            seen(done)
        })
    }

    fn read(&self, caller: Caller, read: Read) -> Answer<'_, Seen> {
        self.answer(move |state| {
            let revision = state.revision(read.id);
            if read.at_least.is_some_and(|index| index > revision.index) {
                let (reason, retry_after) = ("it has not come so far".to_owned(), Duration::from_secs(1));
                return Err(Refusal::Unavailable { shard: revision.shard, reason, retry_after });
            }
            let (document, level) = state.find(&caller, read.id)?;
            let view = document.at(&read.at)?;
            Ok(Seen { view, level, revision })
        })
    }

    fn peek(&self, caller: &Caller, id: DocId) -> Option<Seen> {
        let mut state = self.state.lock();
        if !state.refusals.is_empty() {
            return None;
        }
        let (document, level) = state.find(caller, id).ok()?;
        let seen = Seen { view: document.newest().clone(), level, revision: state.revision(id) };
        state.peeks += 1;
        Some(seen)
    }

    fn write(&self, caller: Caller, write: Write) -> Answer<'_, Seen> {
        self.answer(move |state| {
            let Write { id, base, edit, precondition, key } = write;
            state.find(&caller, id)?;
            let done = state.once(&caller, key, |state| {
                let (document, level) = state.document_mut(&caller, id, Level::Write)?;
                let newest = document.newest().clone();
                if !precondition.holds(&newest.tag) {
                    return Err(Refusal::Precondition { tag: newest.tag.clone() });
                }
                match base {
                    Base::Now => {}
                    Base::Version(asked) if (1..=newest.version).contains(&asked) => {}
                    Base::Version(asked) => {
                        return Err(Refusal::UnknownVersion { asked, newest: newest.version });
                    }
                    Base::Heads(heads) if document.versions.iter().any(|view| view.heads == heads) => {}
                    Base::Heads(heads) => {
                        return Err(Refusal::UnknownHeads { hash: heads[0].to_string() });
                    }
                }
                let content = match edit {
                    Edit::Replace(content) => content,
                    Edit::Operations { ops, .. } => {
                        let mut content = serde_json::from_slice(&newest.content).unwrap();
                        for (operation, op) in ops.into_iter().enumerate() {
                            apply(&mut content, operation, op)?;
                        }
                        content
                    }
                };
                fits(newest.shape, &content)?;
                let version = newest.version + 1;
                let next =
                    view(id, (&newest.name, &newest.labels), newest.shape, &newest.owner, version, &content);
                document.versions.push(next.clone());
                state.tell(&caller, EventKind::Changed, &next, vec![]);
                Ok(Done::Seen(Seen { view: next, level, revision: state.next(id) }))
            })?;
            seen(done)
        })
    }

    fn history(&self, caller: Caller, history: History) -> Answer<'_, Versions> {
        self.answer(move |state| {
            let (document, revision) = (state.find(&caller, history.id)?.0, state.revision(history.id));
            let before = history.before.unwrap_or(u64::MAX);
            let mut older = document.versions.iter().rev().filter(|view| view.version < before);
            let told = |view: &Arc<View>| Version {
                version: view.version,
                heads: view.heads.clone(),
                at: view.updated_at,
                authors: vec![document.owner.clone()],
                size: Some(Size { changes: 1, bytes: view.content.len() as u64 }),
            };
            let versions: Vec<_> = older.by_ref().take(history.limit).map(told).collect();
            let next = older.next().and_then(|_| Some(versions.last()?.version));
            Ok(Versions { versions, next, revision })
        })
    }

    /// The model finds no difference: it replaces everything.
    fn compare(&self, caller: Caller, compare: Compare) -> Answer<'_, Comparison> {
        self.answer(move |state| {
            let (document, revision) = (state.find(&caller, compare.id)?.0, state.revision(compare.id));
            let (from, to) = (document.at(&compare.from)?, document.at(&compare.to)?);
            let value = serde_json::from_slice(&to.content).unwrap();
            Ok(Comparison { from, to, ops: vec![Op::Set { path: vec![], value }], revision })
        })
    }

    /// A file of the model is a mark and the content.
    fn export(&self, caller: Caller, export: Export) -> Answer<'_, Exported> {
        self.answer(move |state| {
            let (document, revision) = (state.find(&caller, export.id)?.0, state.revision(export.id));
            let view = document.at(&export.at)?;
            let file = [FILE, &view.content].concat().into();
            Ok(Exported { version: view.version, heads: view.heads.clone(), file, revision })
        })
    }

    fn import(&self, caller: Caller, import: Import) -> Answer<'_, Seen> {
        self.answer(move |state| {
            let done = state.once(&caller.clone(), import.key, |state| {
                let content = import.file.strip_prefix(FILE);
                let content = content.and_then(|content| serde_json::from_slice::<Value>(content).ok());
                let reason = "this is no file of the model".to_owned();
                let content = content.ok_or(Refusal::BadEdit { operation: None, reason })?;
                let shape = if content.is_string() { Shape::Text } else { Shape::Json };
                state.make(&caller, (&import.name, &Labels::new()), shape, &content)
            })?;
            seen(done)
        })
    }

    fn delete(&self, caller: Caller, delete: Delete) -> Answer<'_, Revision> {
        self.answer(move |state| {
            let done = state.once(&caller, delete.key, |state| {
                let (document, _) = state.document_mut(&caller, delete.id, Level::Owner)?;
                let tag = document.newest().tag.clone();
                if !delete.precondition.holds(&tag) {
                    return Err(Refusal::Precondition { tag });
                }
                let lost = document.access.keys().chain([&document.owner]).cloned().collect();
                let last = document.newest().clone();
                state.documents.remove(&(caller.tenant.clone(), delete.id));
                state.tell(&caller, EventKind::Deleted, &last, lost);
                Ok(Done::Deleted(state.next(delete.id)))
            })?;
            match done {
                Done::Deleted(revision) => Ok(revision),
                Done::Seen(_) | Done::Access(_) => unreachable!("the key is that of a deletion"),
            }
        })
    }

    fn share(&self, caller: Caller, share: Share) -> Answer<'_, Access> {
        self.answer(move |state| {
            let done = state.once(&caller, share.key, |state| {
                let revision = state.next(share.id);
                let (document, _) = state.document_mut(&caller, share.id, Level::Admin)?;
                let principal = share.principal;
                match share.level {
                    Some(level) => document.access.insert(principal.clone(), level),
                    None => document.access.remove(&principal),
                };
                let (list, newest) = (document.access_list(revision), document.newest().clone());
                let lost = if share.level.is_none() { vec![principal.clone()] } else { vec![] };
                state.tell(&caller, EventKind::Shared { principal, level: share.level }, &newest, lost);
                Ok(Done::Access(list))
            })?;
            match done {
                Done::Access(access) => Ok(access),
                Done::Seen(_) | Done::Deleted(_) => unreachable!("the key is that of a share"),
            }
        })
    }

    fn set_metadata(&self, caller: Caller, set: SetMetadata) -> Answer<'_, Seen> {
        self.answer(move |state| {
            let SetMetadata { id, name, clear_labels, labels: changes, precondition, key } = set;
            state.find(&caller, id)?;
            let done = state.once(&caller, key, |state| {
                let (document, level) = state.document_mut(&caller, id, Level::Write)?;
                let newest = document.newest().clone();
                if !precondition.holds(&newest.tag) {
                    return Err(Refusal::Precondition { tag: newest.tag.clone() });
                }
                let mut labels = if clear_labels { Labels::new() } else { newest.labels.clone() };
                for (key, value) in changes {
                    match value {
                        Some(value) => labels.insert(key, value),
                        None => labels.remove(&key),
                    };
                }
                let name = name.as_deref().unwrap_or(&newest.name);
                let content = serde_json::from_slice(&newest.content).unwrap();
                let said = (name, &labels);
                let next = view(id, said, newest.shape, &newest.owner, newest.version, &content);
                document.versions.pop();
                document.versions.push(next.clone());
                state.tell(&caller, EventKind::Metadata, &next, vec![]);
                Ok(Done::Seen(Seen { view: next, level, revision: state.next(id) }))
            })?;
            seen(done)
        })
    }

    fn access(&self, caller: Caller, id: DocId) -> Answer<'_, Access> {
        self.answer(move |state| Ok(state.find(&caller, id)?.0.access_list(state.revision(id))))
    }

    fn list(&self, caller: Caller, list: List) -> Answer<'_, Page> {
        self.answer(move |state| {
            let here =
                |tenant, id| caller.tenant == tenant && shard_of(id) == list.shard && Some(id) > list.after;
            let visible = state.documents.iter().filter(|((tenant, id), _)| here(tenant.clone(), *id));
            let mut all = visible.filter_map(|(_, document)| Some((document, document.level(&caller.user)?)));
            let documents: Vec<_> = all.by_ref().take(list.limit).map(summary).collect();
            let next = all.next().and_then(|_| Some(documents.last()?.id));
            Ok(Page { documents, next })
        })
    }

    /// Everything, sorted and filtered the simplest way.
    fn select(&self, caller: Caller, select: Select) -> Answer<'_, Selection> {
        self.answer(move |state| {
            let Select { shard, filter, order, after, limit, count } = select;
            let here = state
                .documents
                .iter()
                .filter(|((tenant, id), _)| caller.tenant == *tenant && shard_of(*id) == shard);
            let visible = here.filter_map(|(_, document)| Some((document, document.level(&caller.user)?)));
            let passes = |one: &Summary| filter.passes(&one.name, one.shape, one.owner.as_str(), &one.labels);
            let mut documents: Vec<_> = visible.map(summary).filter(passes).collect();
            let all = documents.len() as u64;
            documents.sort_by_key(|one| order.place(one));
            if order.descending {
                documents.reverse();
            }
            documents.retain(|one| {
                after.as_ref().is_none_or(|after| order.compare(&order.place(one), after).is_gt())
            });
            let more = documents.len() > limit;
            documents.truncate(limit);
            Ok(Selection { documents, more, count: count.then_some(all) })
        })
    }

    fn changes(&self, caller: Caller, changes: Changes) -> Answer<'_, ChangesPage> {
        Box::pin(async move {
            let deadline = Instant::now() + changes.wait;
            loop {
                let mut happened = std::pin::pin!(self.happened.notified());
                happened.as_mut().enable();
                let page = self.state.lock().page(&caller, &changes)?;
                let late = self.late.lock().filter(|(shard, _)| *shard == changes.shard);
                if let Some((_, by)) = late {
                    sleep(by).await;
                }
                let found = changes.since.is_none() || !page.events.is_empty() || page.more;
                if found || timeout_at(deadline, happened).await.is_err() {
                    return Ok(page);
                }
            }
        })
    }

    fn shards(&self) -> Vec<ShardId> {
        SlotMap::even(SHARDS).shards()
    }

    fn shard_of(&self, id: DocId) -> Option<ShardId> {
        Some(shard_of(id))
    }

    fn health(&self) -> Health {
        let serving = |shard| ShardHealth { shard, state: ShardState::Serving };
        let all = || Health { shards: self.shards().into_iter().map(serving).collect(), disk_low: None };
        self.state.lock().health.clone().unwrap_or_else(all)
    }
}

/// The shard of a document.
pub fn shard_of(id: DocId) -> ShardId {
    SlotMap::even(SHARDS).shard_of(id.slot())
}

fn seen(done: Done) -> Result<Seen, Refusal> {
    match done {
        Done::Seen(seen) => Ok(seen),
        Done::Access(_) | Done::Deleted(_) => unreachable!("the key is that of a write"),
    }
}

fn summary((document, level): (&Document, Level)) -> Summary {
    let view = document.newest();
    Summary {
        id: view.id,
        name: view.name.clone(),
        shape: view.shape,
        owner: view.owner.clone(),
        version: view.version,
        heads: view.heads.clone(),
        level,
        created_at: view.created_at,
        updated_at: view.updated_at,
        labels: view.labels.clone(),
    }
}

/// A shard that is named in tests of refusals.
pub const SHARD: ShardId = ShardId(2);
