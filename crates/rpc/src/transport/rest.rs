//! How long to wait before a connection is tried again.

use std::time::Duration;

/// The first rest; it doubles up to the longest.
const MIN: Duration = Duration::from_millis(50);
const MAX: Duration = Duration::from_secs(2);
/// A connection that stood for this long makes the next rest short again.
const STOOD_WELL: Duration = Duration::from_secs(5);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    failures: u32,
}

impl Rest {
    /// The rest after a connection that stood, or was tried, for `stood`. By chance up to half longer or shorter, so that
    /// those who lost a node together do not come back together.
    pub(crate) fn after(&mut self, stood: Duration) -> Duration {
        self.failures = if stood >= STOOD_WELL { 1 } else { self.failures.saturating_add(1) };
        let rest = MIN.saturating_mul(1 << (self.failures - 1).min(16)).min(MAX);
        rest.mul_f64(rand::random_range(0.5..1.5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_a_bound_and_begins_anew() {
        let mut rest = Rest::default();
        assert!(rest.after(Duration::ZERO) < 2 * MIN);
        for _ in 0..100 {
            let next = rest.after(Duration::ZERO);
            assert!(next <= MAX.mul_f64(1.5) && next >= MIN / 2);
        }
        assert!(rest.after(Duration::ZERO) >= MAX / 2);
        assert!(rest.after(STOOD_WELL) < 2 * MIN);
    }
}
