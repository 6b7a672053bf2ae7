//! Which old segments are worth emptying. Pure.

/// A segment that is no longer written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed {
    pub(crate) bytes: u64,
    pub(crate) live_bytes: u64,
}

/// How many of the oldest segments to empty: the number that frees most, counting what must be copied double, or none.
///
/// Segments go from the old end only, so a full one is worth copying when enough garbage waits behind it: that is how an
/// idle group cannot pin a disk.
pub(crate) fn worth_emptying(oldest_first: impl Iterator<Item = Sealed>) -> usize {
    let mut gain = 0i128;
    let (mut best, mut best_gain) = (0, 0);
    for (count, segment) in (1..).zip(oldest_first) {
        gain += i128::from(segment.bytes) - 2 * i128::from(segment.live_bytes);
        if gain > best_gain {
            (best, best_gain) = (count, gain);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(live_percent: &[u64], expect: usize) {
        let segments = live_percent.iter().map(|live| Sealed { bytes: 100, live_bytes: *live });
        assert_eq!(worth_emptying(segments), expect, "{live_percent:?}");
    }

    #[test]
    fn nothing_is_copied_for_nothing() {
        check(&[], 0);
        check(&[100], 0);
        check(&[50, 100], 0);
    }

    #[test]
    fn garbage_goes() {
        check(&[0], 1);
        check(&[0, 0, 100], 2);
        check(&[49, 60], 1);
    }

    #[test]
    fn a_full_segment_is_copied_for_the_garbage_behind_it() {
        check(&[100, 0], 0);
        check(&[100, 0, 0], 3);
        check(&[100, 0, 0, 90, 0], 5);
    }
}
