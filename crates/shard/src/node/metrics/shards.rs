//! Figures of the shards that have a replica here.
//!
//! A series that was written once stays in the recorder. So what is over is written as zero: a leader that leads no more, a
//! follower that has left, a replica that does not run or was moved away.

use crate::node::held::ById;
use crate::raft::{Follower, Role, StateMachine, Status};
use crate::shard::Shard;
use base::ShardId;
use metrics::gauge;
use parking_lot::Mutex;
use rpc::ShardState;
use std::collections::BTreeMap;
use std::time::Duration;

/// What was written last.
#[derive(Default)]
pub(in crate::node) struct Written(Mutex<BTreeMap<ShardId, Figures>>);

impl Written {
    /// Writes the figures of these shards, and zeros for what is over.
    pub(super) fn observe(&self, shards: &ById) {
        let now = shards.iter().map(|(id, shard)| (*id, Figures::of(shard))).collect();
        let mut before = self.0.lock();
        let (written, kept) = with_what_is_over(&before, now);
        written.iter().for_each(|(shard, figures)| figures.write(*shard));
        *before = kept;
    }
}

/// What is to be written, and what of it has to be remembered.
fn with_what_is_over(
    before: &BTreeMap<ShardId, Figures>,
    mut now: BTreeMap<ShardId, Figures>,
) -> (BTreeMap<ShardId, Figures>, BTreeMap<ShardId, Figures>) {
    let mut kept = now.clone();
    for (shard, was) in before {
        let figures = now.entry(*shard).or_default();
        for follower in was.lags.keys() {
            figures.lags.entry(*follower).or_default();
        }
        // The followers of one that is still here may come back; nothing of one that is gone is over twice.
        if let Some(kept) = kept.get_mut(shard) {
            kept.lags.clone_from(&figures.lags);
        }
    }
    (now, kept)
}

/// How far a follower is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Lag {
    entries: u64,
    late: Duration,
}

/// The figures of a shard; zeros where it has no replica that runs.
#[derive(Clone, Debug, Default, PartialEq)]
struct Figures {
    serving: bool,
    leader: bool,
    quarantined: bool,
    store_bytes: u64,
    queued: usize,
    term: u64,
    last: u64,
    applied: u64,
    purged: u64,
    archive_ready: u64,
    /// By node; only while this one leads.
    lags: BTreeMap<u64, Lag>,
}

impl Figures {
    fn of(shard: &Shard) -> Figures {
        let figures = Figures {
            serving: shard.health().state == ShardState::Serving,
            // Who has lost its followers still takes itself for the leader. It has no lease, and takes no writes.
            leader: shard.group.leads_with_lease(),
            quarantined: matches!(shard.machine.quarantined(), Ok(Some(_))),
            store_bytes: shard.machine.store().disk_bytes(),
            queued: shard.proposer.queued(),
            ..Figures::default()
        };
        match shard.group.status() {
            Some(status) => figures.with(&status),
            None => figures,
        }
    }

    fn with(self, status: &Status) -> Figures {
        let leads = status.role == Role::Leader;
        let lag = |it: &Follower| (it.node, Lag { entries: it.behind, late: it.late });
        Figures {
            term: status.term,
            last: status.last.unwrap_or_default(),
            applied: status.applied.unwrap_or_default(),
            purged: status.purged.unwrap_or_default(),
            archive_ready: status.applied.min(status.durable).unwrap_or_default(),
            lags: if leads { status.followers.iter().map(lag).collect() } else { BTreeMap::new() },
            ..self
        }
    }

    fn write(&self, shard: ShardId) {
        let shard = shard.to_string();
        let flag = |is: bool| f64::from(u8::from(is));
        gauge!("shard_serving", "shard" => shard.clone()).set(flag(self.serving));
        gauge!("shard_leader", "shard" => shard.clone()).set(flag(self.leader));
        gauge!("shard_quarantined", "shard" => shard.clone()).set(flag(self.quarantined));
        gauge!("shard_store_bytes", "shard" => shard.clone()).set(self.store_bytes as f64);
        gauge!("shard_proposals_queued", "shard" => shard.clone()).set(self.queued as f64);
        gauge!("shard_raft_term", "shard" => shard.clone()).set(self.term as f64);
        gauge!("shard_log_last_index", "shard" => shard.clone()).set(self.last as f64);
        gauge!("shard_log_applied_index", "shard" => shard.clone()).set(self.applied as f64);
        let unapplied = self.last.saturating_sub(self.applied);
        gauge!("shard_log_lag_entries", "shard" => shard.clone()).set(unapplied as f64);
        gauge!("shard_log_purged_index", "shard" => shard.clone()).set(self.purged as f64);
        gauge!("shard_archive_ready_index", "shard" => shard.clone()).set(self.archive_ready as f64);
        for (follower, lag) in &self.lags {
            let labels = [("shard", shard.clone()), ("follower", follower.to_string())];
            gauge!("shard_replication_lag_entries", &labels).set(lag.entries as f64);
            gauge!("shard_replication_lag_seconds", &labels).set(lag.late.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follower(node: u64, behind: u64) -> Follower {
        let late = Duration::from_secs(behind);
        Follower { node, voter: true, matched: Some(1), behind, late, silence: None }
    }

    fn status(role: Role) -> Status {
        let followers = vec![follower(2, 3), follower(3, 0)];
        Status { role, followers, applied: Some(9), durable: Some(7), ..Status::default() }
    }

    #[test]
    fn only_a_leader_knows_of_followers_and_only_what_is_durable_is_ready() {
        let leads = Figures::default().with(&status(Role::Leader));
        let lag = Lag { entries: 3, late: Duration::from_secs(3) };
        assert_eq!(leads.lags, BTreeMap::from([(2, lag), (3, Lag::default())]));
        assert_eq!((leads.applied, leads.archive_ready), (9, 7));
        assert_eq!(Figures::default().with(&status(Role::Follower)).lags, BTreeMap::new());
        let unknown = Status { durable: None, ..status(Role::Follower) };
        assert_eq!(Figures::default().with(&unknown).archive_ready, 0);
    }

    #[test]
    fn what_is_over_is_written_as_zero() {
        let leads = Figures { leader: true, ..Figures::default().with(&status(Role::Leader)) };
        let first = BTreeMap::from([(ShardId(0), leads.clone()), (ShardId(1), leads.clone())]);
        let (written, kept) = with_what_is_over(&BTreeMap::new(), first.clone());
        assert_eq!((&written, &kept), (&first, &first));

        // One is led by another node now, the other one has left.
        let follows = Figures::default().with(&status(Role::Follower));
        let (written, kept) = with_what_is_over(&kept, BTreeMap::from([(ShardId(0), follows)]));
        let zeros = BTreeMap::from([(2, Lag::default()), (3, Lag::default())]);
        assert_eq!((written[&ShardId(0)].leader, &written[&ShardId(0)].lags), (false, &zeros));
        assert_eq!(written[&ShardId(1)], Figures { lags: zeros.clone(), ..Figures::default() });
        assert_eq!(kept.keys().collect::<Vec<_>>(), [&ShardId(0)]);

        // It leads again, with other followers.
        let now = BTreeMap::from([(ShardId(0), Figures { lags: [(4, Lag::default())].into(), ..leads })]);
        let (written, _) = with_what_is_over(&kept, now);
        assert_eq!(written[&ShardId(0)].lags.keys().collect::<Vec<_>>(), [&2, &3, &4]);
    }
}
