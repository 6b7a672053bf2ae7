//! A node, as a gateway sees it: the seam, with a connection in between.

use super::ask::{Ask, Begin, ShardOf, Shown};
use super::lines::{Ended, Lines};
use super::link::{Link, Status};
use super::message::{Kind, TooLong, fits};
use super::session::{self, RETRY_AFTER, Session, too_large};
use super::views::Views;
use crate::transport::connection::{Address, Tasks};
use crate::transport::form::{Form, decode, encode};
use crate::transport::tls::Credentials;
use crate::{
    Access, Answer, At, Bell, Caller, Changes, ChangesPage, Compare, Comparison, Create, Delete, Export,
    Exported, Follow, FollowSession, Health, History, Import, Join, LimitKind, List, Live, OnMissed,
    OnRevoked, Page, Read, Redeem, Redeemed, Refusal, Revision, Seen, Select, Selection, SetMetadata, Shards,
    Share, SyncSession, TicketId, Tickets, Versions, Write,
};
use base::{DocId, ShardId, Timestamp};
use hyper::rt::Executor;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::timeout;

/// A node of shards over a connection that is kept up.
///
/// Requests that are on their way when it breaks are [`Refusal::Unknown`] if they may have changed something, and
/// [`Refusal::Unavailable`] if not; sessions end with that. While it is down everything is unavailable at once.
pub struct Remote {
    link: Arc<Link>,
    views: Views,
    shard_of: ShardOf,
}

/// How to reach a node.
pub struct RemoteConfig {
    /// Where it is, and which name it proves.
    pub address: Address,
    /// The gateway's own.
    pub credentials: Arc<Credentials>,
    /// For refusals that are made here.
    pub shard_of: ShardOf,
    /// How many bytes of views to keep, so that a node need not send again what is still the newest.
    pub view_bytes: u64,
}

impl Remote {
    /// Begins to connect, and goes on until [`Remote::close`]. Inside a Tokio runtime, which it runs on.
    pub fn start(config: RemoteConfig) -> Remote {
        let RemoteConfig { address, credentials, shard_of, view_bytes } = config;
        let link = Arc::new(Link {
            address,
            credentials,
            boot: rand::random(),
            status: watch::channel(Status::Beginning).0,
            health: Mutex::default(),
            heard: Arc::default(),
            tasks: Tasks::new(),
        });
        link.tasks.execute(link.clone().run());
        Remote { link, views: Views::new(view_bytes), shard_of }
    }

    /// Ends the connection, and waits for what ran on it.
    pub async fn close(&self) {
        self.link.tasks.close().await;
    }

    async fn lines(&self, shard: ShardId) -> Result<Arc<Lines>, Refusal> {
        self.link.lines().await.map_err(|reason| unavailable(shard, &reason))
    }

    async fn ask<T: Form>(&self, ask: Ask) -> Result<T, Refusal> {
        let (shard, writes, limit) = (ask.shard(&self.shard_of), ask.writes(), ask.limit());
        let body = encode(&ask);
        fits(&body).map_err(|TooLong(length)| too_large(LimitKind::Document, length))?;
        let lines = self.lines(shard).await?;
        let broke = "the connection to its node broke";
        let asked = lines.ask(body).map_err(|Ended| unavailable(shard, broke))?;
        match timeout(limit, asked.answer()).await {
            Ok(Ok(body)) => answered(&body, writes, shard),
            _ if writes => Err(Refusal::Unknown { shard }),
            Ok(Err(Ended)) => Err(unavailable(shard, broke)),
            Err(_) => Err(unavailable(shard, "its node did not answer in time")),
        }
    }

    async fn show(&self, caller: Caller, read: Read) -> Result<Seen, Refusal> {
        let key = (caller.tenant.clone(), read.id);
        let now = read.at == At::Now;
        let have = if now { self.views.get(&key) } else { None };
        let digest = have.as_ref().map(|(digest, _)| *digest);
        match (self.ask(Ask::Read(caller, read, digest)).await?, have) {
            (Shown::Same(level, revision), Some((_, view))) => Ok(Seen { view, level, revision }),
            (Shown::Same(..), None) => {
                Err(Refusal::Internal { reason: "a node named a view that nobody has".to_owned() })
            }
            (Shown::View(digest, seen), _) => {
                if now {
                    self.views.keep(key, digest, seen.view.clone());
                }
                Ok(seen)
            }
        }
    }

    async fn begin(&self, kind: Kind, begin: Begin, bell: Bell) -> Result<session::Remote, Refusal> {
        let (id, shard) = (begin.id, (self.shard_of)(begin.id.slot()));
        let lines = self.lines(shard).await?;
        let mut beginning = None;
        let make = |line| {
            let (session, begun) = Session::new(line, id, shard, bell);
            beginning = Some(begun);
            session
        };
        let broke = || unavailable(shard, "the connection to its node broke");
        let session = lines.begin(kind, encode(&begin), make).map_err(|Ended| broke())?;
        // From here on dropping it leaves the document.
        let session = session::Remote::new(session, &lines);
        let begun = beginning.expect("a session is made where it is begun");
        begun.await.unwrap_or_else(|_| Err(broke()))?;
        Ok(session)
    }
}

fn unavailable(shard: ShardId, reason: &str) -> Refusal {
    Refusal::Unavailable { shard, reason: reason.to_owned(), retry_after: RETRY_AFTER }
}

