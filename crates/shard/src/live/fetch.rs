//! Changes that are not at hand any more, fetched from the store for a session that is far behind.
//!
//! It happens beside everything else; the bell rings when the message is there. What is fetched takes room of the node
//! until its socket has taken it.

use super::access::Standing;
use super::content::Found;
use super::load::STORED;
use super::session::{Session, State};
use crate::documents::{Fault, compacted, head, unsealed, unsealed_versions, version};
use crate::store::{Head, StoreView};
use bytes::Bytes;
use crdt::Hash;
use crdt::admit::pieces;
use crdt::graph::Graph;
use crdt::sync::{Content, Plan};
use rpc::Refusal;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use vault::Key;

/// A message whose changes are fetched.
#[derive(Default)]
pub(super) enum Fetch {
    /// None is.
    #[default]
    None,
    /// It is under way; known by this to who fetches it.
    Running(Arc<()>),
    /// It is there, and takes this room.
    Ready(Bytes, OwnedSemaphorePermit),
}

impl Session {
    /// Begins to fetch the changes of a plan.
    pub(super) fn fetch(self: &Arc<Self>, state: &mut State, plan: Plan, bytes: usize) {
        let mark = Arc::new(());
        state.with_extras(|extras| extras.fetch = Fetch::Running(mark.clone()));
        self.engine.live.figures.fetched();
        let session = self.clone();
        self.engine.tasks.spawn(async move {
            match session.fetched(plan, bytes).await {
                Ok((message, room)) => session.deliver(&mark, message, room),
                Err(refusal) => session.not_fetched(&mark, refusal),
            }
        });
    }

    /// Puts a fetched message in place, if it is waited for still: access may have been taken away meanwhile.
    fn deliver(&self, mark: &Arc<()>, message: Bytes, room: OwnedSemaphorePermit) {
        {
            let mut state = self.state.lock();
            let Some(extras) = &mut state.extras else { return };
            if !matches!(&extras.fetch, Fetch::Running(running) if Arc::ptr_eq(running, mark)) {
                return;
            }
            extras.fetch = Fetch::Ready(message, room);
        }
        self.ring();
    }

    /// Ends the session if the message is waited for still and could have been had. Who may not have it any more, because
    /// access was taken away or the document is gone, learns that from the next message, and nothing else.
    fn not_fetched(&self, mark: &Arc<()>, refusal: Refusal) {
        {
            let mut state = self.state.lock();
            let Some(extras) = &mut state.extras else { return };
            if !matches!(&extras.fetch, Fetch::Running(running) if Arc::ptr_eq(running, mark)) {
                return;
            }
            extras.fetch = Fetch::None;
            state.tidy();
        }
        match self.standing() {
            Ok(Standing::Open(_)) => self.end(refusal),
            _ => self.ring(),
        }
    }

    async fn fetched(
        self: &Arc<Self>,
        plan: Plan,
        bytes: usize,
    ) -> Result<(Bytes, OwnedSemaphorePermit), Refusal> {
        let kib = u32::try_from(bytes / 1_024 + 1).unwrap_or(u32::MAX).min(super::FETCH_ROOM_KIB);
        let room = self.engine.fetch_room.clone().acquire_many_owned(kib).await;
        let stopping = || crate::documents::unavailable(self.shard.id, "the node is stopping".to_owned());
        let room = room.map_err(|_| stopping())?;
        let session = self.clone();
        let encode = move || {
            let chunks = session.chunks(&plan)?;
            Ok::<_, Fault>(plan.encode(&chunks))
        };
        let message = self.engine.workers.run(encode).await.map_err(Fault::from)??;
        Ok((message, room))
    }

    /// The chunks of a plan. Blocking and computing.
    fn chunks(&self, plan: &Plan) -> Result<Vec<Bytes>, Fault> {
        let doc = &self.live.doc;
        let view = self.shard.machine.store().view();
        let gone = || Fault::damaged("the document was deleted while it was read");
        let head = head(&view, doc)?.ok_or_else(gone)?;
        let key = self.engine.keyring.document_key(&view, doc, &head)?;
        let stored = Stored { session: self, view, head, key };
        match plan.content() {
            Content::Nothing => Ok(vec![]),
            Content::Document => stored.whole(),
            Content::Changes(changes) => stored.changes(changes),
        }
    }
}

/// What is stored of the document of a session.
struct Stored<'s> {
    session: &'s Session,
    view: StoreView<'s>,
    head: Head,
    key: Key,
}

impl Stored<'_> {
    /// Everything: the compacted chunk, and the changes behind it.
    fn whole(&self) -> Result<Vec<Bytes>, Fault> {
        let doc = &self.session.live.doc;
        let (since, chunk) = compacted(&self.view, doc, &self.key)?.unwrap_or_default();
        let behind = unsealed_versions(&self.view, doc, &self.key, &self.head, since)?;
        let behind = behind.ok_or_else(|| Fault::damaged("a version behind the compacted chunk is empty"))?;
        let chunks = std::iter::once(chunk).chain(behind.into_iter().map(|(_, changes)| changes));
        Ok(chunks.filter(|chunk| !chunk.is_empty()).map(Bytes::from).collect())
    }

    /// Some changes, in their order.
    fn changes(&self, wanted: &[Hash]) -> Result<Vec<Bytes>, Fault> {
        let mut versions = HashMap::new();
        let mut old = None;
        let mut chunks = Vec::with_capacity(wanted.len());
        for hash in wanted {
            let found = self.session.live.content().as_ref().and_then(|content| content.find(hash));
            let chunk = match found {
                Some(Found::Recent(chunk)) => Some(chunk),
                Some(Found::Version(number, place)) => match self.version(&mut versions, number)? {
                    Some(changes) => changes.get(place).cloned(),
                    None => self.old(&mut old)?.get(hash).cloned(),
                },
                Some(Found::Compacted) => self.old(&mut old)?.get(hash).cloned(),
                None => None,
            };
            chunks.push(chunk.ok_or_else(|| Fault::damaged(format!("change {hash} is not stored")))?);
        }
        Ok(chunks)
    }

    /// The changes of a version; `None` if they were compacted.
    fn version<'v>(&self, read: &'v mut Versions, number: u64) -> Result<Option<&'v Vec<Bytes>>, Fault> {
        let changes = match read.entry(number) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(unread) => {
                let doc = &self.session.live.doc;
                let record = version(&self.view, doc, &self.head, number)?;
                let record = record.ok_or_else(|| Fault::damaged(format!("version {number} is missing")))?;
                let changes = unsealed(doc, &self.key, &record)?;
                unread.insert(changes.map(|changes| pieces(&changes.into(), 1)))
            }
        };
        Ok(changes.as_ref())
    }

    /// The changes in the compacted chunk, taken apart once.
    fn old<'o>(&self, read: &'o mut Option<HashMap<Hash, Bytes>>) -> Result<&'o HashMap<Hash, Bytes>, Fault> {
        if read.is_none() {
            let chunk = compacted(&self.view, &self.session.live.doc, &self.key)?;
            let (_, chunk) = chunk.ok_or_else(|| Fault::damaged("the compacted chunk is missing"))?;
            let admission = Graph::new().admit(&chunk, &STORED);
            let changes = admission.map_err(|refused| Fault::damaged(refused.to_string()))?.changes;
            *read = Some(changes.into_iter().map(|change| (change.summary.hash(), change.chunk)).collect());
        }
        Ok(read.as_ref().expect("it was read above"))
    }
}

/// The changes of each version that was read.
type Versions = HashMap<u64, Option<Vec<Bytes>>>;
