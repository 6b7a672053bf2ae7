//! What can be typed. Every setting is a flag and an environment variable; flags win.

mod admin;
mod cluster;
mod docs;
mod hub;
mod profile;

pub use admin::{
    AdminArgs, AdminVerb, CertArgs, CommonArgs, MoveArgs, NodeArgs, NodeVerb, ReplicaVerb, ShardVerb,
};
pub use cluster::{ContactArgs, GatewayArgs, MemberArgs, ShardArgs};
pub use docs::{
    DiffArgs, DocsArgs, DocsVerb, EditArgs, Format, GetArgs, HistoryArgs, ListArgs, NewArgs, PatchArgs,
    PatchType, PutArgs, RemoveArgs, RestoreArgs, SetArgs, ShapeArg, ShareArgs, StateArgs, WatchArgs,
    WriteArgs,
};
pub use hub::HubArgs;
pub use profile::{ProfileAddArgs, ProfileArgs, ProfileRemoveArgs, ProfileVerb};

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
    /// Say whether a hub runs and is ready
    Status(HubArgs),
    /// Look for what is wrong between here and a hub, and say what to do
    Doctor(HubArgs),
    /// Keep hubs and tokens under names
    Profile(ProfileArgs),
    /// Print a script that lets a shell complete what you type
    Completions(CompletionArgs),
    /// Write the manual pages into a folder
    Man(ManArgs),
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
    /// Pages of these origins may read the answers: `https://app.example.com`, several with commas between them, or *
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
pub struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Args)]
pub struct ManArgs {
    /// The folder; made if it is not there
    pub dir: PathBuf,
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

    /// What users type: every verb and every flag of these stands in the guide.
    const EXPLAINED: [&str; 6] = ["docs", "status", "doctor", "profile", "completions", "man"];

    fn guide() -> String {
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md")).unwrap()
    }

    /// The verbs that have no verbs below them, with all their words.
    fn leaves(words: &str, command: &clap::Command, found: &mut Vec<(String, clap::Command)>) {
        let words = format!("{words}{}", command.get_name());
        match command.has_subcommands() {
            false => found.push((words, command.clone())),
            true => command.get_subcommands().for_each(|verb| leaves(&format!("{words} "), verb, found)),
        }
    }

    fn explained() -> Vec<(String, clap::Command)> {
        let mut found = Vec::new();
        for verb in Cli::command().get_subcommands().filter(|verb| EXPLAINED.contains(&verb.get_name())) {
            leaves("", verb, &mut found);
        }
        found
    }

    #[test]
    fn the_guide_has_every_verb_and_every_flag() {
        let guide = guide();
        let verbs = explained();
        assert!(verbs.len() > EXPLAINED.len());
        for (verb, command) in &verbs {
            let heading = format!("### `context-hub {verb}`\n");
            let (_, section) = guide.split_once(&heading).unwrap_or_else(|| panic!("no {heading}"));
            let section = section.split("\n##").next().unwrap();
            for flag in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let Some(long) = flag.get_long().filter(|long| *long != "help") else { continue };
                let text = if flag.is_global_set() { &guide } else { section };
                let end = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-');
                let named = text.split(&format!("--{long}")).skip(1).any(end);
                assert!(named, "the section of {verb} does not name --{long}");
            }
        }
        for verb in Cli::command().get_subcommands() {
            assert!(guide.contains(&format!("context-hub {}", verb.get_name())), "{}", verb.get_name());
        }
    }

    #[test]
    fn the_guide_has_no_verb_that_is_not_there() {
        let verbs = explained();
        for line in guide().lines() {
            let Some(rest) = line.strip_prefix("### `context-hub ") else { continue };
            assert!(verbs.iter().any(|(verb, _)| rest.trim_end_matches('`') == verb), "{line}");
        }
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
