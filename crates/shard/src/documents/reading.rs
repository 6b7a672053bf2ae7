//! Reading documents: the newest version through the cache of views, others from the open document.
//!
//! What needs the open document waits for it before it takes a worker: a worker never waits for a document, because the
//! one who holds the document may be waiting for a worker.

use super::Fault;
use super::engine::Engine;
use super::making::{Bench, in_step};
use super::moment::{Past, past, refused_heads, version_of};
use super::open::Loaded;
use super::stored::{self, HeadWords};
use super::views::Cached;
use crate::machine::{Generation, Machine};
use crate::shard::Shard;
use crate::store::{DocKey, Head, StoreView};
use base::UserId;
use bytes::Bytes;
use rpc::{At, Refusal, Seen, View, ViewParts};
use std::sync::Arc;

/// Sealed bytes above which an opened document is kept open: opening it again would cost more than keeping it.
const KEEP_OPEN_BYTES: usize = 32 << 10;

/// What the store alone says to a read.
enum Found {
    /// Everything.
    View(Arc<Cached>),
    /// The newest version is asked for, and the document is open, or so large that it is to be kept open.
    Open,
    /// A state of the past: open the document, and look at it there.
    Past(Past),
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
        let seen = self.read_once(shard, doc, user, at.clone()).await?;
        if is_asked_for(&at, &seen.view) {
            return Ok(seen);
        }
        // What was the newest when it was looked for may be the past when it is read: others write meanwhile. Then it is looked
        // for there, and stays there.
        self.read_once(shard, doc, user, at).await
    }

    async fn read_once(
        self: &Arc<Engine>,
        shard: &Arc<Shard>,
        doc: &DocKey,
        user: &UserId,
        at: At,
    ) -> Result<Seen, Refusal> {
        let found = {
            let (engine, shard, doc, user) = (self.clone(), shard.clone(), doc.clone(), user.clone());
            let look = move || match at {
                At::Now => engine.look_at_newest(&shard.machine, &doc, Some(&user)),
                past => engine.look_at_past(&shard.machine, &doc, &user, &past),
            };
            self.workers.run(look).await.map_err(Fault::from)??
        };
        let cached = match found {
            Found::View(cached) => cached,
            Found::Open => self.read_open(shard, doc).await?,
            Found::Past(past) => return self.read_past(shard, doc, user, past).await,
        };
        cached.seen_by(user, shard).ok_or(Refusal::NotFound)
    }

    /// The newest version of a document, for the hub itself.
    pub async fn newest(self: &Arc<Engine>, shard: &Arc<Shard>, doc: &DocKey) -> Result<Arc<View>, Refusal> {
        let (engine, machine, key) = (self.clone(), shard.machine.clone(), doc.clone());
        let look = move || engine.look_at_newest(&machine, &key, None);
        match self.workers.run(look).await.map_err(Fault::from)?? {
            Found::View(cached) => Ok(cached.view().clone()),
            Found::Open | Found::Past(_) => Ok(self.read_open(shard, doc).await?.view().clone()),
        }
    }

    /// `user` is who asks, if it is not the hub itself: where nothing is cached, who may not read is turned away here.
    fn look_at_newest(
        &self,
        machine: &Machine,
        doc: &DocKey,
        user: Option<&UserId>,
    ) -> Result<Found, Refusal> {
        let not_found = || Refusal::NotFound;
        if let Some(cached) = self.views.get(&doc.id, &doc.tenant) {
            return Ok(Found::View(cached));
        }
        let generation = self.views.generation(doc);
        let store = &machine.store().view();
        let head = stored::head(store, doc)?.ok_or_else(not_found)?;
        // Before the document is opened, so that strangers cannot make the hub work.
        if let Some(user) = user {
            stored::level(store, doc, &head, user)?.ok_or_else(not_found)?;
        }
        if self.open.holds(doc) {
            return Ok(Found::Open);
        }
        let key = self.keyring.document_key(store, doc, &head)?;
        let chunks = stored::chunks(store, doc, &key, &head)?;
        if chunks.bytes >= KEEP_OPEN_BYTES {
            return Ok(Found::Open);
        }
        let words = stored::words(&head)?;
        let document = self.quarantine.open(doc, head.version, || chunks.into_document(&words.heads))?;
        let content =
            document.content_json(words.shape).map_err(|error| Fault::damaged(error.to_string()))?;
        Ok(Found::View(self.keep(store, generation, doc, &head, content)?))
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

    async fn read_open(self: &Arc<Engine>, shard: &Arc<Shard>, doc: &DocKey) -> Result<Arc<Cached>, Refusal> {
        let (engine, key) = (self.clone(), doc.clone());
        let machine = shard.machine.clone();
        let read = move |state: &mut Option<Loaded>| -> Result<Arc<Cached>, Refusal> {
            // Somebody else may have read it while this waited for the document.
            if let Some(cached) = engine.views.get(&key.id, &key.tenant) {
                return Ok(cached);
            }
            let generation = engine.views.generation(&key);
            let view = machine.store().view();
            let loaded = engine.in_step(&view, &key, state)?;
            match loaded.document.content_json(loaded.shape) {
                Ok(content) => Ok(engine.keep(&view, generation, &key, &loaded.head, content)?),
                Err(poisoned) => {
                    *state = None;
                    Err(Fault::damaged(poisoned.to_string()).into())
                }
            }
        };
        self.with_open(shard, doc, read).await.map_err(Fault::from)?
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
        match past(store, doc, &head, at)? {
            Some(past) => Ok(Found::Past(past)),
            None => self.look_at_newest(machine, doc, Some(user)),
        }
    }

    async fn read_past(
        self: &Arc<Engine>,
        shard: &Arc<Shard>,
        doc: &DocKey,
        user: &UserId,
        past: Past,
    ) -> Result<Seen, Refusal> {
        let Past { heads, at } = past;
        let (engine, held) = (self.clone(), shard.clone());
        let (key, user) = (doc.clone(), user.clone());
        let read = move |state: &mut Option<Loaded>| -> Result<Seen, Refusal> {
            let view = held.machine.store().view();
            let loaded = engine.in_step(&view, &key, state)?;
            // Again: it may have been a while until the document was free.
            let level = stored::level(&view, &key, &loaded.head, &user)?.ok_or(Refusal::NotFound)?;
            let content = match loaded.document.content_json_at(loaded.shape, &heads) {
                Ok(content) => Bytes::from(content),
                Err(error) => return Err(refused_heads(error, state)),
            };
            // Only now that the hashes are known: nobody makes the hub search for what never was.
            let (version, updated_at) = match at {
                Some(at) => at,
                None => version_of(&view, &key, &loaded.head, &heads)?,
            };
            let HeadWords { shape, owner, created_at, .. } = stored::words(&loaded.head)?;
            let (id, name) = (key.id, loaded.head.name.as_str().into());
            let labels = loaded.head.labels.clone().unwrap_or_default();
            let parts =
                ViewParts { id, name, shape, owner, version, heads, created_at, updated_at, content, labels };
            Ok(Seen { view: Arc::new(View::new(parts)), level, revision: held.revision() })
        };
        self.with_open(shard, doc, read).await.map_err(Fault::from)?
    }

    /// The open document at the newest version that a view shows.
    pub fn in_step<'s>(
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

/// Whether a view shows the state that was asked for.
fn is_asked_for(at: &At, view: &View) -> bool {
    match at {
        At::Now => true,
        At::Version(version) => view.version == *version,
        At::Heads(heads) => *heads == view.heads,
    }
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
        labels: head.labels.clone().unwrap_or_default(),
    }))
}
