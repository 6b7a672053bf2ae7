//! A live document: its content, and who follows it.

use super::access::{Access, Standing};
use super::bodies::Bodies;
use super::content::Content;
use super::load::{add_since, load, misfit};
use super::names::Names;
use super::session::Session;
use super::watch::{Notice, Watcher};
use crate::documents::{Engine, Fault, head};
use crate::reign::Reign;
use crate::shard::Shard;
use crate::store::{DocKey, Head, StoreView};
use base::{Heads, Timestamp, UserId};
use crdt::admit::Admitted;
use crdt::graph::Graph;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use rpc::{Ephemeral, Refusal};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

/// A document that somebody follows, or did a moment ago.
pub struct LiveDocument {
    /// Which.
    pub doc: DocKey,
    /// What it is good for. Within it, content that was loaded stays current: every change comes through this node, and is
    /// taken in once its outcome is known. Where an outcome stays unknown, the reign is over.
    pub reign: Arc<Reign>,
    /// The content; none before it is loaded, and where there is no document.
    content: RwLock<Option<Box<Content>>>,
    access: Mutex<Option<Arc<Access>>>,
    followers: Mutex<Followers>,
    /// Messages for those at the same point.
    pub(super) bodies: Bodies,
    /// Held by whoever loads the content or makes the document.
    pub(super) gate: tokio::sync::Mutex<()>,
    /// Whether somebody loads the content for those who wait for a bell.
    waking: AtomicBool,
    /// Whether it is about to be compacted.
    compacting: AtomicBool,
    next_number: AtomicU64,
}

#[derive(Default)]
struct Followers {
    sessions: HashMap<u64, Arc<Session>>,
    watchers: HashMap<u64, Watcher>,
    names: Names,
}

/// A version that came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The version.
    pub version: u64,
    /// Its heads.
    pub heads: Heads,
    /// Who made it, each once, in order.
    pub authors: Vec<UserId>,
    /// When.
    pub at: Timestamp,
}

/// The graph of a document that is not there.
pub(super) static NOTHING: LazyLock<Graph> = LazyLock::new(Graph::new);

impl LiveDocument {
    /// A document of which nothing is known yet.
    pub fn new(reign: Arc<Reign>, doc: DocKey) -> LiveDocument {
        LiveDocument {
            doc,
            reign,
            content: RwLock::new(None),
            access: Mutex::new(None),
            followers: Mutex::default(),
            bodies: Bodies::default(),
            gate: tokio::sync::Mutex::new(()),
            waking: AtomicBool::new(false),
            compacting: AtomicBool::new(false),
            next_number: AtomicU64::new(0),
        }
    }

    /// What a user is to the document now.
    pub fn standing(&self, shard: &Shard, user: &UserId) -> Result<Standing, Fault> {
        let mut kept = self.access.lock();
        if let Some(access) = kept.as_ref().filter(|access| access.is_current(shard, &self.doc)) {
            return Ok(access.standing(user));
        }
        let access = Arc::new(Access::read(shard, &self.doc)?);
        Ok(kept.insert(access).standing(user))
    }

