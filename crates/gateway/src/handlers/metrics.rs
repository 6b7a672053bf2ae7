//! `GET /metrics`: in the text form of Prometheus.

use crate::app::App;
use crate::respond::{self, Outcome};
use hyper::StatusCode;

pub(super) fn answer(app: &App) -> Outcome {
    app.metrics.set_in_flight(app.gate.taken());
    app.metrics.set_feeds(app.feeds.taken());
    Ok(respond::typed(StatusCode::OK, "text/plain; version=0.0.4", app.prometheus.render().into()))
}
