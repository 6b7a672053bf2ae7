//! How the shards are, as the nodes said last: pure.

use super::map::Map;
use base::ShardId;
use rpc::{Health, ShardHealth, ShardState};
use std::collections::BTreeMap;
use std::time::Duration;

/// When to look again at a shard that nobody leads: about as long as an election takes.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The shards of the map, summed up. One serves if any node serves it, and is broken if all who have it say so. The room on disk
/// is that of the fullest node.
pub(super) fn sum(map: &Map, said: impl Iterator<Item = Health>) -> Health {
    let mut states: BTreeMap<ShardId, Option<ShardState>> = BTreeMap::new();
    for shard in map.slots.iter().flat_map(|slots| slots.shards()) {
        states.insert(shard, None);
    }
    let mut disk_low = None;
    for Health { shards, disk_low: low } in said {
        disk_low = disk_low.into_iter().chain(low).min();
        for ShardHealth { shard, state } in shards {
            // What is in no map is on its way in or out.
            if let Some(sum) = states.get_mut(&shard) {
                let state = alone(state);
                *sum = Some(match sum.take() {
                    Some(sum) => better(sum, state),
                    None => state,
                });
            }
        }
    }
    let starting = ShardState::Starting { retry_after: LOOK_AGAIN };
    let shards = states
        .into_iter()
        .map(|(shard, state)| ShardHealth { shard, state: state.unwrap_or_else(|| starting.clone()) });
    Health { shards: shards.collect(), disk_low }
}

/// What one node says of a shard. Whom it follows may be gone: that one speaks for itself.
fn alone(state: ShardState) -> ShardState {
    match state {
        ShardState::Following { .. } => ShardState::Starting { retry_after: LOOK_AGAIN },
        state => state,
    }
}

fn better(one: ShardState, other: ShardState) -> ShardState {
    let rank = |state: &ShardState| match state {
        ShardState::Serving => 0,
        ShardState::Following { .. } => 1,
        ShardState::Starting { .. } => 2,
        ShardState::Broken { .. } => 3,
    };
    if rank(&other) < rank(&one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{NodeId, SlotMap};

    #[test]
    fn a_shard_serves_where_any_node_serves_it() {
        let map = Map { slots: Some(SlotMap::even(4)), ..Map::default() };
        let following = ShardState::Following { leader: NodeId(9) };
        let broken = ShardState::Broken { reason: "damaged".into() };
        let said = |states: [&ShardState; 3], disk_low| Health {
            shards: (0..)
                .zip(states)
                .map(|(id, state)| ShardHealth { shard: ShardId(id), state: state.clone() })
                .collect(),
            disk_low,
        };
        let one = said([&following, &following, &broken], None);
        let two = said([&ShardState::Serving, &broken, &broken], Some(7));
        let three = said([&broken, &following, &broken], Some(9));
        let sum = sum(&map, [one, two, three].into_iter());
        let starting = ShardState::Starting { retry_after: LOOK_AGAIN };
        let states: Vec<_> = sum.shards.into_iter().map(|shard| shard.state).collect();
        assert_eq!(states, [ShardState::Serving, starting.clone(), broken, starting]);
        assert_eq!(sum.disk_low, Some(7));
    }

    #[test]
    fn without_a_map_there_are_no_shards() {
        assert!(sum(&Map::default(), std::iter::empty()).shards.is_empty());
    }
}
