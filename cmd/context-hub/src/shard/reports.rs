//! What leaders tell the coordinator: that they lead, since which term, and who votes.

use crate::member::Contact;
use base::ShardId;
use cluster::Reported;
use cluster::state::Observed;
use cluster::view::ClusterView;
use shard::{Led, Node};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether there is something to tell: gateways leave a leader that is silent when they hear of
/// another one.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often it is told how far the log is applied, though nothing else has changed.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// How long nothing is told after the coordinator did not answer.
const REST: Duration = Duration::from_secs(1);

/// How long it takes at most until what was told is seen.
const SHOWN_WITHIN: Duration = Duration::from_secs(5);

/// What was told last of a shard.
struct Told {
    observed: Observed,
    at: Instant,
}

/// Reports for the shards that a node leads, until it is told to stop.
pub async fn keep(node: Arc<Node>, contact: Contact, cluster: ClusterView, stop: CancellationToken) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = BTreeMap::<ShardId, Told>::new();
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        // What is there is another cluster's, or nobody's.
        if cluster.contact().is_estranged() {
            told.clear();
            continue;
        }
        let led = node.led();
        let seen = cluster.now();
        told.retain(|shard, told| {
            led.iter().any(|led| led.shard == *shard) && !is_forgotten(told, seen.observed().get(shard))
        });
        for (shard, observed) in due(node.id(), led, &told) {
            let telling = cluster::report(&contact.coordinator, &contact.keys, shard, &observed);
            match stop.run_until_cancelled(telling).await {
                None => return,
                // One of a later term has spoken: this node is about to hear of it.
                Some(Ok(Reported::Taken | Reported::Overtaken)) => {
                    told.insert(shard, Told { observed, at: Instant::now() });
                }
                Some(Err(error)) => {
                    tracing::debug!(%shard, %error, "nobody hears that this node leads the shard");
                    if stop.run_until_cancelled(tokio::time::sleep(REST)).await.is_none() {
                        return;
                    }
                    break;
                }
            }
        }
    }
}

/// Whether what was told a while ago is not there: the coordinator was put back to an earlier state.
fn is_forgotten(told: &Told, seen: Option<&Observed>) -> bool {
    let shows = |seen: &Observed| {
        seen.term > told.observed.term
            || (seen.term == told.observed.term && seen.replicas == told.observed.replicas)
    };
    told.at.elapsed() >= SHOWN_WITHIN && !seen.is_some_and(shows)
}

/// What is to be told, of what this node leads.
fn due(node: base::NodeId, led: Vec<Led>, told: &BTreeMap<ShardId, Told>) -> Vec<(ShardId, Observed)> {
    let observed = led.into_iter().map(|Led { shard, term, voters, applied }| {
        (shard, Observed { leader: node, term, replicas: voters, applied })
    });
    let is_due = |(shard, now): &(ShardId, Observed)| {
        told.get(shard).is_none_or(|Told { observed, at }| {
            let same = (observed.term, &observed.replicas) == (now.term, &now.replicas);
            !same || (at.elapsed() >= TELL_EVERY && observed.applied != now.applied)
        })
    };
    observed.filter(is_due).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::NodeId;

    const NODE: NodeId = NodeId(1);

    fn led(term: u64, voters: &[u64], applied: u64) -> Led {
        let voters = voters.iter().copied().map(NodeId).collect();
        Led { shard: ShardId(3), term, voters, applied }
    }

    #[test]
    fn what_was_forgotten_is_told_again() {
        let observed =
            |term, applied| Observed { leader: NODE, term, replicas: vec![NODE, NodeId(2)], applied };
        let told = |seconds| {
            let at = Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
            Told { observed: observed(4, 90), at }
        };
        assert!(!is_forgotten(&told(0), None), "it is on its way");
        assert!(is_forgotten(&told(6), None));
        assert!(is_forgotten(&told(6), Some(&observed(3, 80))));
        assert!(!is_forgotten(&told(6), Some(&observed(4, 80))));
        assert!(!is_forgotten(&told(6), Some(&observed(5, 91))), "somebody else leads");
        let others = Observed { replicas: vec![NODE], ..observed(4, 80) };
        assert!(is_forgotten(&told(6), Some(&others)));
    }

    #[test]
    fn only_news_are_told() {
        let mut told = BTreeMap::new();
        let mut news = |led: Led| {
            let due = due(NODE, vec![led], &told);
            for (shard, observed) in &due {
                told.insert(*shard, Told { observed: observed.clone(), at: Instant::now() });
            }
            due.len()
        };
        assert_eq!(news(led(1, &[1, 2, 3], 10)), 1);
        assert_eq!(news(led(1, &[1, 2, 3], 11)), 0, "the log goes on");
        assert_eq!(news(led(2, &[1, 2, 3], 11)), 1, "another term");
        assert_eq!(news(led(2, &[1, 2, 3, 4], 12)), 1, "another voter");
    }
}
