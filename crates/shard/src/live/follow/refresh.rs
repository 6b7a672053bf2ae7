//! Looking at a document again after it has changed.

use super::channel::Channel;
use crate::documents::{Fault, chain, head, version};
use base::UserId;
use rpc::{Refusal, Update, UpdateParts, View};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The shortest time between two looks. Nobody sees more than sixty changes a second.
const REST: Duration = Duration::from_millis(16);

/// How many times as long as a look took it rests: a document takes at most a fifth of a core for this.
const REST_FACTOR: u32 = 4;

impl Channel {
    /// Looks at the document until nothing has happened to it any more.
    pub(super) async fn keep_fresh(self: Arc<Self>) {
        let stopping = self.engine.stopping.clone();
        while self.is_to_be_looked_at() {
            let started = Instant::now();
            if let Err(refusal) = self.freshen().await {
                self.end_all(&refusal);
                self.state.lock().refreshing = false;
                return;
            }
            let rest = REST.max(started.elapsed() * REST_FACTOR);
            stopping.run_until_cancelled(tokio::time::sleep(rest)).await;
        }
    }

    /// Whether there is something to see for somebody. If not, the next to happen begins anew.
    fn is_to_be_looked_at(&self) -> bool {
        let wanted = self.is_followed() && !self.engine.stopping.is_cancelled();
        let mut state = self.state.lock();
        state.refreshing = wanted && state.stale;
        state.refreshing
    }

    /// Looks at the document, if anything happened since the last look, and leads everyone to what it is now.
    pub(super) async fn freshen(self: &Arc<Self>) -> Result<(), Refusal> {
        let _looking = self.gate.lock().await;
        if !std::mem::replace(&mut self.state.lock().stale, false) {
            return Ok(());
        }
        let looked = self.look().await;
        if looked.is_err() {
            self.state.lock().stale = true;
        }
        self.ring();
        looked
    }

    async fn look(self: &Arc<Self>) -> Result<(), Refusal> {
        self.live.reign.until_held().await?;
        let new = match self.engine.newest(&self.shard, &self.live.doc).await {
            Ok(view) => view,
            // Deleted: each follower finds out for itself.
            Err(Refusal::NotFound) => return Ok(()),
            Err(refusal) => return Err(refusal),
        };
        let old = self.state.lock().current.clone();
        let update = match old {
            Some(old) if old.version > new.version => return Ok(()),
            // It may have another name by now.
            Some(old) if old.version == new.version => None,
            Some(old) => self.lead(old, new.clone(), self.wants_changes()).await?,
            None => None,
        };
        let mut state = self.state.lock();
        state.current = Some(new);
        if let Some(update) = update {
            state.history.push(update);
        }
        Ok(())
    }

    /// What leads from one version to a later one; nothing if it cannot be said in operations.
    pub(super) async fn lead(
        self: &Arc<Self>,
        old: Arc<View>,
        new: Arc<View>,
        with_changes: bool,
    ) -> Result<Option<Arc<Update>>, Refusal> {
        let changes = if with_changes { Some(self.changes(&old, &new).await?) } else { None };
        let channel = self.clone();
        let compare = move || {
            let ops = match crdt::difference(&old.content, &new.content) {
                Ok(ops) => ops,
                Err(error) => {
                    let document = channel.live.doc.id;
                    tracing::debug!(%document, error = chain(&error), "followers get the whole document");
                    return Ok(None);
                }
            };
            let authors = channel.authors(old.version, new.version)?;
            let (from, version, at) = (old.version, new.version, new.updated_at);
            let heads = new.heads.clone();
            let parts = UpdateParts { from, version, heads, authors, at, ops, changes };
            Ok::<_, Fault>(Some(Arc::new(Update::new(parts))))
        };
        Ok(self.engine.workers.run(compare).await.map_err(Fault::from)??)
    }

    /// Who made the versions behind `from` up to `to`. Reads the store.
    fn authors(&self, from: u64, to: u64) -> Result<Vec<UserId>, Fault> {
        let (view, doc) = (self.shard.machine.store().view(), &self.live.doc);
        let Some(head) = head(&view, doc)? else { return Ok(vec![]) };
        let mut authors: Vec<UserId> = Vec::new();
        for number in from + 1..=to {
            let parts = version(&view, doc, &head, number)?.map_or_else(Vec::new, |record| record.parts);
            for part in parts {
                let author = UserId::new(&part.author).map_err(|error| Fault::damaged(error.to_string()))?;
                if !authors.contains(&author) {
                    authors.push(author);
                }
            }
        }
        Ok(authors)
    }
}
