//! Which cluster it is that the coordinator keeps: what is decided once for it, and whether it is the one that is meant.
//!
//! A coordinator can lose what it kept, or be put back to an earlier state, or be that of another cluster. Who has data asks
//! here before it believes what it reads.

use super::members::check;
use super::{Members, MembershipError};
use crate::coordinator::{Committed, Compare, Entry, Txn};
use crate::state::{ClusterConfig, Key, decode, encode};
use base::ClusterId;

impl Members {
    /// Writes down what is decided once, unless that has been done, and gives what holds. Every node whose folder is new calls
    /// it at its start; what the first one said holds for all. The cluster has a name from then on.
    pub async fn configure(&self, config: ClusterConfig) -> Result<ClusterConfig, MembershipError> {
        check(&config)?;
        let named = ClusterConfig { cluster: config.cluster.or_else(|| Some(ClusterId::random())), ..config };
        let key = self.keys.path(Key::Config);
        loop {
            if let Some(found) = self.config().await? {
                match self.name(found, named.cluster).await? {
                    Some(holds) => return Ok(holds),
                    None => continue,
                }
            }
            let txn = Txn::new().when(Compare::Absent(key.clone())).put(key.clone(), encode(&named));
            if let Committed::Done(_) = self.coordinator.commit(txn).await? {
                return Ok(named);
            }
        }
    }

    /// What is decided once for the cluster to which a folder belongs, and which is there: nothing is written for one that has
    /// gone. A folder of an earlier release knows no name, and belongs to the cluster that is found.
    pub async fn belong(&self, cluster: Option<ClusterId>) -> Result<ClusterConfig, MembershipError> {
        loop {
            let found = self.config().await?.ok_or(MembershipError::ClusterGone)?;
            let there = found.0.cluster;
            if cluster.is_some() && cluster != there {
                return Err(MembershipError::OtherCluster { there, ours: cluster });
            }
            if let Some(holds) = self.name(found, Some(ClusterId::random())).await? {
                return Ok(holds);
            }
        }
    }

    /// Gives a cluster a name that has none. `None` if somebody else has written meanwhile.
    async fn name(
        &self,
        (config, entry): (ClusterConfig, Entry),
        cluster: Option<ClusterId>,
    ) -> Result<Option<ClusterConfig>, MembershipError> {
        if config.cluster.is_some() {
            return Ok(Some(config));
        }
        let named = ClusterConfig { cluster, ..config };
        let unchanged = Compare::Unchanged { key: entry.key.clone(), revision: entry.revision };
        let txn = Txn::new().when(unchanged).put(entry.key, encode(&named));
        let committed = self.coordinator.commit(txn).await?;
        Ok(matches!(committed, Committed::Done(_)).then_some(named))
    }

    /// Makes sure that the coordinator keeps this cluster, and gives what holds for as long as it does.
    pub(super) async fn keeps(&self, cluster: Option<ClusterId>) -> Result<Compare, MembershipError> {
        match self.config().await? {
            None if cluster.is_none() => Ok(Compare::Absent(self.keys.path(Key::Config))),
            None => Err(MembershipError::ClusterGone),
            Some((config, entry)) if config.cluster == cluster => {
                Ok(Compare::Unchanged { key: entry.key, revision: entry.revision })
            }
            Some((config, _)) => Err(MembershipError::OtherCluster { there: config.cluster, ours: cluster }),
        }
    }

    async fn config(&self) -> Result<Option<(ClusterConfig, Entry)>, MembershipError> {
        let key = self.keys.path(Key::Config);
        let Some(entry) = self.coordinator.get(key.clone()).await? else { return Ok(None) };
        Ok(Some((decode(&key, &entry.value)?, entry)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::{Local, SharedCoordinator};
    use crate::state::Keys;
    use std::sync::Arc;

    const CONFIG: ClusterConfig = ClusterConfig { shards: 4, replicas: 3, master_key: None, cluster: None };

    fn members() -> (Members, SharedCoordinator) {
        let coordinator: SharedCoordinator = Arc::new(Local::new());
        (Members::new(coordinator.clone(), Keys::new("/hub").unwrap()), coordinator)
    }

    #[tokio::test]
    async fn a_cluster_has_one_name() {
        let (members, _) = members();
        let made = members.configure(CONFIG).await.unwrap();
        assert!(made.cluster.is_some());
        assert_eq!(members.configure(ClusterConfig { shards: 9, ..CONFIG }).await, Ok(made));
        assert_eq!(members.belong(made.cluster).await, Ok(made));
        assert_eq!(members.belong(None).await, Ok(made), "a folder of an earlier release");
    }

    #[tokio::test]
    async fn a_cluster_of_an_earlier_release_gets_a_name_once() {
        let (members, coordinator) = members();
        coordinator.commit(Txn::new().put("/hub/config".into(), encode(&CONFIG))).await.unwrap();
        let named = members.belong(None).await.unwrap();
        assert_eq!(ClusterConfig { cluster: None, ..named }, CONFIG);
        assert!(named.cluster.is_some());
        assert_eq!(members.belong(None).await, Ok(named));
        assert_eq!(members.configure(CONFIG).await, Ok(named));
    }

    #[tokio::test]
    async fn a_folder_with_data_makes_no_cluster_and_joins_no_other() {
        let (members, coordinator) = members();
        let ours = Some(ClusterId::from_u128(1));
        for folder in [ours, None] {
            assert_eq!(members.belong(folder).await, Err(MembershipError::ClusterGone));
        }
        assert_eq!(coordinator.list("/".into()).await.unwrap().entries, []);
        let there = members.configure(CONFIG).await.unwrap().cluster;
        assert_eq!(members.belong(ours).await, Err(MembershipError::OtherCluster { there, ours }));
    }
}
