//! Which cluster it is that the coordinator keeps: what is decided once for it, and whether it is the one that is meant.
//!
//! A coordinator can lose what it kept, or be put back to an earlier state, or be that of another cluster. Who has data asks
//! here before it believes what it reads.

use super::members::check;
use super::{Members, MembershipError};
use crate::coordinator::{Committed, Compare, Entry, Txn};
use crate::state::{ClusterConfig, Key, StateError, decode, encode};
use base::{ClusterId, SHARDS_MAX};
use std::time::Duration;

/// How long a node whose folder is new leaves it to the others to name a cluster that is there: they may know what it was
/// called. Longer than their leases last, after which they look.
const NAMED_WITHIN: Duration = Duration::from_secs(30);

impl Members {
    /// Writes down what is decided once, unless that has been done, and gives what holds. Every node whose folder is new calls
    /// it at its start; what the first one said holds for all. The cluster has a name from then on. Takes half a minute where
    /// there is a cluster without one.
    pub async fn configure(&self, config: ClusterConfig) -> Result<ClusterConfig, MembershipError> {
        self.configure_after(config, NAMED_WITHIN).await
    }

    async fn configure_after(
        &self,
        config: ClusterConfig,
        patience: Duration,
    ) -> Result<ClusterConfig, MembershipError> {
        check(&config)?;
        if config.shards > SHARDS_MAX {
            return Err(StateError::Invalid { reason: "a cluster is made with 1 to 1024 shards" }.into());
        }
        let named = ClusterConfig { cluster: config.cluster.or_else(|| Some(ClusterId::random())), ..config };
        let key = self.keys.path(Key::Config);
        let mut waited = false;
        loop {
            if let Some(found) = self.config().await? {
                if found.0.cluster.is_none() && !std::mem::replace(&mut waited, true) {
                    tokio::time::sleep(patience).await;
                    continue;
                }
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
    /// gone. A folder of an earlier release knows no name, and belongs to the cluster that is found. One that knows a name gives
    /// it back to a cluster that has none, if that one has the same master key: the coordinator was put back to what it kept
    /// before the cluster was named.
    pub async fn belong(
        &self,
        cluster: Option<ClusterId>,
        master_key: Option<u64>,
    ) -> Result<ClusterConfig, MembershipError> {
        loop {
            let found = self.config().await?.ok_or(MembershipError::ClusterGone)?;
            let there = found.0.cluster;
            let forgot = there.is_none() && found.0.master_key == master_key;
            if cluster.is_some() && cluster != there && !forgot {
                return Err(MembershipError::OtherCluster { there, ours: cluster });
            }
            if let Some(holds) = self.name(found, cluster.or_else(|| Some(ClusterId::random()))).await? {
                return Ok(holds);
            }
        }
    }

    /// What is decided once, of the cluster that is there.
    pub(super) async fn holds(&self) -> Result<Option<ClusterConfig>, MembershipError> {
        Ok(self.config().await?.map(|(config, _)| config))
    }

    /// Gives the name back to a cluster that is this one and has forgotten it.
    pub(super) async fn remind(&self, ours: ClusterConfig) -> Result<(), MembershipError> {
        while let Some(found) = self.config().await?.filter(|(there, _)| there.was(ours)) {
            if self.name(found, ours.cluster).await?.is_some() {
                tracing::warn!("the coordinator had forgotten which cluster this is, and was told");
                break;
            }
        }
        Ok(())
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
        assert_eq!(members.belong(made.cluster, None).await, Ok(made));
        assert_eq!(members.belong(None, None).await, Ok(made), "a folder of an earlier release");
    }

    #[tokio::test]
    async fn a_cluster_of_an_earlier_release_gets_a_name_once() {
        let (members, coordinator) = members();
        coordinator.commit(Txn::new().put("/hub/config".into(), encode(&CONFIG))).await.unwrap();
        let named = members.belong(None, None).await.unwrap();
        assert_eq!(ClusterConfig { cluster: None, ..named }, CONFIG);
        assert!(named.cluster.is_some());
        assert_eq!(members.belong(None, None).await, Ok(named));
        assert_eq!(members.configure(CONFIG).await, Ok(named));
    }

    #[tokio::test]
    async fn a_cluster_that_has_forgotten_its_name_hears_it_from_who_has_its_key() {
        let (members, coordinator) = members();
        let before = ClusterConfig { master_key: Some(5), ..CONFIG };
        coordinator.commit(Txn::new().put("/hub/config".into(), encode(&before))).await.unwrap();
        let ours = Some(ClusterId::from_u128(1));
        let other = Err(MembershipError::OtherCluster { there: None, ours });
        assert_eq!(members.belong(ours, Some(6)).await, other, "another cluster, which is not named yet");
        assert_eq!(members.holds().await, Ok(Some(before)));
        let named = ClusterConfig { cluster: ours, ..before };
        assert_eq!(members.belong(ours, Some(5)).await, Ok(named));
        assert_eq!(members.holds().await, Ok(Some(named)));
    }

    #[tokio::test]
    async fn an_empty_folder_names_a_cluster_only_if_nobody_knows_its_name() {
        const PATIENCE: Duration = Duration::from_secs(2);
        let (members, coordinator) = members();
        let unnamed = async || {
            coordinator.commit(Txn::new().put("/hub/config".into(), encode(&CONFIG))).await.unwrap();
        };
        unnamed().await;
        let ours = Some(ClusterId::from_u128(1));
        let knows = async {
            tokio::time::sleep(PATIENCE / 10).await;
            members.belong(ours, None).await
        };
        let (empty, knows) = tokio::join!(members.configure_after(CONFIG, PATIENCE), knows);
        assert_eq!(knows.map(|config| config.cluster), Ok(ours));
        assert_eq!(empty.map(|config| config.cluster), Ok(ours));
        unnamed().await;
        let named = members.configure_after(CONFIG, PATIENCE).await.unwrap().cluster;
        assert!(named.is_some() && named != ours);
    }

    #[tokio::test]
    async fn more_shards_than_are_made_now_are_read_and_not_made() {
        let (members, coordinator) = members();
        let many = ClusterConfig { shards: SHARDS_MAX + 1, ..CONFIG };
        assert!(matches!(members.configure(many).await, Err(MembershipError::State(_))));
        assert_eq!(coordinator.list("/".into()).await.unwrap().entries, []);
        let of_old = ClusterConfig { shards: 5_000, cluster: Some(ClusterId::from_u128(1)), ..CONFIG };
        coordinator.commit(Txn::new().put("/hub/config".into(), encode(&of_old))).await.unwrap();
        assert_eq!(members.configure(CONFIG).await, Ok(of_old));
    }

    #[tokio::test]
    async fn a_folder_with_data_makes_no_cluster_and_joins_no_other() {
        let (members, coordinator) = members();
        let ours = Some(ClusterId::from_u128(1));
        for folder in [ours, None] {
            assert_eq!(members.belong(folder, None).await, Err(MembershipError::ClusterGone));
        }
        assert_eq!(coordinator.list("/".into()).await.unwrap().entries, []);
        let there = members.configure(CONFIG).await.unwrap().cluster;
        assert_eq!(members.belong(ours, Some(5)).await, Err(MembershipError::OtherCluster { there, ours }));
    }
}
