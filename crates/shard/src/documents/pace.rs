//! How much computing one document may take: at most a quarter of a core, so that a heavy one slows only itself.

use std::time::Duration;

/// What a document may take at once, before it has to wait.
const BURST: Duration = Duration::from_millis(250);

/// Waiting per computing: three parts of four.
const REST_PER_WORK: u32 = 3;

/// A document's account. Work draws on it; time fills it, at a quarter of a core.
#[derive(Debug, Default, Clone, Copy)]
pub struct Pace {
    debt: Duration,
}

impl Pace {
    /// Notes work, and the time since the work before it ended. Gives how long to wait before the next.
    pub fn worked(&mut self, work: Duration, since_last: Duration) -> Duration {
        self.debt = self.debt.saturating_sub(since_last) + work * REST_PER_WORK;
        self.debt.saturating_sub(BURST * REST_PER_WORK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn light_work_never_waits() {
        let mut pace = Pace::default();
        for _ in 0..10_000 {
            assert_eq!(pace.worked(MS / 10, MS), Duration::ZERO);
        }
    }

    #[test]
    fn heavy_work_comes_down_to_a_quarter_of_a_core() {
        let mut pace = Pace::default();
        let (mut worked, mut elapsed) = (Duration::ZERO, Duration::ZERO);
        let mut since_last = Duration::ZERO;
        for _ in 0..1_000 {
            since_last = pace.worked(10 * MS, since_last);
            worked += 10 * MS;
            elapsed += 10 * MS + since_last;
        }
        let share = worked.as_secs_f64() / elapsed.as_secs_f64();
        assert!((0.25..0.27).contains(&share), "{share}");
    }
}
