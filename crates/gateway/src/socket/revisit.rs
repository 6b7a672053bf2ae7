//! Looks again at the tickets that sockets came with, when it may have been missed that some were taken back.
//!
//! Many reasons to look again at once are one: a look begins after the last of them, and the next not before a rest.

use crate::app::App;
use futures::StreamExt;
use futures::stream::iter;
use rpc::{Caller, Redeem, Redeemed};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Tickets that are asked for at once: others wait at the same shards.
const AT_ONCE: usize = 16;
/// How long one may take.
const TICKET_WITHIN: Duration = Duration::from_secs(10);
/// The least time between the end of a look and the next one: nodes that come and go are no reason for more.
const REST: Duration = Duration::from_millis(500);
/// The longest, for tickets of which nobody can say anything.
const REST_MAX: Duration = Duration::from_secs(30);

/// Looks again whenever it is told to, until the gateway stops.
pub(crate) async fn revisit(app: Arc<App>) {
    let looking = async {
        let mut rest = REST;
        loop {
            app.revisits.notified().await;
            let left = look(&app, app.sockets.tickets()).await;
            sleep(rest).await;
            if left == 0 {
                rest = REST;
            } else {
                tracing::warn!(
                    tickets = left,
                    "whether tickets in use were taken back is not known; asking again"
                );
                rest = (rest * 2).min(REST_MAX);
                app.revisits.notify_one();
            }
        }
    };
    app.stop.run_until_cancelled(looking).await;
}

/// Ends the sockets of those that were taken back. How many could not be asked for.
async fn look(app: &App, tickets: Vec<(Caller, Redeem)>) -> usize {
    let looks = tickets.into_iter().map(|(caller, ticket)| async move {
        // Asking must not use one up; one that was used up by its own socket is as good as ever.
        let ticket = Redeem { once: false, ..ticket };
        match timeout(TICKET_WITHIN, app.tickets.redeem(caller.clone(), ticket)).await {
            Ok(Ok(Redeemed::Revoked)) => {
                app.sockets.revoked(&caller, ticket.id);
                true
            }
            Ok(Ok(Redeemed::Good | Redeemed::Spent)) => true,
            Ok(Err(_)) | Err(_) => false,
        }
    });
    let known = iter(looks).buffer_unordered(AT_ONCE).collect::<Vec<bool>>().await;
    known.into_iter().filter(|known| !known).count()
}
