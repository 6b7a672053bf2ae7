//! A watch of etcd that never goes quiet.
//!
//! etcd says nothing while nothing changes. So its watch is asked for its progress at every pulse, and one that does not
//! answer for three pulses is broken, whatever the connection looks like.

use super::connect::Connection;
use super::{ANSWER_BYTES_MAX, entry, number, signed};
use crate::coordinator::watch::WATCH_PULSE;
use crate::coordinator::{Change, Changes, Watch, WatchError};
use etcd_client::{EventType, WatchOptions, WatchResponse, WatchStream};
use futures::{StreamExt, stream};
use std::sync::Arc;
use tokio::time::{Instant, timeout};

/// Pulses without a word after which a watch is broken.
const SILENT_PULSES: u32 = 3;

enum Phase {
    New { connection: Arc<Connection>, prefix: String },
    Open { stream: Box<WatchStream>, heard: Instant },
}

pub(super) fn watch(connection: Arc<Connection>, prefix: String, after: u64) -> Watch {
    let start = (Phase::New { connection, prefix }, after);
    stream::try_unfold(start, |(phase, after)| async move {
        let mut open = match phase {
            Phase::New { connection, prefix } => open(&connection, prefix, after).await?,
            Phase::Open { stream, heard } => Open { stream, heard },
        };
        let changes = open.next(after).await?;
        let after = changes.revision;
        Ok(Some((changes, (Phase::Open { stream: open.stream, heard: open.heard }, after))))
    })
    .boxed()
}

async fn open(connection: &Connection, prefix: String, after: u64) -> Result<Open, WatchError> {
    let options = WatchOptions::new().with_prefix().with_start_revision(signed(after + 1));
    // Boxed: the futures of the client are large.
    let begun = connection.within_deadline(Box::pin(async {
        let watches = connection.client().await?.watch_client();
        let mut watches = watches.max_decoding_message_size(ANSWER_BYTES_MAX);
        let mut stream = watches.watch(prefix, Some(options)).await?;
        let created = stream.message().await?;
        Ok((stream, created))
    }));
    let (stream, created) = begun.await.map_err(|error| broken(&error))?;
    let created = created.ok_or_else(|| broken("it was closed at once"))?;
    check(&created)?;
    // A store that is behind what we have seen was put back to an earlier state, and will never tell what is missing.
    match created.header() {
        Some(header) if number(header.revision()) < after => Err(WatchError::Relist),
        _ => Ok(Open { stream: Box::new(stream), heard: Instant::now() }),
    }
}

struct Open {
    stream: Box<WatchStream>,
    heard: Instant,
}

impl Open {
    /// The next changes, or a sign of life after a pulse.
    async fn next(&mut self, after: u64) -> Result<Changes, WatchError> {
        loop {
            match timeout(WATCH_PULSE, self.stream.message()).await {
                Ok(Ok(Some(response))) => {
                    check(&response)?;
                    self.heard = Instant::now();
                    return Ok(changes(&response, after));
                }
                Ok(Ok(None)) => return Err(broken("etcd closed it")),
                Ok(Err(error)) => return Err(broken(&error)),
                Err(_) if self.heard.elapsed() > WATCH_PULSE * SILENT_PULSES => {
                    return Err(broken("etcd has gone quiet"));
                }
                Err(_) => self.stream.request_progress().await.map_err(|error| broken(&error))?,
            }
        }
    }
}

fn check(response: &WatchResponse) -> Result<(), WatchError> {
    match response {
        response if response.compact_revision() > 0 => Err(WatchError::Relist),
        response if response.canceled() => Err(broken(response.cancel_reason())),
        _ => Ok(()),
    }
}

/// What a response tells. The revision is that of the last change: of a sign of life it is not believed, because etcd before
/// 3.4.25 may give one whose changes are still to come.
fn changes(response: &WatchResponse, after: u64) -> Changes {
    let mut told = Changes { revision: after, changes: Vec::with_capacity(response.events().len()) };
    for event in response.events() {
        let Some(stored) = event.kv() else { continue };
        told.revision = told.revision.max(number(stored.mod_revision()));
        let now = entry(stored);
        let is_gone = event.event_type() == EventType::Delete;
        told.changes.push(Change { key: now.key.clone(), now: (!is_gone).then_some(now) });
    }
    told
}

fn broken(reason: impl ToString) -> WatchError {
    WatchError::Broken { reason: reason.to_string() }
}
