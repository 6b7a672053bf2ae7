//! Reading documents: the newest version through the cache of views, others from the open document.
//!
//! What needs the open document waits for it before it takes a worker: a worker never waits for a document, because the
//! one who holds the document may be waiting for a worker.

use super::Fault;
use super::compaction::{Compaction, begin_if_due};
use super::engine::Engine;
use super::making::{Bench, in_step};
use super::open::Loaded;
use super::stored::{self, HeadWords};
use super::views::Cached;
use crate::machine::{Generation, Machine};
use crate::shard::Shard;
use crate::store::{DocKey, Head, StoreView, join_heads, split_heads};
use base::{Heads, Timestamp, UserId};
use bytes::Bytes;
use rpc::{At, Refusal, Seen, View, ViewParts};
use std::sync::Arc;

/// Sealed bytes above which an opened document is kept open: opening it again would cost more than keeping it.
const KEEP_OPEN_BYTES: usize = 32 << 10;

/// What the store alone says to a read.
enum Found {
    /// Everything.
    Seen(Seen),
    /// The newest version is asked for, and the document is large: open it.
    Large,
    /// A state of the past: open the document, and look at it there.
    Past(Past),
}

/// A state of the past.
struct Past {
    heads: Heads,
    version: u64,
    updated_at: Timestamp,
}

impl Engine {
    /// A document as a user may see it.
    pub async fn read(
        self: &Arc<Engine>,
        shard: &Arc<Shard>,
        doc: &DocKey,
        user: &UserId,
        at: At,
    ) -> Result<Seen, Refusal> {
        let found = {
            let (engine, shard, doc, user) = (self.clone(), shard.clone(), doc.clone(), user.clone());
            let look = move || match at {
                At::Now => engine.look_at_newest(&shard.machine, &doc, &user),
                past => engine.look_at_past(&shard.machine, &doc, &user, &past),
            };
            self.workers.run(look).await.map_err(Fault::from)??
        };
        match found {
            Found::Seen(seen) => Ok(seen),
            Found::Large => self.read_large(shard, doc, user).await,
            Found::Past(past) => self.read_past(shard, doc, user, past).await,
        }
    }

    fn look_at_newest(&self, machine: &Machine, doc: &DocKey, user: &UserId) -> Result<Found, Refusal> {
        let not_found = || Refusal::NotFound;
        if let Some(cached) = self.views.get(&doc.id, &doc.tenant) {
            return Ok(Found::Seen(cached.seen_by(user).ok_or_else(not_found)?));
        }
        let generation = self.views.generation(doc);
        let store = &machine.store().view();
        let head = stored::head(store, doc)?.ok_or_else(not_found)?;
        // Before the document is opened, so that strangers cannot make the hub work.
        stored::level(store, doc, &head, user)?.ok_or_else(not_found)?;
        let key = self.keyring.document_key(store, doc, &head)?;
        let chunks = stored::chunks(store, doc, &key, &head)?;
        if chunks.bytes >= KEEP_OPEN_BYTES {
            return Ok(Found::Large);
        }
        let words = stored::words(&head)?;
        let document = self.quarantine.open(doc, head.version, || chunks.into_document(&words.heads))?;
        let content =
            document.content_json(words.shape).map_err(|error| Fault::damaged(error.to_string()))?;
        let cached = self.keep(store, generation, doc, &head, content)?;
        Ok(Found::Seen(cached.seen_by(user).ok_or_else(not_found)?))
    }

    /// Puts what was read of the newest version into the cache.
    pub fn keep(
        &self,
        store: &StoreView<'_>,
        generation: Generation,
        doc: &DocKey,
        head: &Head,
        content: Vec<u8>,
    ) -> Result<Arc<Cached>, Fault> {
        let view = view(doc, head, content)?;
        let access = stored::access_list(store, doc)?;
        let cached = Cached::new(generation, doc.tenant.clone(), view.owner.clone(), access, Arc::new(view));
        let cached = Arc::new(cached);
        self.views.insert(doc.id, cached.clone());
        Ok(cached)
    }

    async fn read_large(
        self: &Arc<Engine>,
        shard: &Arc<Shard>,
        doc: &DocKey,
        user: &UserId,
    ) -> Result<Seen, Refusal> {
        let (engine, key) = (self.clone(), doc.clone());
        let machine = shard.machine.clone();
        let read = move |state: &mut Option<Loaded>| -> Result<(Arc<Cached>, Option<Compaction>), Refusal> {
            // Somebody else may have read it while this waited for the document.
            if let Some(cached) = engine.views.get(&key.id, &key.tenant) {
                return Ok((cached, None));
            }
            let generation = engine.views.generation(&key);
            let view = machine.store().view();
            let loaded = engine.in_step(&view, &key, state)?;
            let content = match loaded.document.content_json(loaded.shape) {
                Ok(content) => content,
                Err(poisoned) => {
                    *state = None;
                    return Err(Fault::damaged(poisoned.to_string()).into());
                }
            };
            let cached = engine.keep(&view, generation, &key, &loaded.head, content)?;
            Ok((cached, begin_if_due(&key, loaded)))
        };
        let (cached, compaction) = self.with_open(doc, read).await.map_err(Fault::from)??;
        if let Some(compaction) = compaction {
            self.compact(shard, compaction);
        }
        cached.seen_by(user).ok_or(Refusal::NotFound)
    }

