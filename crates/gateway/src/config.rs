//! What a gateway is told when it starts.

use crate::cors::Cors;
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
    /// Which pages of other origins may read the answers.
    pub cors: Cors,
    /// How sockets are served.
    pub sockets: SocketConfig,
    /// How change feeds are served.
    pub feeds: FeedConfig,
    /// How long requests in flight may take to end when the gateway stops, at most [`DRAIN_MAX`].
    pub drain: Duration,
}

/// How change feeds are served.
#[derive(Debug, Clone, Copy)]
pub struct FeedConfig {
    /// How often a client hears that a quiet feed lives; at most half the idle timeout, or the connection would be closed.
    pub heartbeat: Duration,
    /// How old the token of a quiet feed gets.
    pub bookmark: Duration,
}

impl Default for FeedConfig {
    fn default() -> FeedConfig {
        FeedConfig { heartbeat: Duration::from_secs(15), bookmark: Duration::from_secs(30) }
    }
}

/// How sockets are served.
#[derive(Debug, Clone)]
pub struct SocketConfig {
    /// Sockets at once; the next ones are told to come later. Fewer than connections, so that REST goes on.
    pub sockets_max: usize,
    /// How often a client that is silent is pinged. After two pings without an answer it is given up.
    pub ping_every: Duration,
    /// How long the first message may take.
    pub join_within: Duration,
    /// How long a client may take nothing of what waits for it.
    pub write_timeout: Duration,
    /// How long a socket outlives its credential.
    pub expiry_grace: Duration,
    /// Handshakes that are answered at once; more are spread, for up to 0.7 s each.
    pub handshakes_per_second: u32,
}

impl Default for SocketConfig {
    fn default() -> SocketConfig {
        SocketConfig {
            sockets_max: 16_000,
            ping_every: Duration::from_secs(20),
            join_within: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            expiry_grace: Duration::ZERO,
            handshakes_per_second: 500,
        }
    }
}

impl Config {
    /// The defaults, listening on `addr`.
    pub fn new(addr: SocketAddr) -> Config {
        Config {
            addr,
            allow_public_bind: false,
            limits: Limits::default(),
            connections_max: 20_000,
            bodies_bytes_max: 512 << 20,
            body_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(60),
            cors: Cors::default(),
            sockets: SocketConfig::default(),
            feeds: FeedConfig::default(),
            drain: Duration::from_secs(5),
        }
    }
}
