//! Listening: the door, the connections behind it, and the order in which they end.
//!
//! ```text
//! Gateway ── stop ──▶ accept loop (owns the socket and a JoinSet of connections)
//!                        ├── connection: hyper, the idle watch; or a socket
//!                        └── connection …
//!                     upkeep loop (drains the histograms)
//!                     revisits (look again at the tickets in use)
//! ```
//!
//! Stopping: the listener closes, each connection ends after the request that it is in, sockets are told to connect
//! again, and what takes longer than `drain` is cut. Nothing outlives [`Gateway::stop`].

mod accept;
mod activity;
mod connection;
mod io;

pub(crate) use activity::Activity;
pub(crate) use connection::Start;

use crate::app::{App, Services};
use crate::auth::{IssueError, Issuer, TOKEN_BYTES_MAX};
use crate::config::{Config, DRAIN_MAX};
use crate::socket::revisit;
use base::Limits;
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often histograms are drained when nobody reads `/metrics`.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// A gateway that serves.
#[derive(Debug)]
pub struct Gateway {
    local_addr: SocketAddr,
    /// Dropping it stops the gateway, too, but does not wait.
    stop: DropGuard,
    tasks: [JoinHandle<()>; 3],
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is reachable from other machines, and there is no TLS.
    #[error(
        "{addr} is reachable from other machines, and tokens would cross the network in plain text; listen on a \
         loopback address behind a proxy that ends TLS, or pass --allow-plaintext if the network is trusted"
    )]
    PublicBind {
        /// The address.
        addr: SocketAddr,
    },
    /// Tickets for as many documents as may be asked for would be too long to be shown.
    #[error(
        "a ticket for {documents} documents can be longer than {limit} bytes, and would be refused; set \
         MAX_TICKET_DOCUMENTS lower"
    )]
    TicketDocuments {
        /// The setting.
        documents: usize,
        /// The longest ticket that is taken.
        limit: usize,
    },
    /// The key for tickets does not sign.
    #[error("no ticket can be made")]
    Ticket(#[from] IssueError),
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}; is another program there?")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// Starts to listen and to serve. Call it within a runtime, after the recorder of metrics is installed.
pub async fn start(
    config: Config,
    services: Services,
    prometheus: PrometheusHandle,
) -> Result<Gateway, StartError> {
    let addr = config.addr;
    if !addr.ip().is_loopback() && !config.allow_public_bind {
        return Err(StartError::PublicBind { addr });
    }
    check_tickets(&config.limits, &services.issuer)?;
    let bind_failed = |source| StartError::Bind { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(bind_failed)?;
    let local_addr = listener.local_addr().map_err(bind_failed)?;

    let stop = CancellationToken::new();
    let upkeep = tokio::spawn(upkeep(prometheus.clone(), stop.clone()));
    let app = Arc::new(App::new(&config, services, prometheus, stop.clone()));
    let revisits = tokio::spawn(revisit(app.clone()));
    let door = accept::Door {
        listener,
        app,
        connections_max: config.connections_max.max(1),
        // A timer needs a period; no time at all means the shortest.
        idle: config.idle_timeout.max(Duration::from_millis(1)),
        drain: config.drain.min(DRAIN_MAX),
        stop: stop.clone(),
    };
    let accepting = tokio::spawn(door.run());
    tracing::info!(%local_addr, "listening");
    Ok(Gateway { local_addr, stop: stop.drop_guard(), tasks: [accepting, upkeep, revisits] })
}

/// Makes the longest ticket that may be asked for, to see whether it would be taken.
fn check_tickets(limits: &Limits, issuer: &Issuer) -> Result<(), StartError> {
    let (documents, limit) = (limits.ticket_documents, TOKEN_BYTES_MAX);
    // A document takes more than a byte; the setting may be any number.
    match issuer.longest_ticket(documents.min(limit))?.len() > limit {
        true => Err(StartError::TicketDocuments { documents, limit }),
        false => Ok(()),
    }
}

impl Gateway {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops accepting, finishes the requests in flight, and cuts those that take longer than `drain`.
    pub async fn stop(self) {
        drop(self.stop);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the gateway failed");
            }
        }
    }
}

async fn upkeep(prometheus: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => prometheus.run_upkeep(),
        }
    }
}
