//! The change feed: pages that wait for their first event.

mod page;
#[cfg(test)]
mod tests;
mod token;

use super::Inner;
use crate::machine::{Bell, Topic};
use crate::shard::Shard;
use crate::store::{DocKey, FeedPlace};
use page::{Asked, Page};
use rpc::{Caller, Changes, ChangesPage, Refusal};
use std::sync::Arc;
use std::time::Duration;
use token::Places;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How soon a page is read again, however often the bell rings: a reader of busy documents costs a bounded part of a core.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(20);

impl Inner {
    pub(super) async fn changes(&self, caller: Caller, changes: Changes) -> Result<ChangesPage, Refusal> {
        let Changes { since, document, limit, wait } = changes;
        let shards = match document {
            Some(id) => vec![self.shard_of_document(id)?],
            None => self.held.all().values().cloned().collect(),
        };
        let asked = Asked { caller, document, limit };
        let page = match since {
            None => self.page_of_now(shards, asked).await?,
            Some(token) => {
                let places = places_of(&token, &shards)?;
                self.page_behind(shards, asked, places, Instant::now() + wait).await?
            }
        };
        Ok(ChangesPage { events: page.events, token: page.places.to_text(), more: page.more })
    }

    /// Nothing but the token.
    async fn page_of_now(&self, shards: Vec<Arc<Shard>>, asked: Asked) -> Result<Page, Refusal> {
        ready(&shards).await?;
        self.work(move || {
            if !may_follow(&shards, &asked)? {
                return Err(Refusal::NotFound);
            }
            Ok(Page { events: vec![], places: page::now(&shards)?, more: false })
        })
        .await
    }

    /// What stands behind these places; waits until something does, or until the deadline.
    async fn page_behind(
        &self,
        shards: Vec<Arc<Shard>>,
        asked: Asked,
        mut places: Places,
        deadline: Instant,
    ) -> Result<Page, Refusal> {
        let bell = Arc::new(Bell::default());
        // Up before the store is read: what is applied from now on is read or heard.
        let _hung: Vec<_> =
            shards.iter().map(|shard| shard.machine.bells().hang(topic(&asked), &bell)).collect();
        loop {
            bell.silence();
            ready(&shards).await?;
            let read_at = Instant::now();
            let page = self.read_page(&shards, &asked, places).await?;
            if !page.events.is_empty() || page.more || read_at >= deadline {
                return Ok(page);
            }
            places = page.places;
            if timeout_at(deadline, bell.rung()).await.is_err() {
                let silent = past_what_is_silent(&shards, &bell, &places);
                return match silent {
                    Some(places) => Ok(Page { events: vec![], places, more: false }),
                    None => self.read_page(&shards, &asked, places).await,
                };
            }
            sleep_until((read_at + READ_AGAIN_AFTER).min(deadline)).await;
        }
    }

    async fn read_page(&self, shards: &[Arc<Shard>], asked: &Asked, places: Places) -> Result<Page, Refusal> {
        let (shards, asked) = (shards.to_vec(), asked.clone());
        self.work(move || {
            let page = page::read(&shards, &asked, places)?;
            // Who lost sight of the document hears that first; who never saw it is told what strangers are told.
            if page.events.is_empty() && !page.more && !may_follow(&shards, &asked)? {
                return Err(Refusal::NotFound);
            }
            Ok(page)
        })
        .await
    }
}

/// The places of a token, which has to name all of these shards. One of all shards serves for one, too.
fn places_of(token: &str, shards: &[Arc<Shard>]) -> Result<Places, Refusal> {
    let token = Places::from_text(token).ok_or(Refusal::BadFeedToken)?;
    let places = shards.iter().map(|shard| Some((shard.id, *token.0.get(&shard.id)?)));
    places.collect::<Option<_>>().map(Places).ok_or(Refusal::BadFeedToken)
}

/// Makes sure that everything acknowledged before is applied here.
async fn ready(shards: &[Arc<Shard>]) -> Result<(), Refusal> {
    for shard in shards {
        shard.ready_to_read().await?;
    }
    Ok(())
}

/// Whether the caller may read the document that is followed. Everyone may follow all, and sees what there is to see.
fn may_follow(shards: &[Arc<Shard>], asked: &Asked) -> Result<bool, Refusal> {
    match (asked.document, shards) {
        (Some(id), [shard]) => Ok(page::readable(shard, &asked.caller, id)?),
        _ => Ok(true),
    }
}

fn topic(asked: &Asked) -> Topic {
    let tenant = asked.caller.tenant.clone();
    match asked.document {
        Some(id) => Topic::Document(DocKey { tenant, id }),
        None => Topic::Tenant(tenant),
    }
}

/// The places behind everything that the bell would have rung for, unless it has rung. So the token of a quiet reader
/// stays young however much happens elsewhere, and nobody reads what is not for them.
fn past_what_is_silent(shards: &[Arc<Shard>], bell: &Bell, places: &Places) -> Option<Places> {
    let mut past = places.clone();
    for shard in shards {
        let to = FeedPlace::behind(shard.machine.bells().rung_to());
        let place = past.0.entry(shard.id).or_insert(to);
        *place = to.max(*place);
    }
    // Read after: whatever stands before these places has rung by now, if it was for us.
    (!bell.has_rung()).then_some(past)
}
