//! The raw changes between two versions, for clients that have a CRDT library after all.

use super::channel::Channel;
use crate::documents::Fault;
use bytes::Bytes;
use rpc::{Refusal, View};

impl Channel {
    /// The changes that the later version has and the earlier one has not.
    pub(super) async fn changes(&self, old: &View, new: &View) -> Result<Bytes, Refusal> {
        let (engine, machine, doc) = (self.engine.clone(), self.shard.machine.clone(), self.live.doc.clone());
        let (from, to) = (old.heads.clone(), new.heads.clone());
        let between = move |state: &mut Option<_>| -> Result<Bytes, Refusal> {
            let loaded = engine.in_step(&machine.store().view(), &doc, state)?;
            let between = loaded.document.changes_between(&from, &to);
            // Both heads are of versions that were read from this document.
            Ok(between.map_err(|error| Fault::damaged(error.to_string()))?.into())
        };
        self.engine.with_open(&self.shard, &self.live.doc, between).await.map_err(Fault::from)?
    }
}
