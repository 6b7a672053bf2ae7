//! Which slots a new shard takes.

use super::{PlanError, hash};
use base::{SLOT_COUNT, ShardId, Slot, SlotMap};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A slot that changes its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotMove {
    /// Which.
    pub slot: Slot,
    /// The shard that has it.
    pub from: ShardId,
}

/// The slots that `shard`, which may have some already, takes from the others, by ascending number.
///
/// It takes as many as make its fair share, rounded down, and no other slot moves. They come from the shards that have
/// most, one by one, so that none is brought below the average; of a shard's slots, those that rank the new shard highest.
pub fn slots_for_new_shard(map: &SlotMap, shard: ShardId) -> Result<Vec<SlotMove>, PlanError> {
    let mut held: BTreeMap<ShardId, Vec<Slot>> = BTreeMap::from([(shard, Vec::new())]);
    for slot in (0..SLOT_COUNT).filter_map(Slot::new) {
        held.entry(map.shard_of(slot)).or_default().push(slot);
    }
    let share = usize::from(SLOT_COUNT) / held.len();
    let has = held.remove(&shard).map_or(0, |slots| slots.len());
    if has >= share {
        return Err(PlanError::HasItsShare(shard));
    }
    for slots in held.values_mut() {
        // Popped from the end: the highest rank comes last.
        slots.sort_by_cached_key(|slot| (hash::of_slot(*slot, shard), slot.number()));
    }
    let mut moves = Vec::with_capacity(share - has);
    for _ in has..share {
        let most = held.iter_mut().max_by_key(|(from, slots)| (slots.len(), Reverse(**from)));
        let taken = most.and_then(|(from, slots)| slots.pop().map(|slot| SlotMove { slot, from: *from }));
        moves.push(taken.expect("the others hold more than the average until the new shard has its share"));
    }
    moves.sort_by_key(|taken| taken.slot.number());
    Ok(moves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_pinned() {
        let moves = slots_for_new_shard(&SlotMap::even(3), ShardId(3)).unwrap();
        let first: Vec<u16> = moves.iter().take(6).map(|taken| taken.slot.number()).collect();
        // A change here means that the hash has changed.
        assert_eq!((moves.len(), first), (4_096, vec![0, 4, 7, 8, 9, 12]));
    }

    #[test]
    fn a_shard_that_has_its_share_takes_nothing() {
        let refused = slots_for_new_shard(&SlotMap::even(3), ShardId(1));
        assert_eq!(refused, Err(PlanError::HasItsShare(ShardId(1))));
    }
}
