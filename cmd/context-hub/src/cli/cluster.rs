//! The processes of a cluster.

use super::{SecretArgs, ServingArgs, StorageArgs};
use crate::limits::LimitArgs;
use crate::logging::LogFormat;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How to reach what a cluster agrees upon.
#[derive(Args, Clone)]
#[command(next_help_heading = "Cluster")]
pub struct ContactArgs {
    /// The members of etcd: URLs with commas in between
    #[arg(long, env = "ETCD_ENDPOINTS", required = true, value_delimiter = ',', value_name = "URLS")]
    pub etcd_endpoints: Vec<String>,
    /// The authority that signs etcd's certificates, in PEM; for https:// endpoints
    #[arg(long, env = "ETCD_CA_FILE", value_name = "FILE")]
    pub etcd_ca_file: Option<PathBuf>,
    /// Our certificate for etcd, in PEM, if it asks for one
    #[arg(long, env = "ETCD_CERT_FILE", value_name = "FILE", requires = "etcd_key_file")]
    pub etcd_cert_file: Option<PathBuf>,
    /// The key of that certificate
    #[arg(long, env = "ETCD_KEY_FILE", value_name = "FILE", requires = "etcd_cert_file")]
    pub etcd_key_file: Option<PathBuf>,
    /// The name of the cluster: several may share an etcd
    #[arg(long, env = "CLUSTER_NAME", default_value = "context-hub", value_name = "NAME")]
    pub cluster: String,
}

/// A member of a cluster, and how it proves who it is.
#[derive(Args, Clone)]
#[command(next_help_heading = "Member")]
pub struct MemberArgs {
    /// The name of this process; the host's, if none is given. Its certificate has to bear it
    #[arg(long, env = "NODE_NAME", value_name = "NAME")]
    pub name: Option<String>,
    /// The folder of its certificate, as `context-hub admin certs` makes it
    #[arg(long, env = "CERTS_DIR", value_name = "DIR")]
    pub certs_dir: PathBuf,
}

#[derive(Args)]
pub struct ShardArgs {
    /// Where other nodes and gateways are listened to; port 0 takes a free one
    #[arg(long, env = "ADDR", default_value = "127.0.0.1:7400")]
    pub addr: SocketAddr,
    /// Where others are told to come; the address that is listened on, if none is given
    #[arg(long, env = "ADVERTISE_ADDR", value_name = "HOST:PORT")]
    pub advertise: Option<String>,
    /// Where /livez, /readyz and /metrics are answered, in plain HTTP; port 0 takes a free one
    #[arg(long, env = "OPS_ADDR", default_value = "127.0.0.1:0")]
    pub ops_addr: SocketAddr,
    /// The shard that this node prefers to lead; counts when everything is placed for the first time
    #[arg(long, env = "SHARD_ID", value_name = "N")]
    pub shard_id: Option<u32>,
    /// What fails together with this node
    #[arg(long, env = "ZONE", default_value = "default")]
    pub zone: String,
    /// How much it can carry, compared with other nodes
    #[arg(long, env = "CAPACITY", default_value_t = 100)]
    pub capacity: u32,
    /// Shards of a new cluster; an old one keeps those that it has
    #[arg(long, env = "SHARDS", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=i64::from(base::SHARDS_MAX)))]
    pub shards: u32,
    /// Replicas of each shard of a new cluster; an old one keeps what it has
    #[arg(long, env = "REPLICAS", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=9))]
    pub replicas: u32,
    /// Nodes that have to be there before anything is placed; otherwise as many as replicas, once no more come for a while
    #[arg(long, env = "FIRST_NODES", value_name = "COUNT")]
    pub first_nodes: Option<usize>,
    /// How fast snapshots go out to other nodes, all together, in MiB a second
    #[arg(long, env = "SNAPSHOT_MB_PER_SECOND", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    pub snapshot_mb_per_second: u64,
    /// How often the replicas of what this node leads are compared, in minutes; 0 for never. Who differs from the majority is
    /// taken out
    #[arg(long, env = "AUDIT_MINUTES", default_value_t = 10, value_name = "MINUTES")]
    pub audit_minutes: u32,
    /// The master key, 64 hexadecimal digits, the same on all nodes
    #[arg(long, env = "MASTER_KEY", hide_env_values = true, value_name = "HEX")]
    pub master_key: String,
    /// Say that the node is ready with one line of JSON
    #[arg(long)]
    pub json: bool,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    #[command(flatten)]
    pub member: MemberArgs,
    #[command(flatten)]
    pub contact: ContactArgs,
    #[command(flatten)]
    pub storage: StorageArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args)]
pub struct GatewayArgs {
    /// Where clients are listened to; port 0 takes a free one
    #[arg(long, env = "ADDR", default_value = "127.0.0.1:8080")]
    pub addr: SocketAddr,
    /// The RSA key that signs tokens, in PEM, the same for all gateways
    #[arg(long, env = "JWT_PRIVATE_KEY_FILE", value_name = "FILE")]
    pub jwt_private_key_file: PathBuf,
    /// Refused: tokens are RS256
    #[arg(long, env = "JWT_SECRET", hide = true, hide_env_values = true)]
    pub jwt_secret: Option<String>,
    /// Memory for what was read last from each node
    #[arg(long, env = "CACHE_SIZE_MB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    pub cache_size_mb: u64,
    /// Say that the gateway is ready with one line of JSON
    #[arg(long)]
    pub json: bool,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    #[command(flatten)]
    pub member: MemberArgs,
    #[command(flatten)]
    pub contact: ContactArgs,
    #[command(flatten)]
    pub serving: ServingArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

impl GatewayArgs {
    /// Where its keys come from.
    pub fn secrets(&self) -> SecretArgs {
        SecretArgs {
            master_key: None,
            jwt_private_key_file: Some(self.jwt_private_key_file.clone()),
            jwt_secret: self.jwt_secret.clone(),
        }
    }
}
