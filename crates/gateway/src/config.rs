//! What a gateway is told when it starts.

use base::Limits;
use std::net::SocketAddr;
use std::time::Duration;

/// The longest time that [`crate::Gateway::stop`] waits for requests in flight: the process has to end within 10 s.
pub const DRAIN_MAX: Duration = Duration::from_secs(8);

/// The settings of a gateway.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Listen in plain text on an address that other machines reach. Tokens can be read on the way then.
    pub allow_public_bind: bool,
    /// What clients may ask for.
    pub limits: Limits,
    /// Connections at once; the next ones wait in the kernel's queue.
    pub connections_max: usize,
    /// Bytes of all bodies at once, with what their values take once they are parsed; at least one of the largest size
    /// has room.
    pub bodies_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// A connection on which nothing is asked and nothing can be sent for this long is closed, at the latest after
    /// twice as long. This is what ends a client that never finishes the head of its request.
    pub idle_timeout: Duration,
    /// How long requests in flight may take to end when the gateway stops, at most [`DRAIN_MAX`].
    pub drain: Duration,
}

impl Config {
    /// The defaults, listening on `addr`.
    pub fn new(addr: SocketAddr) -> Config {
        Config {
            addr,
            allow_public_bind: false,
            limits: Limits::default(),
            connections_max: 10_000,
            bodies_bytes_max: 512 << 20,
            body_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(60),
            drain: Duration::from_secs(5),
        }
    }
}
