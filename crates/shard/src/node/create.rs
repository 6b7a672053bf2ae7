//! Creation.

use super::write::memory_of_value;
use super::{Inner, doc_key};
use crate::command::{Command, Create as CreateCommand, EditId, Origin};
use crate::documents::{
    Fault, OwnerId, bad_edit, context, edit_id, new_document_key, refusal, unavailable, unproposed,
};
use crate::machine::{Done, Outcome, Rejection};
use crate::shard::Shard;
use crate::store::{DocKey, join_heads};
use base::{DocId, Heads, Level, Slot, Timestamp};
use bytes::Bytes;
use crdt::Stamp;
use rpc::{At, Caller, Create, Read, Refusal, Seen, View, ViewParts};
use serde_json::Value;
use std::sync::Arc;
use vault::{Kind, seal};

/// How often a creation is tried with another owner key. The first key of an owner is made once, so two are enough.
const ATTEMPTS_MAX: u32 = 4;

impl Inner {
    pub(super) async fn create(&self, caller: Caller, create: Create) -> Result<Seen, Refusal> {
        let slot = Slot::of_owner(&caller.tenant, &caller.user);
        let shard = self.shard_of(slot)?;
        shard.ready_to_write()?;
        // Whether it was done before, the log says: to ask here, too, would make every first attempt pay for the second.
        let edit = edit_id(&caller, &create.key);
        if let Err(full) = shard.room_to_write() {
            return match self.done_before(&shard, &caller.tenant, slot, &edit).await? {
                Some(receipt) => self.created(caller, receipt.document, receipt.version).await,
                None => Err(full),
            };
        }
        self.create_with(&shard, &caller, slot, &create, None, &edit).await
    }

    /// Makes a document. What was imported stands for the content, if it is given.
    pub(super) async fn create_with(
        &self,
        shard: &Shard,
        caller: &Caller,
        slot: Slot,
        create: &Create,
        imported: Option<NewDocument>,
        edit: &EditId,
    ) -> Result<Seen, Refusal> {
        for _ in 0..ATTEMPTS_MAX {
            match self.try_create(shard, caller, slot, create, imported.as_ref(), edit).await? {
                Tried::Made(seen) => return Ok(seen),
                Tried::Before(done) => {
                    return self.created(caller.clone(), done.document, done.version).await;
                }
                Tried::Stale => {}
            }
        }
        Err(unavailable(shard.id, "the owner's key changes too quickly".to_owned()))
    }

    /// The answer to a repeated creation: the document as it was made.
    pub(super) async fn created(
        &self,
        caller: Caller,
        document: [u8; 16],
        version: u64,
    ) -> Result<Seen, Refusal> {
        let id = DocId::from_bytes(document).map_err(|_| Fault::damaged("a receipt names no document"))?;
        self.read(caller, Read { id, at: At::Version(version), at_least: None }).await
    }

    async fn try_create(
        &self,
        shard: &Shard,
        caller: &Caller,
        slot: Slot,
        create: &Create,
        imported: Option<&NewDocument>,
        edit: &EditId,
    ) -> Result<Tried, Refusal> {
        let now = base::now();
        let doc = doc_key(caller, DocId::mint(slot, rand::random::<u128>().to_ne_bytes()));
        let stamp = Stamp { unix_ms: now.0 };
        let new = match imported {
            Some(imported) => imported.clone(),
            None => self.new_document(create, stamp).await?,
        };
        let owner_id =
            OwnerId { tenant: caller.tenant.clone(), owner: caller.user.as_str().to_owned(), slot };
        let (above, mut keys) =
            self.engine.keyring.owner_key_or_new(&shard.machine.store().view(), &owner_id, now)?;
        let (key, record) = new_document_key(&doc, &owner_id.owner, &above, now.0);
        keys.push(record);

        let command = Command::Create(CreateCommand {
            origin: Origin {
                tenant: caller.tenant.as_str().to_owned(),
                principals: vec![owner_id.owner],
                time_ms: now.0,
            },
            edit: edit.clone(),
            document: *doc.id.as_bytes(),
            name: create.name.clone(),
            shape: create.shape as u8,
            change: seal(&key, &context(&doc, Kind::Change), &new.changes),
            heads: join_heads(&new.heads),
            labels: Some(create.labels.clone()).filter(|labels| !labels.is_empty()),
        });
        let outcome = shard.proposer.propose(keys, command).await;
        match outcome.map_err(|error| unproposed(shard.id, &error))? {
            Outcome::One(Ok(done)) if done.repeated => Ok(Tried::Before(done)),
            Outcome::One(Ok(done)) => Ok(Tried::Made(made(shard, caller, create, doc, new, done))),
            // An id that is taken is as unlikely as a broken hash; a new one is minted.
            Outcome::One(Err(Rejection::Stale | Rejection::Exists)) => Ok(Tried::Stale),
            Outcome::One(Err(rejection)) => Err(refusal(rejection, &self.engine.limits)),
            Outcome::Edits(_) | Outcome::Ticket(_) => {
                Err(Refusal::Internal { reason: "a creation has one outcome".to_owned() })
            }
        }
    }

    /// The first change of a document. Small ones are made at once, because that is quicker than asking a worker.
    async fn new_document(&self, create: &Create, stamp: Stamp) -> Result<NewDocument, Refusal> {
        let limits = self.engine.limits;
        let make = move |shape, content: &Value| {
            let made = crdt::create(shape, content, stamp, &limits);
            made.map(NewDocument::from).map_err(|error| bad_edit(error, &limits))
        };
        if memory_of_value(&create.content) < LARGE_BYTES {
            return make(create.shape, &create.content);
        }
        let (shape, content) = (create.shape, create.content.clone());
        self.work(move || make(shape, &content)).await
    }
}

/// Content above this is not worked on where requests are served.
const LARGE_BYTES: usize = 64 << 10;

/// A document that is about to be.
#[derive(Clone)]
pub(super) struct NewDocument {
    /// Its changes, one behind the other.
    pub changes: Vec<u8>,
    /// Its heads.
    pub heads: Heads,
    /// Its content as JSON bytes.
    pub content: Bytes,
}

impl From<crdt::New> for NewDocument {
    fn from(crdt::New { change, heads, content }: crdt::New) -> NewDocument {
        NewDocument { changes: change.bytes, heads, content: content.into() }
    }
}

enum Tried {
    Made(Seen),
    Before(Done),
    Stale,
}

fn made(shard: &Shard, caller: &Caller, create: &Create, doc: DocKey, new: NewDocument, done: Done) -> Seen {
    let time = Timestamp(done.time_ms);
    let view = View::new(ViewParts {
        id: doc.id,
        name: create.name.as_str().into(),
        shape: create.shape,
        owner: caller.user.clone(),
        version: done.version,
        heads: new.heads,
        created_at: time,
        updated_at: time,
        content: new.content,
        labels: create.labels.clone(),
    });
    Seen { view: Arc::new(view), level: Level::Owner, revision: shard.revision() }
}
