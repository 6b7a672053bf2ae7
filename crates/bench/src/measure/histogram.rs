//! Latencies in fixed memory.
//!
//! Buckets are linear within a power of two and [`STEPS`] to each of them, so a quantile is off by less than two
//! percent whatever the size of the value. Values are nanoseconds.

use std::time::Duration;

/// Buckets to a power of two.
const STEPS: usize = 64;
/// log2 of [`STEPS`]: values below `STEPS` have a bucket each.
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Buckets for every `u64`.
const BUCKETS: usize = (64 - STEP_BITS as usize + 1) * STEPS;

/// Counts of durations.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: vec![0; BUCKETS], total: 0 }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket_of(nanos)] += 1;
        self.total += 1;
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Histogram) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The duration that a share `quantile` (0 to 1) of all did not exceed; zero if nothing was counted.
    pub fn quantile(&self, quantile: f64) -> Duration {
        let wanted = ((self.total as f64 * quantile).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(highest_in(bucket));
            }
        }
        Duration::ZERO
    }
}

fn bucket_of(value: u64) -> usize {
    // How often the value must be halved to fall among the STEPS values that are STEPS..2*STEPS.
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(STEP_BITS + 1);
    shift as usize * STEPS + (value >> shift) as usize
}

fn highest_in(bucket: usize) -> u64 {
    let shift = (bucket / STEPS).saturating_sub(1);
    let step = (bucket - shift * STEPS) as u64;
    (step << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_is_near_its_values(value: u64) {
            let highest = highest_in(bucket_of(value));
            prop_assert!(highest >= value);
            prop_assert!(highest - value <= value / STEPS as u64);
        }

        #[test]
        fn buckets_keep_the_order(a: u64, b: u64) {
            prop_assert_eq!(a <= b || bucket_of(a) >= bucket_of(b), true);
        }

        #[test]
        fn quantiles_are_near_those_of_the_sorted_values(mut nanos in prop::collection::vec(1u64..10_000_000_000, 1..200)) {
            let mut histogram = Histogram::default();
            for value in &nanos {
                histogram.record(Duration::from_nanos(*value));
            }
            nanos.sort_unstable();
            for quantile in [0.5, 0.99, 1.0] {
                let exact = nanos[((nanos.len() as f64 * quantile).ceil() as usize).max(1) - 1];
                let found = histogram.quantile(quantile).as_nanos() as u64;
                prop_assert!(found >= exact && found - exact <= exact / STEPS as u64);
            }
        }
    }

    #[test]
    fn the_largest_value_has_a_bucket() {
        assert!(bucket_of(u64::MAX) < BUCKETS);
    }

    #[test]
    fn merging_counts_both() {
        let (mut a, mut b) = (Histogram::default(), Histogram::default());
        a.record(Duration::from_nanos(10));
        b.record(Duration::from_nanos(30));
        b.record(Duration::from_nanos(20));
        a.merge(&b);
        assert_eq!((a.count(), a.quantile(0.5).as_nanos(), a.quantile(1.0).as_nanos()), (3, 20, 30));
    }
}