/// An answer as it was given. One that does not read says nothing, least of all that nothing was done.
fn answered<T: Form>(body: &[u8], writes: bool, shard: ShardId) -> Result<T, Refusal> {
    decode::<Result<T, Refusal>>(body).unwrap_or_else(|error| {
        tracing::warn!(%shard, %error, "the answer of a node does not read");
        Err(if writes { Refusal::Unknown { shard } } else { Refusal::Internal { reason: error.to_string() } })
    })
}

impl Shards for Remote {
    fn create(&self, caller: Caller, create: Create) -> Answer<'_, Seen> {
        Box::pin(self.ask(Ask::Create(caller, create)))
    }

    fn read(&self, caller: Caller, read: Read) -> Answer<'_, Seen> {
        Box::pin(self.show(caller, read))
    }

    /// Access is checked where the truth is, so that nothing can be said here without asking.
    fn peek(&self, _: &Caller, _: DocId) -> Option<Seen> {
        None
    }

    fn write(&self, caller: Caller, write: Write) -> Answer<'_, Seen> {
        Box::pin(self.ask(Ask::Write(caller, write)))
    }

    fn history(&self, caller: Caller, history: History) -> Answer<'_, Versions> {
        Box::pin(self.ask(Ask::History(caller, history)))
    }

    fn compare(&self, caller: Caller, compare: Compare) -> Answer<'_, Comparison> {
        Box::pin(self.ask(Ask::Compare(caller, compare)))
    }

    fn export(&self, caller: Caller, export: Export) -> Answer<'_, Exported> {
        Box::pin(self.ask(Ask::Export(caller, export)))
    }

    fn import(&self, caller: Caller, import: Import) -> Answer<'_, Seen> {
        Box::pin(self.ask(Ask::Import(caller, import)))
    }

    fn delete(&self, caller: Caller, delete: Delete) -> Answer<'_, Revision> {
        Box::pin(self.ask(Ask::Delete(caller, delete)))
    }

    fn share(&self, caller: Caller, share: Share) -> Answer<'_, Access> {
        Box::pin(self.ask(Ask::Share(caller, share)))
    }

    fn set_metadata(&self, caller: Caller, set: SetMetadata) -> Answer<'_, Seen> {
        Box::pin(self.ask(Ask::SetMetadata(caller, set)))
    }

    fn access(&self, caller: Caller, id: DocId) -> Answer<'_, Access> {
        Box::pin(self.ask(Ask::Access(caller, id)))
    }

    fn list(&self, caller: Caller, list: List) -> Answer<'_, Page> {
        Box::pin(self.ask(Ask::List(caller, list)))
    }

    fn select(&self, caller: Caller, select: Select) -> Answer<'_, Selection> {
        Box::pin(self.ask(Ask::Select(caller, select)))
    }

    fn changes(&self, caller: Caller, changes: Changes) -> Answer<'_, ChangesPage> {
        Box::pin(self.ask(Ask::Changes(caller, changes)))
    }

    /// Those that the node has, as it said last; none while it is not reached.
    fn shards(&self) -> Vec<ShardId> {
        let mut shards: Vec<_> = self.health().shards.into_iter().map(|health| health.shard).collect();
        shards.sort_unstable();
        shards.dedup();
        shards
    }

    fn shard_of(&self, id: DocId) -> Option<ShardId> {
        Some((self.shard_of)(id.slot()))
    }

    /// As the node said within the last second; no shards while it is not reached.
    fn health(&self) -> Health {
        self.link.health.lock().clone().unwrap_or(Health { shards: Vec::new(), disk_low: None })
    }
}

impl Tickets for Remote {
    fn redeem(&self, caller: Caller, ticket: Redeem) -> Answer<'_, Redeemed> {
        Box::pin(self.ask(Ask::Redeem(caller, ticket)))
    }

    fn revoke(&self, caller: Caller, id: TicketId, until: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.ask(Ask::Revoke(caller, id, until)))
    }

    fn on_revoked(&self, heard: OnRevoked) {
        self.link.heard.revoked.lock().push(heard);
    }

    /// Each time that the channel has been opened: it may have been away before.
    fn on_missed(&self, missed: OnMissed) {
        self.link.heard.missed.lock().push(missed);
    }
}

impl Live for Remote {
    fn join(&self, caller: Caller, join: Join) -> Answer<'_, Arc<dyn SyncSession>> {
        let Join { id, resumed, bell } = join;
        let begin = Begin { caller, id, since: None, changes: false, resumed };
        Box::pin(
            async move { Ok(Arc::new(self.begin(Kind::Join, begin, bell).await?) as Arc<dyn SyncSession>) },
        )
    }

    fn follow(&self, caller: Caller, follow: Follow) -> Answer<'_, Arc<dyn FollowSession>> {
        let Follow { id, since, changes, bell } = follow;
        let begin = Begin { caller, id, since, changes, resumed: false };
        Box::pin(async move {
            Ok(Arc::new(self.begin(Kind::Follow, begin, bell).await?) as Arc<dyn FollowSession>)
        })
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.link.tasks.cancel.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_knows_of_a_write_whose_answer_does_not_read() {
        let shard = ShardId(7);
        for strange in [&b""[..], b"?", &[0x9f, 9, 0xff]] {
            assert_eq!(answered::<()>(strange, true, shard), Err(Refusal::Unknown { shard }));
            assert!(matches!(answered::<()>(strange, false, shard), Err(Refusal::Internal { .. })));
        }
        let done = encode::<Result<(), Refusal>>(&Ok(()));
        assert_eq!(answered::<()>(&done, true, shard), Ok(()));
    }
}
