//! What the gateway counts, under Prometheus names and in base units.
//!
//! Handles are looked up once for each method, route and status, and kept in a table: counting a request makes no
//! string and takes no lock. Labels are templates and known words, so that no client can make a series.

use crate::router::Resource;
use hyper::{Method, StatusCode};
use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};
use std::sync::OnceLock;
use std::time::Duration;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];

/// The statuses that the gateway answers with; the last place is for any other.
const STATUSES: [(u16, &str); 23] = [
    (101, "101"),
    (200, "200"),
    (201, "201"),
    (204, "204"),
    (304, "304"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (406, "406"),
    (408, "408"),
    (410, "410"),
    (412, "412"),
    (413, "413"),
    (415, "415"),
    (422, "422"),
    (426, "426"),
    (428, "428"),
    (500, "500"),
    (503, "503"),
    (507, "507"),
    (0, "other"),
];

/// Every resource, and one place for paths that name none.
const ROUTES: usize = Resource::ALL.len() + 1;

const REQUESTS: &str = "http_requests_total";
const SECONDS: &str = "http_request_duration_seconds";
const IN_FLIGHT: &str = "http_requests_in_flight";
const CONNECTIONS: &str = "http_connections_open";
const FEEDS: &str = "feeds_open";
const SOCKETS: &str = "sockets_open";
const SOCKET_MESSAGES: &str = "socket_messages_total";
const SOCKET_CLOSES: &str = "socket_closes_total";

/// The handles.
pub(crate) struct Metrics {
    requests: Box<[OnceLock<Counter>]>,
    seconds: Box<[OnceLock<Histogram>]>,
    in_flight: Gauge,
    connections: Gauge,
    feeds: Gauge,
    sockets: Gauge,
    socket_received: Counter,
    socket_sent: Counter,
}

/// A request that has been answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered<'a> {
    pub method: &'a Method,
    /// What its path names; `None` for nothing.
    pub resource: Option<Resource>,
    pub status: StatusCode,
    pub took: Duration,
}

impl Metrics {
    /// Handles of the recorder that is installed at this moment.
    pub fn new() -> Metrics {
        describe_counter!(REQUESTS, "Requests answered, by method, route and status.");
        describe_histogram!(SECONDS, "Time from the head of a request to its answer, by method and route.");
        describe_gauge!(IN_FLIGHT, "Requests being worked on.");
        describe_gauge!(CONNECTIONS, "Connections open, sockets among them.");
        describe_gauge!(FEEDS, "Change feeds open.");
        describe_gauge!(SOCKETS, "Sockets open.");
        describe_counter!(SOCKET_MESSAGES, "Messages on sockets, by direction.");
        describe_counter!(
            SOCKET_CLOSES,
            "Sockets that ended, by the code that their clients were told; none: they were gone."
        );
        Metrics {
            requests: table(METHODS.len() * ROUTES * STATUSES.len()),
            seconds: table(METHODS.len() * ROUTES),
            in_flight: gauge!(IN_FLIGHT),
            connections: gauge!(CONNECTIONS),
            feeds: gauge!(FEEDS),
            sockets: gauge!(SOCKETS),
            socket_received: counter!(SOCKET_MESSAGES, "direction" => "in"),
            socket_sent: counter!(SOCKET_MESSAGES, "direction" => "out"),
        }
    }

    /// Counts an answer.
    pub fn answered(&self, answered: Answered<'_>) {
        let (method, route) = (method_place(answered.method), route_place(answered.resource));
        let status = status_place(answered.status);
        let pair = method * ROUTES + route;
        let labels = || [("method", METHODS[method]), ("route", route_label(route))];
        let seconds = self.seconds[pair].get_or_init(|| histogram!(SECONDS, &labels()));
        seconds.record(answered.took.as_secs_f64());
        let requests = self.requests[pair * STATUSES.len() + status].get_or_init(|| {
            let [method, route] = labels();
            counter!(REQUESTS, &[method, route, ("status", STATUSES[status].1)])
        });
        requests.increment(1);
    }

    /// Shows how many requests are being worked on.
    pub fn set_in_flight(&self, requests: usize) {
        self.in_flight.set(requests as f64);
    }

    /// Shows how many change feeds are open.
    pub fn set_feeds(&self, feeds: usize) {
        self.feeds.set(feeds as f64);
    }

    /// Shows how many sockets are open.
    pub fn set_sockets(&self, sockets: usize) {
        self.sockets.set(sockets as f64);
    }

    /// Counts a message of a client.
    pub fn socket_received(&self) {
        self.socket_received.increment(1);
    }

    /// Counts a message to a client.
    pub fn socket_sent(&self) {
        self.socket_sent.increment(1);
    }

    /// Counts the end of a socket.
    pub fn socket_closed(&self, code: &'static str) {
        counter!(SOCKET_CLOSES, "code" => code).increment(1);
    }

    /// Shows how many connections are open.
    pub fn set_connections(&self, connections: usize) {
        self.connections.set(connections as f64);
    }
}

fn table<T>(places: usize) -> Box<[OnceLock<T>]> {
    (0..places).map(|_| OnceLock::new()).collect()
}

fn method_place(method: &Method) -> usize {
    METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1)
}

fn route_place(resource: Option<Resource>) -> usize {
    resource.map_or(ROUTES - 1, |resource| resource as usize)
}

fn route_label(place: usize) -> &'static str {
    Resource::ALL.get(place).map_or("none", |resource| resource.template())
}

fn status_place(status: StatusCode) -> usize {
    STATUSES.iter().position(|known| known.0 == status.as_u16()).unwrap_or(STATUSES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Kind;

    #[test]
    fn every_problem_has_its_place() {
        for kind in Kind::ALL {
            assert_ne!(status_place(kind.status()), STATUSES.len() - 1, "{kind:?}");
        }
    }

    #[test]
    fn every_resource_has_its_own_label() {
        for (place, resource) in Resource::ALL.into_iter().enumerate() {
            assert_eq!(route_place(Some(resource)), place);
            assert_eq!(route_label(place), resource.template());
        }
        assert_eq!(route_label(route_place(None)), "none");
    }
}
