//! How a gateway serves its clients, by the flags that say so.

use crate::cli::ServingArgs;
use crate::limits::LimitArgs;
use base::Limits;
use gateway::{Config, FeedConfig, SocketConfig};
use std::net::SocketAddr;
use std::time::Duration;

/// The settings of a gateway; what no flag names is as by default.
pub fn config(addr: SocketAddr, serving: &ServingArgs, limits: &LimitArgs) -> Config {
    let default = Config::new(addr);
    let seconds = |given: Option<u32>, default| given.map_or(default, |it| Duration::from_secs(it.into()));
    Config {
        allow_public_bind: serving.allow_plaintext,
        limits: Limits::from(limits),
        connections_max: serving.max_connections.unwrap_or(default.connections_max),
        cors: serving.cors_origins.clone().unwrap_or_default(),
        sockets: SocketConfig {
            sockets_max: serving.max_sockets.unwrap_or(default.sockets.sockets_max),
            ..default.sockets
        },
        bodies_bytes_max: serving.bodies_size_mb.map_or(default.bodies_bytes_max, |mb| (mb as usize) << 20),
        body_timeout: seconds(serving.body_timeout_seconds, default.body_timeout),
        idle_timeout: seconds(serving.idle_timeout_seconds, default.idle_timeout),
        feeds: FeedConfig {
            heartbeat: seconds(serving.feed_heartbeat_seconds, default.feeds.heartbeat),
            ..default.feeds
        },
        drain: seconds(serving.drain_seconds, default.drain),
        ..default
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Verb};
    use clap::Parser;

    fn of(flags: &[&str]) -> Config {
        let Verb::Dev(args) = Cli::parse_from([&["context-hub", "dev"], flags].concat()).verb else {
            panic!("dev was typed")
        };
        config(args.addr, &args.serving, &args.limits)
    }

    #[test]
    fn flags_reach_the_gateway() {
        let set = of(&[
            "--max-connections=7",
            "--max-sockets=6",
            "--bodies-size-mb=3",
            "--body-timeout-seconds=4",
            "--idle-timeout-seconds=5",
            "--drain-seconds=6",
            "--cors-origins=https://app.example.com,http://localhost:5173",
            "--max-json-values=8",
        ]);
        assert_eq!((set.connections_max, set.sockets.sockets_max), (7, 6));
        assert_eq!((set.bodies_bytes_max, set.limits.json_values), (3 << 20, 8));
        assert_eq!("https://app.example.com,http://localhost:5173".parse(), Ok(set.cors));
        assert_eq!([set.body_timeout, set.idle_timeout, set.drain], [4, 5, 6].map(Duration::from_secs));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        assert_eq!(of(&[]).cors, gateway::Cors::Off);
        for wrong in ["app.example.com", "https://app.example.com/", "*,https://app.example.com"] {
            let flag = format!("--cors-origins={wrong}");
            assert!(Cli::try_parse_from(["context-hub", "dev", &flag]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_drain_leaves_time_for_the_log() {
        assert!(Cli::try_parse_from(["context-hub", "dev", "--drain-seconds=9"]).is_err());
        assert_eq!(of(&["--drain-seconds=8"]).drain, gateway::DRAIN_MAX);
    }
}
