//! Publishing what the leader of a shard knows of it.

use crate::coordinator::{Committed, Compare, SharedCoordinator, Txn};
use crate::membership::MembershipError;
use crate::state::{Checked, Invalid, Key, Keys, Observed, StateError, decode, encode};
use base::ShardId;

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// It stands, or stood there already.
    Taken,
    /// A leader of a later term has reported.
    Overtaken,
}

/// Publishes what the leader of a shard knows of it. A report of an earlier term than the one that stands is not taken, so
/// that a leader that does not know of its end yet cannot cover its successor. A report that changes nothing costs a read.
pub async fn report(
    coordinator: &SharedCoordinator,
    keys: &Keys,
    shard: ShardId,
    observed: &Observed,
) -> Result<Reported, MembershipError> {
    observed.check().map_err(|Invalid(reason)| StateError::Invalid { reason })?;
    let key = keys.path(Key::Observed(shard));
    loop {
        let unchanged = match coordinator.get(key.clone()).await? {
            None => Compare::Absent(key.clone()),
            Some(entry) => {
                // A damaged report is replaced: the leader knows better.
                match decode::<Observed>(&key, &entry.value) {
                    Ok(stands) if stands.term > observed.term => return Ok(Reported::Overtaken),
                    Ok(stands) if stands == *observed => return Ok(Reported::Taken),
                    Ok(_) | Err(_) => Compare::Unchanged { key: key.clone(), revision: entry.revision },
                }
            }
        };
        let txn = Txn::new().when(unchanged).put(key.clone(), encode(observed));
        if let Committed::Done(_) = coordinator.commit(txn).await? {
            return Ok(Reported::Taken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::Local;
    use base::NodeId;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_report_of_an_earlier_term_covers_nothing() {
        let coordinator: SharedCoordinator = Arc::new(Local::new());
        let keys = Keys::new("/hub").unwrap();
        let of = |leader, term, applied| Observed {
            leader: NodeId(leader),
            term,
            replicas: vec![NodeId(1), NodeId(2)],
            applied,
        };
        for (observed, became) in [
            (of(1, 3, 10), Reported::Taken),
            (of(2, 4, 12), Reported::Taken),
            (of(1, 3, 13), Reported::Overtaken),
            (of(2, 4, 12), Reported::Taken),
        ] {
            assert_eq!(report(&coordinator, &keys, ShardId(0), &observed).await, Ok(became));
        }
        let stands = coordinator.get(keys.path(Key::Observed(ShardId(0)))).await.unwrap().unwrap();
        assert_eq!(stands.revision, 2);
    }
}
