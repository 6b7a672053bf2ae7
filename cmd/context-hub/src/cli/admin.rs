//! Looking after a cluster.

use super::ContactArgs;
use base::ShardId;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Args)]
pub struct AdminArgs {
    #[command(subcommand)]
    pub verb: AdminVerb,
}

#[derive(Subcommand)]
pub enum AdminVerb {
    /// Make the certificates that the members of a cluster know each other by
    Certs(CertArgs),
    /// The nodes of a cluster
    Nodes(NodesArgs),
    /// The shards of a cluster
    Shards(ShardsArgs),
    /// The replicas of a shard
    Replicas(ReplicasArgs),
}

#[derive(Args)]
pub struct CertArgs {
    /// Where they are written, beside ca.pem and ca-key.pem, which are made if they are not there
    #[arg(long)]
    pub dir: PathBuf,
    /// Names of nodes
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub shard: Vec<String>,
    /// Names of gateways
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub gateway: Vec<String>,
    /// How long they are good for: 90d, 365d
    #[arg(long, default_value = "365d", value_parser = super::duration)]
    pub ttl: std::time::Duration,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct NodesArgs {
    #[command(subcommand)]
    pub verb: NodeVerb,
}

/// A node, by its name or its number.
#[derive(Args)]
pub struct NodeArgs {
    /// Its name, or its number
    pub node: String,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// What all of these take.
#[derive(Args)]
pub struct CommonArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub contact: ContactArgs,
}

#[derive(Subcommand)]
pub enum NodeVerb {
    /// Print them
    List(CommonArgs),
    /// Make a node give its replicas away and take no more, and watch it do so
    Drain(NodeArgs),
    /// Let a node take replicas again
    Undrain(NodeArgs),
    /// Forget a node that does not run and has no replicas
    Remove(NodeArgs),
}

#[derive(Args)]
pub struct ShardsArgs {
    #[command(subcommand)]
    pub verb: ShardVerb,
}

#[derive(Subcommand)]
pub enum ShardVerb {
    /// Print them: where they are, who leads them
    List(CommonArgs),
}

#[derive(Args)]
pub struct ReplicasArgs {
    #[command(subcommand)]
    pub verb: ReplicaVerb,
}

#[derive(Subcommand)]
pub enum ReplicaVerb {
    /// Move a replica from one node to another, and watch it do so
    Move(MoveArgs),
}

#[derive(Args)]
pub struct MoveArgs {
    /// The shard
    #[arg(long, value_parser = shard_id)]
    pub shard: ShardId,
    /// The node that gives it away, by name or number
    #[arg(long, value_name = "NODE")]
    pub from: String,
    /// The node that takes it, by name or number
    #[arg(long, value_name = "NODE")]
    pub to: String,
    #[command(flatten)]
    pub common: CommonArgs,
}

fn shard_id(text: &str) -> Result<ShardId, String> {
    text.parse().map(ShardId).map_err(|_| format!("{text:?} is no number of a shard"))
}