    /// The content, if it is loaded.
    pub fn content(&self) -> RwLockReadGuard<'_, Option<Box<Content>>> {
        self.content.read()
    }

    /// Looks at the graph: an empty one where there is no content.
    pub fn with_graph<T>(&self, look: impl FnOnce(&Graph) -> T) -> T {
        match &*self.content() {
            Some(content) => look(&content.graph),
            None => look(&NOTHING),
        }
    }

    /// Makes sure that the content is there, if there is a document.
    pub async fn ready(self: &Arc<Self>, engine: &Arc<Engine>, shard: &Arc<Shard>) -> Result<(), Refusal> {
        if self.content().is_some() {
            return Ok(());
        }
        let _loading = self.gate.lock().await;
        if self.content().is_some() {
            return Ok(());
        }
        let (live, shard, loader) = (self.clone(), shard.clone(), engine.clone());
        let loaded = engine.workers.run(move || live.load(&loader, &shard)).await;
        Ok(loaded.map_err(Fault::from).flatten()?)
    }

    /// Reads the content, if there is a document. Blocking and computing; the gate is held.
    fn load(self: &Arc<Self>, engine: &Engine, shard: &Shard) -> Result<(), Fault> {
        let view = shard.machine.store().view();
        let Some(first) = head(&view, &self.doc)? else { return Ok(()) };
        let load = || load(&engine.keyring, &view, &self.doc, &first);
        let content = engine.quarantine.open(&self.doc, first.version, load)?;
        {
            // Somebody else may have loaded it meanwhile, and have gone on from there: nobody is led back.
            let mut kept = self.content.write();
            if kept.as_ref().is_none_or(|kept| kept.version < content.version) {
                *kept = Some(Box::new(content));
            }
        }
        // What was committed meanwhile found no content to go into.
        let view = shard.machine.store().view();
        if let Some(newest) = head(&view, &self.doc)? {
            self.step(engine, &view, &newest)?;
        }
        engine.live.reweigh(self);
        Ok(())
    }

    /// Puts the content of a document in place that has just been made.
    pub(super) fn begin_with(&self, content: Content) {
        *self.content.write() = Some(Box::new(content));
    }

    /// Loads the content for those who wait for a bell, unless that is being done.
    pub(super) fn wake(self: &Arc<Self>, engine: &Arc<Engine>, shard: &Arc<Shard>) {
        if self.waking.swap(true, Ordering::AcqRel) {
            return;
        }
        let (live, shard, loader) = (self.clone(), shard.clone(), engine.clone());
        engine.tasks.spawn(async move {
            let loaded = live.ready(&loader, &shard).await;
            live.waking.store(false, Ordering::Release);
            match loaded {
                Ok(()) => live.ring(),
                Err(refusal) => live.end_all(&refusal),
            }
        });
    }

    /// Brings the content, if it is loaded, in step with the store. Whether it was behind: those who follow may not have
    /// heard of what came then.
    pub fn step(&self, engine: &Engine, view: &StoreView<'_>, head: &Head) -> Result<bool, Fault> {
        if self.content().as_ref().is_none_or(|content| content.version >= head.version) {
            return Ok(false);
        }
        let mut kept = self.content.write();
        let Some(mut content) = kept.take() else { return Ok(false) };
        // Taken out: after a failure nothing half done stays behind.
        if !add_since(&mut content, view, &self.doc, head)? {
            *content = load(&engine.keyring, view, &self.doc, head)?;
        }
        *kept = Some(content);
        Ok(true)
    }

    /// Makes sure that the content is there, in step with the store. For the one who works on the document. Blocking and
    /// computing, if it is not there. Whether those who follow may not have heard of it.
    pub fn load_or_step(
        self: &Arc<Self>,
        engine: &Engine,
        shard: &Shard,
        view: &StoreView<'_>,
        head: &Head,
    ) -> Result<bool, Fault> {
        if self.content().is_none() {
            // Somebody may be loading it as well.
            self.load(engine, shard)?;
            return Ok(true);
        }
        self.step(engine, view, head)
    }

    /// Whether so many of all changes are behind the compacted chunk, by this measure, that the document is to be compacted.
    /// Whoever is told so does it, and calls [`LiveDocument::begin_compaction`]; nobody else is told until then.
    pub fn is_to_be_compacted(&self, due: fn(usize, usize) -> bool) -> bool {
        let is_due = |content: &Content| due(content.graph.len(), content.graph.len() - content.compacted);
        self.content().as_deref().is_some_and(is_due) && !self.compacting.swap(true, Ordering::AcqRel)
    }

    /// All changes that are here now are about to be compacted.
    pub fn begin_compaction(&self) {
        if let Some(content) = self.content.write().as_mut() {
            content.compacted = content.graph.len();
        }
        self.compacting.store(false, Ordering::Release);
    }

    /// The version of the content; 0 if none is loaded.
    pub fn version(&self) -> u64 {
        self.content().as_ref().map_or(0, |content| content.version)
    }

    /// Forgets the content, because it is not certain any more, or the document is gone.
    pub fn forget(&self) {
        *self.content.write() = None;
    }

    /// Takes in what was committed as one version on top of the content, with which it has these heads.
    ///
    /// `false`: it was not made on this content, or not all of its changes are known here, and it has to be read from the
    /// store.
    pub fn committed<'c>(
        &self,
        version: u64,
        heads: &Heads,
        changes: impl IntoIterator<Item = &'c Admitted>,
    ) -> Result<bool, Fault> {
        let mut kept = self.content.write();
        let Some(content) = kept.as_mut().filter(|content| content.version + 1 == version) else {
            return Ok(kept.as_ref().is_none_or(|content| content.version >= version));
        };
        let mut changes = changes.into_iter().peekable();
        if changes.peek().is_none() {
            return Ok(false);
        }
        if let Err(wrong) = content.add_version(changes) {
            *kept = None;
            return Err(misfit(wrong));
        }
        let in_step = content.graph.heads().eq(heads.iter().copied());
        if !in_step {
            *kept = None;
        }
        Ok(in_step)
    }

    /// Tells everyone who follows of a new version.
    pub fn show(&self, commit: Commit) {
        let (waiting, watchers): (Vec<_>, _) = {
            let followers = self.followers.lock();
            followers.ring();
            let waiting = followers.sessions.values().filter(|session| session.has_orphans());
            (waiting.cloned().collect(), followers.watchers())
        };
        if !watchers.is_empty() {
            tell(&watchers, &Notice::Committed(Arc::new(commit)));
        }
        waiting.iter().for_each(|session| session.take_up_orphans());
    }

    /// Tells everyone who follows that who may do what has changed.
    pub fn access_changed(&self) {
        let watchers = {
            let followers = self.followers.lock();
            followers.ring();
            followers.watchers()
        };
        tell(&watchers, &Notice::Access);
    }

    /// Rings everyone's bell.
    pub fn ring(&self) {
        self.followers.lock().ring();
    }

    /// Whether a session of a user may speak under a name.
    pub(super) fn lends(&self, session: u64, user: &UserId, name: &Arc<str>) -> bool {
        let mut followers = self.followers.lock();
        // One that is over leaves no name behind.
        followers.sessions.contains_key(&session) && followers.names.lend(session, user, name)
    }

    /// Passes on what is not kept, to everyone but who said it.
    pub fn say(&self, from: u64, said: &Arc<Ephemeral>) {
        let watchers: Vec<_> = {
            let followers = self.followers.lock();
            let others = followers.sessions.iter().filter(|(number, _)| **number != from);
            others.for_each(|(_, session)| session.hear(said));
            let others = followers.watchers.iter().filter(|(number, _)| **number != from);
            others.map(|(_, watcher)| watcher.clone()).collect()
        };
        tell(&watchers, &Notice::Said(said.clone()));
    }

    /// Asks all peers again for what they have.
    pub fn start_over(&self) {
        let sessions: Vec<_> = self.followers.lock().sessions.values().cloned().collect();
        sessions.iter().for_each(|session| session.start_over());
    }

    /// Ends all sessions.
    pub fn end_all(&self, refusal: &Refusal) {
        let sessions: Vec<_> = self.followers.lock().sessions.values().cloned().collect();
        sessions.iter().for_each(|session| session.end(refusal.clone()));
    }

    /// A number for one more who follows.
    pub fn number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    /// A session begins; `false` if there are `limit` of them already.
    pub(super) fn join(&self, session: Arc<Session>, limit: usize) -> bool {
        let mut followers = self.followers.lock();
        let room = followers.sessions.len() < limit;
        if room {
            followers.sessions.insert(session.number(), session);
        }
        room
    }

    /// A session is over.
    pub(super) fn leave(&self, number: u64) {
        let left = {
            let mut followers = self.followers.lock();
            followers.names.leave(number);
            followers.sessions.remove(&number)
        };
        // Dropped without the lock: it may be the last that holds an upload, which tells its session.
        drop(left);
    }

    /// Somebody else wants to be told of what happens, under a number from [`LiveDocument::number`].
    pub fn watch(&self, number: u64, watcher: Watcher) {
        self.followers.lock().watchers.insert(number, watcher);
    }

    /// A watcher is not interested any more.
    pub fn unwatch(&self, number: u64) {
        let left = self.followers.lock().watchers.remove(&number);
        drop(left);
    }

    /// Whether there are so many sessions that to ring for all of them takes milliseconds.
    pub fn is_crowded(&self) -> bool {
        const CROWD: usize = 2_048;
        self.followers.lock().sessions.len() > CROWD
    }

    /// Whether there are sessions, which need the content.
    pub fn has_sessions(&self) -> bool {
        !self.followers.lock().sessions.is_empty()
    }

    /// Whether anybody wants to be told of what happens.
    pub fn is_followed(&self) -> bool {
        let followers = self.followers.lock();
        !followers.sessions.is_empty() || !followers.watchers.is_empty()
    }

    /// Bytes of memory that it takes, about.
    pub fn weight(&self) -> usize {
        let access = self.access.lock().as_ref().map_or(0, |access| access.weight());
        access + self.content().as_ref().map_or(0, |content| content.weight())
    }
}

impl Followers {
    fn ring(&self) {
        self.sessions.values().for_each(|session| session.ring());
    }

    fn watchers(&self) -> Vec<Watcher> {
        self.watchers.values().cloned().collect()
    }
}

/// Tells watchers. Not with the followers locked: a watcher may find that nobody needs it any more, and leave.
fn tell(watchers: &[Watcher], notice: &Notice) {
    watchers.iter().for_each(|watcher| watcher(notice));
}
