//! Snapshots, and the log that they make superfluous.

use super::error::CompactError;
use super::start::settled;
use super::status::{Follower, Status};
use super::{Group, StateMachine};

/// The applied entries nearest to the end that are never purged: openraft must not lose an entry that it is about to
/// apply. It applies what is committed in batches, and only a few of them are on their way; of the largest entries that
/// a proposer makes, so many are 16 MiB.
const KEPT_AT_LEAST: u64 = 64;

/// How many entries stay in the log though they are in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// So many in any case.
    pub entries: u64,
    /// So many more as a follower lacks, but only for one that lacks no more than this. Whoever is further behind gets a
    /// snapshot.
    pub for_followers: u64,
}

/// How far a log was shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// The last entry in the snapshot, if anything was ever applied.
    pub snapshot: Option<u64>,
    /// The last entry that is dropped from the log, or will be as soon as nobody reads it any more. A group that stops
    /// first still has it.
    pub purged: Option<u64>,
}

impl<M: StateMachine> Group<M> {
    /// Makes the store durable and drops what it then holds from the log, but for the last `keep` entries.
    pub async fn snapshot_and_purge(&self, keep: u64) -> Result<Compacted, CompactError> {
        self.compact(Keep { entries: keep, for_followers: 0 }).await
    }

    /// Makes the store durable and drops what it then holds from the log, but for what is to be kept.
    pub async fn compact(&self, keep: Keep) -> Result<Compacted, CompactError> {
        let snapshot = self.snapshot().await?;
        let durable = self.machine.durable()?.map(|position| position.index);
        let Status { purged, last, followers, .. } = self.status();
        let held = [snapshot.min(durable), needed(last, &followers, keep), self.travelling()];
        let [own, followers, travelling] = held;
        let target = purge_target(own, keep.entries).map(|upto| {
            let upto = followers.map_or(upto, |needed| upto.min(needed));
            travelling.map_or(upto, |needed| upto.min(needed))
        });
        let target = target.filter(|&upto| Some(upto) > purged);
        if let Some(upto) = target {
            self.raft.trigger().purge_log(upto).await.map_err(|_| CompactError::Stopped)?;
        }
        Ok(Compacted { snapshot, purged: target.or(purged) })
    }

    /// The last entry in the snapshots that are on their way to others: they will ask for what comes after it.
    fn travelling(&self) -> Option<u64> {
        self.network.0.sending.oldest(self.log.group.0)
    }

    /// Takes a snapshot unless the last one holds everything; the last entry in it.
    async fn snapshot(&self) -> Result<Option<u64>, CompactError> {
        let Status { snapshot: before, applied, .. } = self.status();
        if applied <= before {
            return Ok(before);
        }
        if !self.is_alone() {
            // With several voters entries may be applied before they are in this node's own log for good. The store is
            // not made durable ahead of it if that can be helped: a start would have to make do without them.
            settled(&self.log.wal, self.log.group).await.map_err(|_| CompactError::Stopped)?;
        }
        self.raft.trigger().snapshot().await.map_err(|_| CompactError::Stopped)?;
        let metrics = self.raft.wait(None);
        let newer = metrics.metrics(|now| now.snapshot.map(|id| id.index) > before, "a newer snapshot");
        let metrics = newer.await.map_err(|_| CompactError::Stopped)?;
        Ok(metrics.snapshot.map(|id| id.index))
    }
}

/// The last entry that no follower needs that is worth waiting for; none if there is no such follower. The one before the
/// first that is sent is needed, too: it is compared.
fn needed(last: Option<u64>, followers: &[Follower], keep: Keep) -> Option<u64> {
    let near = followers.iter().filter(|follower| follower.behind <= keep.for_followers && last.is_some());
    near.map(|follower| follower.matched.map_or(0, |matched| matched.saturating_sub(1))).min()
}

/// The last entry that may go when everything up to `held` is durable elsewhere.
fn purge_target(held: Option<u64>, keep: u64) -> Option<u64> {
    held?.checked_sub(keep.max(KEPT_AT_LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn follower(matched: Option<u64>, behind: u64) -> Follower {
        Follower { node: 2, voter: true, matched, behind, late: Duration::ZERO, silence: None }
    }

    #[test]
    fn the_log_waits_for_followers_that_are_near() {
        let keep = Keep { entries: 0, for_followers: 100 };
        let near = [follower(Some(950), 49), follower(Some(900), 99)];
        assert_eq!(needed(Some(999), &near, keep), Some(899));
        let far = [follower(Some(950), 49), follower(Some(800), 199), follower(None, 1_000)];
        assert_eq!(needed(Some(999), &far, keep), Some(949));
        assert_eq!(needed(Some(999), &far, Keep { for_followers: 10, ..keep }), None);
        assert_eq!(needed(Some(10), &[follower(None, 11)], keep), Some(0), "nothing is there yet");
        assert_eq!(needed(Some(999), &[], keep), None);
    }

    #[test]
    fn the_entries_nearest_to_the_end_stay() {
        assert_eq!(purge_target(Some(1_000), 0), Some(936));
        assert_eq!(purge_target(Some(1_000), 100), Some(900));
        assert_eq!(purge_target(Some(10), 100), None);
        assert_eq!(purge_target(None, 0), None);
    }
}