    fn look_at_past(
        &self,
        machine: &Machine,
        doc: &DocKey,
        user: &UserId,
        at: &At,
    ) -> Result<Found, Refusal> {
        let store = &machine.store().view();
        let head = stored::head(store, doc)?.ok_or(Refusal::NotFound)?;
        stored::level(store, doc, &head, user)?.ok_or(Refusal::NotFound)?;
        let past = |heads, version, updated_at| Found::Past(Past { heads, version, updated_at });
        match at {
            At::Now => self.look_at_newest(machine, doc, user),
            At::Version(version) if *version == head.version => self.look_at_newest(machine, doc, user),
            At::Version(version) => {
                let unknown = Refusal::UnknownVersion { asked: *version, newest: head.version };
                let record = stored::version(store, doc, &head, *version)?;
                let record = record.filter(|_| *version < head.version).ok_or(unknown)?;
                let heads = split_heads(record.heads()).map_err(Fault::from)?;
                Ok(past(heads, *version, Timestamp(record.time_ms)))
            }
            At::Heads(heads) if join_heads(heads) == head.heads => self.look_at_newest(machine, doc, user),
            At::Heads(heads) => {
                let (version, updated_at) = version_of(store, doc, &head, heads)?;
                Ok(past(heads.clone(), version, updated_at))
            }
        }
    }

    async fn read_past(
        self: &Arc<Engine>,
        shard: &Arc<Shard>,
        doc: &DocKey,
        user: &UserId,
        past: Past,
    ) -> Result<Seen, Refusal> {
        let Past { heads, version, updated_at } = past;
        let (engine, shard, key, user) = (self.clone(), shard.clone(), doc.clone(), user.clone());
        let read = move |state: &mut Option<Loaded>| -> Result<Seen, Refusal> {
            let view = shard.machine.store().view();
            let loaded = engine.in_step(&view, &key, state)?;
            // Again: it may have been a while until the document was free.
            let level = stored::level(&view, &key, &loaded.head, &user)?.ok_or(Refusal::NotFound)?;
            let content = match loaded.document.content_json_at(loaded.shape, &heads) {
                Ok(content) => Bytes::from(content),
                Err(crdt::HeadsError::Unknown { unknown }) => {
                    return Err(Refusal::UnknownHeads { hash: unknown.to_string() });
                }
                Err(empty @ crdt::HeadsError::Empty) => {
                    return Err(Refusal::BadEdit { operation: None, reason: empty.to_string() });
                }
                Err(crdt::HeadsError::Poisoned(poisoned)) => {
                    *state = None;
                    return Err(Fault::damaged(poisoned.to_string()).into());
                }
            };
            let HeadWords { shape, owner, created_at, .. } = stored::words(&loaded.head)?;
            let (id, name) = (key.id, loaded.head.name.as_str().into());
            let parts = ViewParts { id, name, shape, owner, version, heads, created_at, updated_at, content };
            Ok(Seen { view: Arc::new(View::new(parts)), level })
        };
        self.with_open(doc, read).await.map_err(Fault::from)?
    }

    /// The open document at the newest version that a view shows.
    fn in_step<'s>(
        &self,
        view: &StoreView<'_>,
        doc: &DocKey,
        state: &'s mut Option<Loaded>,
    ) -> Result<&'s mut Loaded, Refusal> {
        let (keyring, quarantine, limits) = (&self.keyring, &self.quarantine, &self.limits);
        let bench = Bench { view, keyring, quarantine, limits, now_ms: 0 };
        in_step(&bench, doc, state)?.ok_or(Refusal::NotFound)
    }
}

/// What stands for a version where there is none: no edit is taken against it.
const NO_VERSION: u64 = 0;

/// The version that ended with these heads, and its time. Heads that no version ended with, because the client put them
/// together itself, have none: an edit made against the number of another state would undo what lies between the two.
fn version_of(
    store: &StoreView<'_>,
    doc: &DocKey,
    head: &Head,
    heads: &Heads,
) -> Result<(u64, Timestamp), Fault> {
    let wanted = join_heads(heads);
    for version in (1..=head.version).rev() {
        let record = stored::version(store, doc, head, version)?;
        if let Some(record) = record.filter(|record| record.parts.iter().any(|part| part.heads == wanted)) {
            return Ok((version, Timestamp(record.time_ms)));
        }
    }
    Ok((NO_VERSION, Timestamp(head.updated_ms)))
}

/// The view of a head record with its content.
fn view(doc: &DocKey, head: &Head, content: Vec<u8>) -> Result<View, Fault> {
    let HeadWords { shape, owner, heads, created_at, updated_at } = stored::words(head)?;
    Ok(View::new(ViewParts {
        id: doc.id,
        name: head.name.as_str().into(),
        shape,
        owner,
        version: head.version,
        heads,
        created_at,
        updated_at,
        content: content.into(),
    }))
}
