//! Birth by sync: the first changes that a client brings for an id that nobody has make a document of its user's.

use super::content::Content;
use super::document::{Commit, LiveDocument};
use super::relay::{authors, settle_empty};
use super::take::{Unfit, arrive, end_wrong};
use super::upload::{Arrived, Upload};
use crate::command::{Command, Create, EditId, Origin};
use crate::documents::{Engine, Fault, Keyring, OwnerId, context, new_document_key, refusal, unproposed};
use crate::machine::{Done, Outcome, Rejection};
use crate::shard::Shard;
use crate::store::join_heads;
use base::{Heads, Limits, Timestamp};
use crdt::graph::{Graph, shape};
use rpc::Refusal;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use vault::{Key, Kind, seal};

/// How often it is tried with another owner key. The first key of an owner is made once, so two are enough.
const ATTEMPTS_MAX: u32 = 4;

/// Uploads that are to be taken once a document is there.
#[derive(Default)]
pub struct Later {
    /// Those of other sessions: they were not looked into.
    pub others: Vec<Upload>,
    /// Those that were to make it, if somebody else has made it meanwhile.
    pub tried: Vec<Upload>,
}

/// Makes the document of uploads to an id that has none.
pub async fn give_birth(
    engine: &Arc<Engine>,
    shard: &Arc<Shard>,
    live: &Arc<LiveDocument>,
    uploads: Vec<Upload>,
) -> Later {
    // Whoever wants to load it waits until it is there.
    let _making = live.gate.lock().await;
    let Some(parent) = uploads.first().map(|upload| upload.session.clone()) else {
        return Later::default();
    };
    let (own, others): (Vec<_>, Vec<_>) =
        uploads.into_iter().partition(|upload| Arc::ptr_eq(&upload.session, &parent));
    let worker = (shard.clone(), engine.limits);
    let looked = engine.workers.run(move || look(&worker.0, own, &worker.1)).await;
    let embryo = match looked {
        Ok(embryo) => embryo,
        Err(lost) => {
            parent.end(Fault::from(lost).into());
            return Later { others, ..Later::default() };
        }
    };
    if embryo.heads.is_empty() {
        embryo.settle();
        return Later { others, ..Later::default() };
    }
    let mut tried = Vec::new();
    match create(engine, shard, live, &embryo).await {
        Ok(Born::Made(done, key)) => {
            if let Err(fault) = embryo.live(live, done, key) {
                tracing::error!(document = %live.doc.id, %fault, "a new document is read anew");
            }
            engine.live.reweigh(live);
            embryo.settle();
        }
        // Somebody else was first; what this one brings is an upload like any other.
        Ok(Born::Taken) => tried.extend(embryo.arrived.into_iter().map(|arrived| arrived.upload)),
        Err(refusal) => parent.end(refusal),
    }
    Later { others, tried }
}

/// A document that is about to be.
struct Embryo {
    arrived: Vec<Arrived>,
    heads: Heads,
}

enum Born {
    Made(Done, Key),
    Taken,
}

fn look(shard: &Shard, uploads: Vec<Upload>, limits: &Limits) -> Embryo {
    let nothing = Graph::new();
    let mut intake = nothing.intake();
    let mut arrived = Vec::new();
    for mut upload in uploads {
        // This is done by a worker.
        upload.heavy = true;
        // What a session sends behind what was wrong is not heard.
        if upload.session.is_over() {
            continue;
        }
        match arrive(shard, &mut intake, upload, limits) {
            Ok(one) => arrived.push(one),
            Err(Unfit::Wrong(wrong) | Unfit::Heavy(wrong)) => end_wrong(vec![wrong]),
        }
    }
    Embryo { arrived, heads: intake.heads() }
}

async fn create(
    engine: &Engine,
    shard: &Shard,
    live: &LiveDocument,
    embryo: &Embryo,
) -> Result<Born, Refusal> {
    let user = embryo.arrived.first().map(|arrived| arrived.upload.session.user());
    let Some(user) = user else { return Ok(Born::Taken) };
    let (doc, keyring): (_, &Keyring) = (&live.doc, &engine.keyring);
    let owner = OwnerId { tenant: doc.tenant.clone(), owner: user.as_str().to_owned(), slot: doc.id.slot() };
    let changes = embryo.arrived.iter().map(Arrived::chunks).collect::<Vec<_>>().concat();
    let shape =
        shape(embryo.arrived.iter().flat_map(|arrived| &arrived.changes).map(|change| &change.summary));
    for _ in 0..ATTEMPTS_MAX {
        let now = base::now();
        let (above, mut keys) = keyring.owner_key_or_new(&shard.machine.store().view(), &owner, now)?;
        let (key, record) = new_document_key(doc, &owner.owner, &above, now.0);
        keys.push(record);
        let command = Command::Create(Create {
            origin: Origin {
                tenant: doc.tenant.as_str().to_owned(),
                principals: vec![owner.owner.clone()],
                time_ms: now.0,
            },
            edit: birth_id(&owner, doc.id.as_bytes()),
            document: *doc.id.as_bytes(),
            name: String::new(),
            shape: shape as u8,
            change: seal(&key, &context(doc, Kind::Change), &changes),
            heads: join_heads(&embryo.heads),
            labels: None,
        });
        let _proposing = live.reign.proposing()?;
        match shard.proposer.propose(keys, command).await.map_err(|error| unproposed(shard.id, &error))? {
            Outcome::One(Ok(done)) if !done.repeated => return Ok(Born::Made(done, key)),
            Outcome::One(Ok(_) | Err(Rejection::Exists)) => return Ok(Born::Taken),
            Outcome::One(Err(Rejection::Stale)) => {}
            Outcome::One(Err(rejection)) => return Err(refusal(rejection, &engine.limits)),
            Outcome::Edits(_) | Outcome::Ticket(_) => {
                return Err(Refusal::Internal { reason: "a creation has one outcome".to_owned() });
            }
        }
    }
    Err(crate::documents::unavailable(shard.id, "the owner's key changes too quickly".to_owned()))
}

/// A document is born once, so that its id says it all.
fn birth_id(owner: &OwnerId, document: &[u8; 16]) -> EditId {
    let mut digest = Sha256::new();
    for field in
        [b"birth by sync", owner.tenant.as_str().as_bytes(), owner.owner.as_bytes(), document] as [&[u8]; 4]
    {
        digest.update((field.len() as u64).to_be_bytes());
        digest.update(field);
    }
    let digest = digest.finalize();
    EditId { key: std::array::from_fn(|i| digest[i]), request: std::array::from_fn(|i| digest[16 + i]) }
}

impl Embryo {
    /// The content, and everyone who waits is told.
    fn live(&self, live: &LiveDocument, done: Done, key: Key) -> Result<(), crdt::graph::Misfit> {
        let mut content = Content::new(key, 0);
        content.add_version(self.arrived.iter().flat_map(|arrived| &arrived.changes))?;
        live.begin_with(content);
        live.show(Commit {
            version: done.version,
            heads: self.heads.clone(),
            authors: authors(self.arrived.iter().map(|arrived| arrived.upload.session.user())),
            at: Timestamp(done.time_ms),
        });
        Ok(())
    }

    /// Tells the session what became of what it brought.
    fn settle(self) {
        settle_empty(self.arrived);
    }
}
