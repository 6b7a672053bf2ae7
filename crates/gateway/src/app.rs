//! What every request needs, shared by all connections.

use crate::auth::{Verified, Verifier, bearer};
use crate::config::Config;
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::problem::{Kind, Problem};
use crate::request::body::BodyLimits;
use crate::request::json;
use crate::request_id::RequestIds;
use crate::router::Router;
use base::Limits;
use hyper::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use metrics_exporter_prometheus::PrometheusHandle;
use rpc::SharedShards;
use std::sync::Arc;

/// The gateway without its sockets.
pub(crate) struct App {
    pub shards: SharedShards,
    pub verifier: Verifier,
    pub limits: Limits,
    pub body_limits: BodyLimits,
    /// Requests in flight.
    pub gate: Gate,
    /// Bytes of their bodies, and of the values in them.
    pub bodies: Gate,
    pub router: Router,
    pub request_ids: RequestIds,
    pub metrics: Metrics,
    pub prometheus: PrometheusHandle,
}

impl App {
    pub fn new(
        config: &Config,
        shards: SharedShards,
        verifier: Verifier,
        prometheus: PrometheusHandle,
    ) -> App {
        let limits = config.limits;
        App {
            shards,
            verifier,
            limits,
            body_limits: BodyLimits { bytes: limits.body_bytes, timeout: config.body_timeout },
            gate: Gate::new(limits.requests_in_flight),
            bodies: Gate::new(config.bodies_bytes_max.max(json::room_max(&limits))),
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
