//! What can be typed. Every setting is a flag and an environment variable; flags win.

mod admin;
mod cluster;

pub use admin::{
    AdminArgs, AdminVerb, CertArgs, CommonArgs, MoveArgs, NodeArgs, NodeVerb, ReplicaVerb, ShardVerb,
};
pub use cluster::{ContactArgs, GatewayArgs, MemberArgs, ShardArgs};

use crate::limits::LimitArgs;
use crate::logging::LogFormat;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The process ends within ten seconds; what is left of them is the log's.
const DRAIN_SECONDS_MAX: i64 = gateway::DRAIN_MAX.as_secs() as i64;

/// The store that people and AI agents share their context in.
#[derive(Parser)]
#[command(name = "context-hub", version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Subcommand)]
pub enum Verb {
    /// Run a hub with everything in one process
    Dev(Box<DevArgs>),
    /// Run a node of a cluster: it holds replicas of shards
    Shard(Box<ShardArgs>),
    /// Run a gateway of a cluster: it serves clients, and keeps nothing
    Gateway(Box<GatewayArgs>),
    /// Look after a cluster
    Admin(AdminArgs),
    /// Mint an access token from the key of a hub
    Token(TokenArgs),
    /// Look at the log of a hub
    Wal(WalArgs),
    /// Work with the documents of a hub that runs
    Docs(DocsArgs),
    /// Start a cluster on this machine, and break it
    Cluster(chaos::cluster::cli::Args),
    /// Break a cluster on purpose, and see whether it keeps its promises
    Drill(chaos::cluster_drill::cli::Args),
}

#[derive(Args)]
pub struct DevArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "ADDR", default_value = "127.0.0.1:8080")]
    pub addr: SocketAddr,
    /// Say that the hub is ready with one line of JSON
    #[arg(long)]
    pub json: bool,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Shards of a new data folder; an old one keeps those that it has
    #[arg(long, env = "SHARDS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub shards: u32,
    #[command(flatten)]
    pub storage: StorageArgs,
    #[command(flatten)]
    pub secrets: SecretArgs,
    #[command(flatten)]
    pub serving: ServingArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// Where data is kept, and with how much memory.
#[derive(Args)]
#[command(next_help_heading = "Storage")]
pub struct StorageArgs {
    /// Where the data lies; made if it is not there
    #[arg(long, env = "DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    /// Memory for open documents and caches
    #[arg(long, env = "CACHE_SIZE_MB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(8..))]
    pub cache_size_mb: u64,
    /// The length of a segment of the log
    #[arg(
        long, env = "WAL_SEGMENT_SIZE_MB", default_value_t = 64,
        value_parser = clap::value_parser!(u64).range(1..=1024)
    )]
    pub wal_segment_size_mb: u64,
    /// Free room on the disk, besides two segments, below which writes are refused
    #[arg(long, env = "DISK_RESERVE_MB", default_value_t = 256)]
    pub disk_reserve_mb: u64,
}

/// How clients are served; the defaults are those of `gateway::Config`.
#[derive(Args)]
#[command(next_help_heading = "Serving")]
pub struct ServingArgs {
    /// Listen in plain text on an address that other machines can reach
    #[arg(long, env = "ALLOW_PLAINTEXT")]
    pub allow_plaintext: bool,
    /// Connections at once; the next ones wait
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "COUNT")]
    pub max_connections: Option<usize>,
    /// Sockets at once; the next ones are told to come later. Fewer than connections, so that REST goes on
    #[arg(long, env = "MAX_SOCKETS", value_name = "COUNT")]
    pub max_sockets: Option<usize>,
    /// Memory for the bodies of all requests at once, with the values that they are parsed into
    #[arg(long, env = "BODIES_SIZE_MB", value_parser = clap::value_parser!(u32).range(1..))]
    pub bodies_size_mb: Option<u32>,
    /// How long a body may take to arrive
    #[arg(long, env = "BODY_TIMEOUT_SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub body_timeout_seconds: Option<u32>,
    /// How long a connection may lie idle
    #[arg(long, env = "IDLE_TIMEOUT_SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub idle_timeout_seconds: Option<u32>,
    /// Pages of these origins may read the answers: https://app.example.com, several with commas between them, or *
    #[arg(long, env = "CORS_ORIGINS", value_name = "ORIGINS")]
    pub cors_origins: Option<gateway::Cors>,
    /// How often a quiet change feed says that it lives
    #[arg(long, env = "FEED_HEARTBEAT_SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub feed_heartbeat_seconds: Option<u32>,
    /// How long requests may take to end when the hub is stopped, at most 8
    #[arg(long, env = "DRAIN_SECONDS", value_parser = clap::value_parser!(u32).range(..=DRAIN_SECONDS_MAX))]
    pub drain_seconds: Option<u32>,
}

/// Where keys come from.
#[derive(Args)]
pub struct SecretArgs {
    /// The master key, 64 hexadecimal digits; without it, the file master.key in the data folder, made if it is not there
    #[arg(long, env = "MASTER_KEY", hide_env_values = true)]
    pub master_key: Option<String>,
    /// The RSA key that signs tokens, in PEM; without it, signing-key.pem in the data folder, made if it is not there
    #[arg(long, env = "JWT_PRIVATE_KEY_FILE")]
    pub jwt_private_key_file: Option<PathBuf>,
    /// Refused: tokens are RS256
    #[arg(long, env = "JWT_SECRET", hide = true, hide_env_values = true)]
    pub jwt_secret: Option<String>,
}

#[derive(Args)]
pub struct DocsArgs {
    #[command(subcommand)]
    pub verb: DocsVerb,
}

#[derive(Subcommand)]
pub enum DocsVerb {
    /// Show a document while it changes
    Watch(WatchArgs),
}

#[derive(Args)]
pub struct WatchArgs {
    /// The document: a UUID or an automerge: URL
    pub id: base::DocId,
    /// Where the hub is
    #[arg(long, env = "CONTEXT_HUB_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// A file that holds an access token; read again at every connection
    #[arg(long, env = "CONTEXT_HUB_TOKEN_FILE", default_value = "./data/owner.token")]
    pub token_file: PathBuf,
    /// An access token, in place of the file
    #[arg(long, env = "CONTEXT_HUB_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Print every message as one line of JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct TokenArgs {
    /// Whom it speaks for
    #[arg(long)]
    pub user: base::UserId,
    /// The tenant of that user
    #[arg(long, default_value = "default")]
    pub tenant: base::TenantId,
    /// How long it is good for: 90s, 15m, 12h, 30d
    #[arg(long, default_value = "15m", value_parser = duration)]
    pub ttl: Duration,
    /// The data folder of the hub
    #[arg(long, env = "DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    #[command(flatten)]
    pub secrets: SecretArgs,
}

#[derive(Args)]
pub struct WalArgs {
    #[command(subcommand)]
    pub verb: WalVerb,
}

#[derive(Subcommand)]
pub enum WalVerb {
    /// Print every record
    Dump(WalFolder),
    /// Read everything and name every damage; exit code 1 if there is any
    Verify(WalFolder),
}

#[derive(Args)]
pub struct WalFolder {
    /// The folder of the log, or a data folder
    pub folder: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A number and a unit.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration: write 90s, 15m, 12h or 30d");
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let seconds_per_unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds_per_unit).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in ["", "5", "m", "5 m", "1w", "99999999999999999999d", "9999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
