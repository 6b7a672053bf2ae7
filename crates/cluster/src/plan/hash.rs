//! The hash that plans are made with. It is written down here and never changes, so that two planners of different
//! versions agree:
//!
//! ```text
//! draw(kind, item, holder) = the first 8 bytes, big-endian, of
//!     SHA-256("context-hub rendezvous" ‖ 0 ‖ kind ‖ 0 ‖ item as u64 BE ‖ holder as u64 BE)
//! rank(draw, capacity)     = ⌊capacity · 2^64 / ℓ⌋,   ℓ = 2^38 - ⌊log2(draw | 1) · 2^32⌋, at least 1
//! ```
//!
//! The highest rank wins. This is rendezvous hashing with weights: a holder of twice the capacity wins twice as often, and
//! a change of one holder changes no comparison between two others. All of it is integer arithmetic.

use base::{NodeId, ShardId, Slot};
use sha2::{Digest, Sha256};

/// How much shard `shard` wants to be on a node of this capacity.
pub(super) fn of_replica(shard: ShardId, node: NodeId, capacity: u32) -> u128 {
    rank(draw("replica", u64::from(shard.0), node.0), capacity)
}

/// How much slot `slot` wants to be in a shard.
pub(super) fn of_slot(slot: Slot, shard: ShardId) -> u64 {
    draw("slot", u64::from(slot.number()), u64::from(shard.0))
}

fn draw(kind: &str, item: u64, holder: u64) -> u64 {
    let mut digest = Sha256::new();
    digest.update(b"context-hub rendezvous\0");
    digest.update(kind);
    digest.update([0]);
    digest.update(item.to_be_bytes());
    digest.update(holder.to_be_bytes());
    let digest = digest.finalize();
    u64::from_be_bytes(std::array::from_fn(|i| digest[i]))
}

fn rank(draw: u64, capacity: u32) -> u128 {
    (u128::from(capacity) << 64) / u128::from(minus_log2(draw))
}

/// `-log2(draw / 2^64)` in units of 2^-32, rounded up, at least 1. One bit of the fraction comes from each squaring.
fn minus_log2(draw: u64) -> u64 {
    let odd = draw | 1;
    let zeros = odd.leading_zeros();
    let mut mantissa = u128::from(odd << zeros);
    let mut log = u64::from(63 - zeros);
    for _ in 0..32 {
        mantissa = (mantissa * mantissa) >> 63;
        let carried = mantissa >> 64;
        mantissa >>= carried;
        log = (log << 1) | u64::from(carried == 1);
    }
    ((64 << 32) - log).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_pinned() {
        // Computed by another implementation of the text above, in another language.
        assert_eq!(draw("replica", 0, 1), 5851934852752158591);
        assert_eq!(draw("replica", 7, 300), 7065329378642413918);
        assert_eq!(draw("slot", 16_383, 4), 9654062408360469794);
        assert_eq!(of_replica(ShardId(0), NodeId(1), 1), 2592983363);
        assert_eq!(of_replica(ShardId(7), NodeId(300), 5), 15510476890);
    }

    #[test]
    fn a_logarithm_is_right_to_nine_digits() {
        for draw in [1, 3, 0x1234_5679, (1 << 40) | 1, (u64::MAX / 3) | 1, u64::MAX - 2] {
            let exact = 64.0 - (draw as f64).log2();
            let ours = minus_log2(draw) as f64 / (1u64 << 32) as f64;
            assert!((exact - ours).abs() < 1e-8, "{draw}: {exact} {ours}");
        }
    }

    #[test]
    fn twice_the_capacity_wins_twice_as_often() {
        let wins = (0..30_000)
            .filter(|shard| {
                let shard = ShardId(*shard);
                of_replica(shard, NodeId(1), 2) > of_replica(shard, NodeId(2), 1)
            })
            .count();
        assert!((19_600..20_400).contains(&wins), "{wins}");
    }
}
