//! Who this node is, and of which cluster.

use crate::cli::ShardArgs;
use crate::{member, node};
use anyhow::{Context, Result, bail};
use cluster::membership::{Members, MembershipError};
use cluster::state::ClusterConfig;
use shard::Owner;
use tokio_util::sync::CancellationToken;
use vault::MasterKey;

/// Who this node is: as its folder says, or somebody new. Makes sure that it agrees with the others about what is decided once.
///
/// A node that has been in a cluster does not begin another one: where etcd has lost the cluster, the data is not to be found
/// by anybody, and is not to be taken for nothing.
pub async fn settle(
    args: &ShardArgs,
    master: &MasterKey,
    members: &Members,
    stop: &CancellationToken,
) -> Result<Owner> {
    let key = u64::from_be_bytes(master.key().id().0);
    let config =
        ClusterConfig { shards: args.shards, replicas: args.replicas, master_key: Some(key), cluster: None };
    let owner = shard::owner_of_folder(&args.storage.data_dir).map_err(|error| node::chained(&error))?;
    let ask = async || match owner {
        Some(Owner { cluster, .. }) => members.belong(cluster, Some(key)).await,
        None => members.configure(config).await,
    };
    let holds = asked(member::until_answered(stop, ask).await)?;
    if holds.master_key != Some(key) {
        bail!("MASTER_KEY is not the one of this cluster: give every node the same key");
    }
    if (holds.shards, holds.replicas) != (config.shards, config.replicas) {
        let ClusterConfig { shards, replicas, .. } = holds;
        tracing::info!(
            shards,
            replicas,
            "this cluster was made with other numbers of shards and replicas, which stay"
        );
    }
    let node = match owner {
        Some(owner) => owner.node,
        None => asked(member::until_answered(stop, async || members.new_id().await).await)?,
    };
    Ok(Owner { node, cluster: holds.cluster })
}

/// The answer of the coordinator, if the process was not ended before it came.
pub fn asked<T>(answer: Option<Result<T, MembershipError>>) -> Result<T> {
    answer.context("the process was ended")?.map_err(|error| node::chained(&error))
}
