//! Looks again at the tickets that sockets came with, when it may have been missed that some were taken back.
//!
//! Each shard has a lane of its own: one that is not to be had makes nobody wait but those whose tickets it knows. In a lane
//! many reasons to look again at once are one: a look begins after the last of them, and the next not before a rest.

use crate::app::App;
use base::{DocId, ShardId, Slot};
use futures::StreamExt;
use futures::stream::{FuturesUnordered, iter};
use rpc::{Caller, Redeem, Redeemed, Refusal};
use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Tickets that a shard is asked for at once.
const AT_ONCE: usize = 16;
/// How long one may take.
const TICKET_WITHIN: Duration = Duration::from_secs(10);
/// The least time between the end of a look and the next one: nodes that come and go are no reason for more.
const REST: Duration = Duration::from_millis(500);
/// The longest, for tickets of which nobody can say anything.
const REST_MAX: Duration = Duration::from_secs(30);

/// Tickets, and whose they are.
type InUse = Vec<(Caller, Redeem)>;

/// Looks again whenever it is told to, until the gateway stops.
pub(crate) async fn revisit(app: Arc<App>) {
    let looking = async {
        // As many as there are shards at most; a lane that has nothing to look at waits.
        let mut lanes: HashMap<Option<ShardId>, watch::Sender<InUse>> = HashMap::new();
        let mut looks = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = app.revisits.notified() => {
                    for (shard, tickets) in by_shard(&app, app.sockets.tickets()) {
                        let lane = lanes.entry(shard).or_insert_with(|| {
                            let (lane, told) = watch::channel(vec![]);
                            looks.push(look_in_lane(&app, told));
                            lane
                        });
                        lane.send_replace(tickets);
                    }
                }
                // A lane does not end before this does.
                Some(()) = looks.next() => {}
            }
        }
    };
    app.stop.run_until_cancelled(looking).await;
}

/// The tickets of each shard. An owner's tickets live where the documents do that they make.
fn by_shard(app: &App, tickets: InUse) -> HashMap<Option<ShardId>, InUse> {
    let mut shards = HashMap::<_, InUse>::new();
    for (caller, ticket) in tickets {
        let slot = Slot::of_owner(&caller.tenant, &caller.user);
        let shard = app.shards.shard_of(DocId::mint(slot, [0; 16]));
        shards.entry(shard).or_default().push((caller, ticket));
    }
    shards
}

/// Looks at the tickets of a shard whenever it is told some, and again at those of which nothing is known.
async fn look_in_lane(app: &App, mut told: watch::Receiver<InUse>) {
    while told.changed().await.is_ok() {
        let mut rest = REST;
        loop {
            let tickets = told.borrow_and_update().clone();
            let left = look(app, tickets).await;
            sleep(REST).await;
            if left == 0 {
                break;
            }
            tracing::warn!(
                tickets = left,
                "whether tickets in use were taken back is not known; asking again"
            );
            // Sooner if it is told to: the shard may be back.
            let _told = timeout(rest - REST, told.changed()).await;
            rest = (rest * 2).min(REST_MAX);
        }
    }
}

/// What a look at a ticket came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    Known,
    Unknown,
    /// Its shard is not to be had: the others would wait for it in vain.
    NoShard,
}

/// Ends the sockets of those that were taken back. How many are not known.
async fn look(app: &App, tickets: InUse) -> usize {
    let all = tickets.len();
    let looks = tickets.into_iter().map(|(caller, ticket)| async move {
        // Asking must not use one up; one that was used up by its own socket is as good as ever.
        let ticket = Redeem { once: false, ..ticket };
        match timeout(TICKET_WITHIN, app.tickets.redeem(caller.clone(), ticket)).await {
            Ok(Ok(Redeemed::Revoked)) => {
                app.sockets.revoked(&caller, ticket.id);
                Looked::Known
            }
            Ok(Ok(Redeemed::Good | Redeemed::Spent)) => Looked::Known,
            Ok(Err(Refusal::Unavailable { .. } | Refusal::Elsewhere { .. } | Refusal::Unknown { .. }))
            | Err(_) => Looked::NoShard,
            Ok(Err(_)) => Looked::Unknown,
        }
    });
    let looks = iter(looks).buffer_unordered(AT_ONCE);
    let looks = looks.take_while(|looked| ready(*looked != Looked::NoShard));
    all - looks.filter(|looked| ready(*looked == Looked::Known)).count().await
}
