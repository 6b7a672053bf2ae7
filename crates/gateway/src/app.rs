//! What every request needs, shared by all connections.

use crate::auth::{Issuer, Verified, Verifier, bearer};
use crate::config::{Config, FeedConfig, SocketConfig};
use crate::cors::Cors;
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::outgoing::Outgoing;
use crate::problem::{Kind, Problem};
use crate::request::body::BodyLimits;
use crate::request::json;
use crate::request_id::RequestIds;
use crate::router::Router;
use crate::socket::{NAMES_OF_GATEWAYS, Pace, Registry};
use base::Limits;
use hyper::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use metrics_exporter_prometheus::PrometheusHandle;
use rpc::{SharedLive, SharedShards, SharedTickets};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What a gateway works with.
pub struct Services {
    /// The documents.
    pub shards: SharedShards,
    /// The documents while they change.
    pub live: SharedLive,
    /// What the log knows of tickets.
    pub tickets: SharedTickets,
    /// Checks tokens and tickets.
    pub verifier: Verifier,
    /// Signs tickets.
    pub issuer: Arc<Issuer>,
}

/// The gateway without its listener.
pub(crate) struct App {
    pub shards: SharedShards,
    pub live: SharedLive,
    pub tickets: SharedTickets,
    pub verifier: Verifier,
    pub issuer: Arc<Issuer>,
    pub limits: Limits,
    pub body_limits: BodyLimits,
    /// Requests in flight.
    pub gate: Gate,
    /// Bytes of their bodies, and of the values in them.
    pub bodies: Gate,
    /// Bytes of answers that are not sent yet.
    pub outgoing: Arc<Outgoing>,
    /// Change feeds.
    pub feeds: Gate,
    pub feed_config: FeedConfig,
    pub cors: Cors,
    /// Cancelled when the gateway stops.
    pub stop: CancellationToken,
    /// Told when it may have been missed that tickets were taken back.
    pub revisits: Arc<Notify>,
    /// Every socket.
    pub sockets: Arc<Registry>,
    pub socket_config: SocketConfig,
    pub handshakes: Pace,
    /// What this gateway calls itself among the peers of a socket.
    pub peer_id: String,
    pub router: Router,
    pub request_ids: RequestIds,
    pub metrics: Metrics,
    pub prometheus: PrometheusHandle,
}

impl App {
    pub fn new(
        config: &Config,
        services: Services,
        prometheus: PrometheusHandle,
        stop: CancellationToken,
    ) -> App {
        let Services { shards, live, tickets, verifier, issuer } = services;
        let limits = config.limits;
        let sockets = Registry::new(config.sockets.sockets_max);
        tickets.on_revoked({
            let sockets = Arc::downgrade(&sockets);
            Arc::new(move |caller, ticket| {
                if let Some(sockets) = sockets.upgrade() {
                    sockets.revoked(caller, ticket);
                }
            })
        });
        let revisits = Arc::new(Notify::new());
        tickets.on_missed({
            let revisits = revisits.clone();
            Arc::new(move || revisits.notify_one())
        });
        App {
            revisits,
            shards,
            live,
            tickets,
            verifier,
            issuer,
            limits,
            body_limits: BodyLimits { bytes: limits.body_bytes, timeout: config.body_timeout },
            gate: Gate::new(limits.requests_in_flight),
            outgoing: Outgoing::new(config.bodies_bytes_max),
            bodies: Gate::new(config.bodies_bytes_max.max(json::room_max(&limits))),
            feeds: Gate::new(limits.feeds),
            feed_config: FeedConfig {
                heartbeat: config.feeds.heartbeat.min(config.idle_timeout / 2),
                ..config.feeds
            },
            cors: config.cors.clone(),
            stop,
            sockets,
            handshakes: Pace::new(config.sockets.handshakes_per_second, Instant::now()),
            socket_config: config.sockets.clone(),
            peer_id: format!("{NAMES_OF_GATEWAYS}{}", uuid::Uuid::new_v4().simple()),
            router: Router::new(),
            request_ids: RequestIds::new(),
            metrics: Metrics::new(),
            prometheus,
        }
    }

    /// Who sent these headers.
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Verified>, Problem> {
        let token = bearer(headers).ok_or_else(token_needed)?;
        self.verifier.verify(token, base::now()).map_err(|rejected| {
            let challenge = HeaderValue::from_static("Bearer realm=\"context-hub\", error=\"invalid_token\"");
            Problem::new(Kind::InvalidToken, rejected.to_string()).header(WWW_AUTHENTICATE, challenge)
        })
    }
}

fn token_needed() -> Problem {
    let detail = "send one header Authorization: Bearer <token>; a token in the query is never read";
    let challenge = HeaderValue::from_static("Bearer realm=\"context-hub\"");
    Problem::new(Kind::Unauthenticated, detail).header(WWW_AUTHENTICATE, challenge)
}
