//! What one session may make the hub compute: a quarter of a core, beyond a first burst.
//!
//! A message of a few bytes may ask what a peer lacks of a long history, again and again. A session that asks for more
//! than its share is heard more slowly, and what it says to others and nobody keeps is dropped; nobody else notices.

use crate::documents::effort;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a session may make the hub compute at once, before it has to wait.
const BURST: Duration = Duration::from_millis(250);

/// Time that has to pass for each piece of work, the work itself among it: four times as long.
const TIME_PER_WORK: u32 = 4;

/// A moment, in microseconds since somebody first asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// Now.
    pub fn now() -> Moment {
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        Moment(micros(BEGINNING.elapsed()))
    }

    /// The time since an earlier moment.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// The account of one session, or of one thin client: when all its work will be paid for with time.
#[derive(Debug, Default)]
pub struct Allowance(AtomicU64);

impl Allowance {
    /// Notes work that has ended.
    pub fn worked(&self, now: Moment, work: Duration) {
        let time = micros(work * TIME_PER_WORK);
        let later = |paid: u64| Some(paid.max(now.0).saturating_add(time));
        // It never fails: there always is a later moment.
        let _before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }

    /// Does something that may take long if the client wants it to, on its account.
    pub fn charge<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = effort::spent();
        let done = work();
        self.worked(Moment::now(), effort::spent().saturating_sub(before));
        done
    }

    /// How long to wait before more is done.
    pub fn rest(&self, now: Moment) -> Duration {
        let paid = Moment(self.0.load(Ordering::Relaxed));
        paid.since(now).saturating_sub(BURST * TIME_PER_WORK)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000;

    #[test]
    fn light_work_never_waits() {
        let allowance = Allowance::default();
        for turn in 0..10_000 {
            let now = Moment(turn * MS);
            allowance.worked(now, Duration::from_micros(MS / 10));
            assert_eq!(allowance.rest(now), Duration::ZERO);
        }
    }

    #[test]
    fn heavy_work_comes_down_to_a_quarter_of_a_core() {
        let (allowance, mut now, mut worked) = (Allowance::default(), 0, 0);
        for _ in 0..1_000 {
            now += 10 * MS;
            worked += 10 * MS;
            allowance.worked(Moment(now), Duration::from_millis(10));
            now += micros(allowance.rest(Moment(now)));
        }
        let share = worked as f64 / now as f64;
        assert!((0.25..0.28).contains(&share), "{share}");
    }

    #[test]
    fn who_waits_long_enough_starts_anew() {
        let allowance = Allowance::default();
        allowance.worked(Moment(0), Duration::from_secs(1));
        assert_eq!(allowance.rest(Moment(0)), Duration::from_secs(3));
        assert_eq!(allowance.rest(Moment(4_000 * MS)), Duration::ZERO);
    }
}
