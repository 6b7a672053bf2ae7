//! Whether a node is ready: pure.

use base::ShardId;
use rpc::{Health, ShardState};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Whether a node is ready, and what is missing.
#[derive(Debug, PartialEq, Eq)]
pub struct Ready {
    pub ready: bool,
    /// The shards whose replica here is still to come.
    pub missing: Vec<ShardId>,
}

/// A node is ready when each replica that it is to have runs, or is broken: that one needs an operator, whom
/// `shard_quarantined` and the log call, and the node's other shards are not to wait for that. A node whose replicas are all
/// broken is not ready: what broke them is the node. `placed` is nothing before the first placement.
pub fn ready(placed: Option<&[ShardId]>, health: &Health) -> Ready {
    let states: BTreeMap<_, _> = health.shards.iter().map(|it| (it.shard, &it.state)).collect();
    let is_broken = |shard: &ShardId| matches!(states.get(shard), Some(ShardState::Broken { .. }));
    let runs = |shard: &ShardId| {
        matches!(states.get(shard), Some(ShardState::Serving | ShardState::Following { .. }))
    };
    let Some(placed) = placed else { return Ready { ready: false, missing: Vec::new() } };
    let missing: Vec<_> = placed.iter().copied().filter(|shard| !runs(shard) && !is_broken(shard)).collect();
    let all_broken = !placed.is_empty() && placed.iter().all(is_broken);
    Ready { ready: missing.is_empty() && !all_broken, missing }
}

/// What `/readyz` shows of the shards of a node.
pub fn shown(Ready { ready, missing }: &Ready, health: &Health) -> Value {
    use ShardState::{Broken, Following, Serving, Starting};
    let count = |is: fn(&ShardState) -> bool| health.shards.iter().filter(|shard| is(&shard.state)).count();
    json!({
        "ready": ready,
        "replicas": health.shards.len(),
        "leading": count(|state| matches!(state, Serving)),
        "following": count(|state| matches!(state, Following { .. })),
        "starting": count(|state| matches!(state, Starting { .. })),
        "broken": health.shards.iter().filter(|shard| matches!(shard.state, Broken { .. }))
            .map(|shard| shard.shard.0).collect::<Vec<_>>(),
        "missing": missing.iter().map(|shard| shard.0).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::NodeId;
    use rpc::ShardHealth;
    use std::time::Duration;

    fn health(states: &[ShardState]) -> Health {
        let shards =
            (0..).zip(states).map(|(id, state)| ShardHealth { shard: ShardId(id), state: state.clone() });
        Health { shards: shards.collect(), disk_low: None }
    }

    fn broken() -> ShardState {
        ShardState::Broken { reason: "it is quarantined".into() }
    }

    #[track_caller]
    fn check(placed: &[u32], states: &[ShardState], expected: bool, missing: &[u32]) {
        let placed: Vec<_> = placed.iter().copied().map(ShardId).collect();
        let missing = missing.iter().copied().map(ShardId).collect();
        assert_eq!(ready(Some(&placed), &health(states)), Ready { ready: expected, missing });
    }

    #[test]
    fn a_broken_replica_does_not_hold_up_the_others_and_one_that_starts_does() {
        let (serving, following) = (ShardState::Serving, ShardState::Following { leader: NodeId(2) });
        let starting = ShardState::Starting { retry_after: Duration::from_secs(1) };
        check(&[0, 1], &[serving.clone(), following.clone()], true, &[]);
        check(&[0, 1], &[serving.clone(), broken()], true, &[]);
        check(&[0, 1], &[serving.clone(), starting.clone()], false, &[1]);
        check(&[0, 1], &[broken(), starting], false, &[1]);
        check(&[0, 1], &[serving], false, &[1]);
        check(&[0, 1], &[broken(), broken()], false, &[]);
        check(&[0], &[following, broken()], true, &[]);
        check(&[], &[], true, &[]);
    }

    #[test]
    fn nobody_is_ready_before_the_first_placement() {
        assert_eq!(ready(None, &health(&[])), Ready { ready: false, missing: Vec::new() });
    }

    #[test]
    fn broken_replicas_are_named() {
        let health = health(&[ShardState::Serving, broken()]);
        let shown = shown(&ready(Some(&[ShardId(0), ShardId(1)]), &health), &health);
        assert_eq!((&shown["ready"], &shown["broken"]), (&json!(true), &json!([1])));
    }
}
