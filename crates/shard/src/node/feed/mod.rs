//! The change feed of a shard: pages that wait for their first event.

mod page;
#[cfg(test)]
mod tests;

use super::Inner;
use crate::machine::{Bell, Topic};
use crate::shard::Shard;
use crate::store::DocKey;
use base::FeedPlace;
use page::Asked;
use rpc::{Caller, Changes, ChangesPage, Refusal};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How soon a page is read again, however often the bell rings: a reader of busy documents costs a bounded part of a core.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(20);

impl Inner {
    pub(super) async fn changes(&self, caller: Caller, changes: Changes) -> Result<ChangesPage, Refusal> {
        let Changes { shard, since, document, limit, wait } = changes;
        let shard = self.shard(shard)?;
        let asked = Asked { caller, document, limit };
        match since {
            None => self.page_of_now(shard, asked).await,
            Some(place) => self.page_behind(shard, asked, place, Instant::now() + wait).await,
        }
    }

    /// Nothing but the place.
    async fn page_of_now(&self, shard: Arc<Shard>, asked: Asked) -> Result<ChangesPage, Refusal> {
        shard.ready_to_read().await?;
        self.work(move || {
            if !may_follow(&shard, &asked)? {
                return Err(Refusal::NotFound);
            }
            Ok(ChangesPage { events: vec![], place: page::now(&shard)?, more: false })
        })
        .await
    }

    /// What stands behind this place; waits until something does, or until the deadline.
    async fn page_behind(
        &self,
        shard: Arc<Shard>,
        asked: Asked,
        mut place: FeedPlace,
        deadline: Instant,
    ) -> Result<ChangesPage, Refusal> {
        let bell = Arc::new(Bell::default());
        // Up before the store is read: what is applied from now on is read or heard.
        let _hung = shard.machine.bells().hang(topic(&asked), &bell);
        loop {
            bell.silence();
            // Everything acknowledged before is applied here.
            shard.ready_to_read().await?;
            let read_at = Instant::now();
            let page = self.read_page(&shard, &asked, place).await?;
            if !page.events.is_empty() || page.more || read_at >= deadline {
                return Ok(page);
            }
            place = page.place;
            if timeout_at(deadline, bell.rung()).await.is_err() {
                return match past_what_is_silent(&shard, &bell, place) {
                    Some(place) => Ok(ChangesPage { events: vec![], place, more: false }),
                    None => self.read_page(&shard, &asked, place).await,
                };
            }
            sleep_until((read_at + READ_AGAIN_AFTER).min(deadline)).await;
        }
    }

    async fn read_page(
        &self,
        shard: &Arc<Shard>,
        asked: &Asked,
        place: FeedPlace,
    ) -> Result<ChangesPage, Refusal> {
        let (shard, asked) = (shard.clone(), asked.clone());
        self.work(move || {
            let page = page::read(&shard, &asked, place)?;
            // Who lost sight of the document hears that first; who never saw it is told what strangers are told.
            if page.events.is_empty() && !page.more && !may_follow(&shard, &asked)? {
                return Err(Refusal::NotFound);
            }
            Ok(page)
        })
        .await
    }
}

/// Whether the caller may read the document that is followed. Everyone may follow all, and sees what there is to see.
fn may_follow(shard: &Shard, asked: &Asked) -> Result<bool, Refusal> {
    match asked.document {
        Some(id) => Ok(page::readable(shard, &asked.caller, id)?),
        None => Ok(true),
    }
}

fn topic(asked: &Asked) -> Topic {
    let tenant = asked.caller.tenant.clone();
    match asked.document {
        Some(id) => Topic::Document(DocKey { tenant, id }),
        None => Topic::Tenant(tenant),
    }
}

/// The place behind everything that the bell would have rung for, unless it has rung. So the place of a quiet reader
/// stays young however much happens elsewhere, and nobody reads what is not for them.
fn past_what_is_silent(shard: &Shard, bell: &Bell, place: FeedPlace) -> Option<FeedPlace> {
    let past = place.max(FeedPlace::behind(shard.machine.bells().rung_to()));
    // Read after: whatever stands before this place has rung by now, if it was for us.
    (!bell.has_rung()).then_some(past)
}
