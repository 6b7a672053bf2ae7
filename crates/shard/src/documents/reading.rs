//! Reading documents: the newest version through the cache of views, others from the open document.
//!
//! Blocking; runs on a worker.

use super::Fault;
use super::engine::Engine;
use super::making::{Bench, in_step};
use super::open::Loaded;
use super::stored::{self, Chunks, HeadWords};
use super::views::Cached;
use crate::machine::Machine;
use crate::store::{DocKey, Head, VersionRecord, split_heads};
use base::{Heads, Timestamp, UserId};
use bytes::Bytes;
use rpc::{At, Refusal, Seen, View, ViewParts};
use std::sync::Arc;

/// Sealed bytes above which an opened document is kept open: opening it again would cost more than keeping it.
const KEEP_OPEN_BYTES: usize = 32 << 10;

impl Engine {
    /// The newest version, from the store, as the user may see it; what was read is cached.
    pub fn read_newest(&self, machine: &Machine, doc: &DocKey, user: &UserId) -> Result<Seen, Refusal> {
        let cached = self.newest(machine, doc)?.ok_or(Refusal::NotFound)?;
        cached.seen_by(user).ok_or(Refusal::NotFound)
    }

    fn newest(&self, machine: &Machine, doc: &DocKey) -> Result<Option<Arc<Cached>>, Fault> {
        if let Some(cached) = self.views.get(&doc.id, &doc.tenant) {
            return Ok(Some(cached));
        }
        let generation = self.views.generation(doc);
        let store = machine.store();
        let Some(head) = stored::head(store, doc)? else { return Ok(None) };
        let content = self.content_of(machine, doc, &head)?;
        let view = view(doc, &head, content)?;
        let access = stored::access_list(store, doc)?;
        let cached = Cached::new(generation, doc.tenant.clone(), view.owner.clone(), access, Arc::new(view));
        let cached = Arc::new(cached);
        self.views.insert(doc.id, cached.clone());
        Ok(Some(cached))
    }

    /// The content at a head record: from the open document if it is in step, else opened for this.
    fn content_of(&self, machine: &Machine, doc: &DocKey, head: &Head) -> Result<Vec<u8>, Fault> {
        if let Some(open) = self.open.get(doc) {
            if let Ok(state) = open.state.try_lock() {
                if let Some(loaded) = state.as_ref().filter(|loaded| loaded.document.heads() == loaded.heads)
                {
                    if loaded.head.heads == head.heads {
                        return content(loaded);
                    }
                }
            }
        }
        let store = machine.store();
        let key = stored::key_of(&self.keyring, store, doc, head)?;
        let HeadWords { shape, heads, .. } = stored::words(head)?;
        let chunks: Chunks = stored::chunks(store, doc, &key, head.version)?;
        if chunks.bytes < KEEP_OPEN_BYTES {
            let document = chunks.into_document(&heads)?;
            return document.content_json(shape).map_err(|error| Fault::damaged(error.to_string()));
        }
        let open = self.open.entry(doc);
        let mut state = open.state.blocking_lock();
        let loaded = Loaded::load(&self.keyring, store, doc, head.clone())?;
        let content = content(&loaded);
        *state = Some(loaded);
        self.open.reweigh(&open, state.as_ref());
        content
    }

    /// A state of the past.
    pub fn read_past(
        &self,
        machine: &Machine,
        doc: &DocKey,
        user: &UserId,
        at: &At,
    ) -> Result<Seen, Refusal> {
        let store = machine.store();
        let head = stored::head(store, doc)?.ok_or(Refusal::NotFound)?;
        let level = stored::level(store, doc, &head, user)?.ok_or(Refusal::NotFound)?;
        let view = match at {
            At::Now => return self.read_newest(machine, doc, user),
            At::Version(version) if *version == head.version => return self.read_newest(machine, doc, user),
            At::Version(version) => {
                let unknown = Refusal::UnknownVersion { asked: *version, newest: head.version };
                let record = stored::version(store, doc, *version)?.ok_or(unknown)?;
                let heads = split_heads(record.heads()).map_err(Fault::from)?;
                self.view_at(machine, doc, &heads, *version, Timestamp(record.time_ms))?
            }
            At::Heads(heads) => {
                let (version, time) = version_of(machine, doc, &head, heads)?;
                self.view_at(machine, doc, heads, version, time)?
            }
        };
        Ok(Seen { view: Arc::new(view), level })
    }

    /// The document as it was at some heads.
    fn view_at(
        &self,
        machine: &Machine,
        doc: &DocKey,
        heads: &Heads,
        version: u64,
        updated_at: Timestamp,
    ) -> Result<View, Refusal> {
        let open = self.open.entry(doc);
        let mut state = open.state.blocking_lock();
        let bench = Bench {
            store: machine.store(),
            keyring: &self.keyring,
            limits: &self.limits,
            now_ms: updated_at.0,
        };
        let loaded = in_step(&bench, doc, &mut state)?.ok_or(Refusal::NotFound)?;
        let content = match loaded.document.content_json_at(loaded.shape, heads) {
            Ok(content) => content,
            Err(crdt::HeadsError::Unknown { unknown }) => {
                return Err(Refusal::UnknownHeads { hash: unknown.to_string() });
            }
            Err(poisoned) => {
                let fault = Fault::damaged(poisoned.to_string());
                *state = None;
                return Err(fault.into());
            }
        };
        let words = stored::words(&loaded.head)?;
        let name = loaded.head.name.as_str().into();
        self.open.reweigh(&open, state.as_ref());
        let HeadWords { shape, owner, created_at, .. } = words;
        let (heads, content) = (heads.clone(), Bytes::from(content));
        Ok(View::new(ViewParts {
            id: doc.id,
            name,
            shape,
            owner,
            version,
            heads,
            created_at,
            updated_at,
            content,
        }))
    }
}

/// The newest version whose heads are these, and its time. Heads between two versions have the version after them.
fn version_of(
    machine: &Machine,
    doc: &DocKey,
    head: &Head,
    heads: &Heads,
) -> Result<(u64, Timestamp), Fault> {
    let wanted = crate::store::join_heads(heads);
    if head.heads == wanted {
        return Ok((head.version, Timestamp(head.updated_ms)));
    }
    for version in (1..=head.version).rev() {
        let record: Option<VersionRecord> = stored::version(machine.store(), doc, version)?;
        if let Some(record) = record.filter(|record| record.parts.iter().any(|part| part.heads == wanted)) {
            return Ok((version, Timestamp(record.time_ms)));
        }
    }
    // Heads that no version ended with, put together by the client: as new as the newest of them can be.
    Ok((head.version, Timestamp(head.updated_ms)))
}

fn content(loaded: &Loaded) -> Result<Vec<u8>, Fault> {
    loaded.document.content_json(loaded.shape).map_err(|error| Fault::damaged(error.to_string()))
}

/// The view of a head record with its content.
pub fn view(doc: &DocKey, head: &Head, content: Vec<u8>) -> Result<View, Fault> {
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
