//! A machine that was suspended: the clock that leases run by stood still, and everyone else's did not.

use super::timing::LEASE;
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Clocks are not read at the same instant, and may be steered a little.
const TOLERANCE: Duration = Duration::from_millis(20);

/// Notices when the clock that counts suspended time gets ahead of the one that does not.
#[derive(Debug)]
pub(super) struct Suspension(Mutex<Seen>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// How far the boot clock was ahead when it was last looked at.
    ahead: Option<Duration>,
    /// No lease counts before.
    until: Option<Instant>,
}

impl Suspension {
    /// From now on; so it is made before there is anything to lead.
    pub(super) fn watch() -> Suspension {
        Suspension(Mutex::new(Seen { ahead: Some(boot_ahead()), until: None }))
    }

    /// Whether leases count: not for one lease after the machine was suspended. By then every answer that a lease
    /// rests on has come after the machine woke up.
    pub(super) fn leases_count(&self) -> bool {
        self.0.lock().look(Instant::now(), boot_ahead())
    }
}

impl Seen {
    fn look(&mut self, now: Instant, ahead: Duration) -> bool {
        let outran = self.ahead.is_some_and(|before| ahead > before + TOLERANCE);
        if outran {
            self.until = Some(now + LEASE);
        }
        // Small steps do not add up to a large one that nobody sees.
        if outran || self.ahead.is_none_or(|before| ahead < before) {
            self.ahead = Some(ahead);
        }
        self.until.is_none_or(|until| now >= until)
    }
}

/// How far the boot clock is ahead of the monotonic one.
#[cfg(target_os = "linux")]
fn boot_ahead() -> Duration {
    use rustix::time::{ClockId, Timespec, clock_gettime};
    let duration = |at: Timespec| {
        // Neither clock is ever negative.
        Duration::new(u64::try_from(at.tv_sec).unwrap_or(0), u32::try_from(at.tv_nsec).unwrap_or(0))
    };
    let monotonic = duration(clock_gettime(ClockId::Monotonic));
    duration(clock_gettime(ClockId::Boottime)).saturating_sub(monotonic)
}

/// Elsewhere the monotonic clock goes on while the machine sleeps, or there is no other to compare it with.
#[cfg(not(target_os = "linux"))]
fn boot_ahead() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspended_machine_has_no_lease_for_one_lease() {
        let mut seen = Seen::default();
        let start = Instant::now();
        let slept = Duration::from_secs(100);
        assert!(seen.look(start, slept), "what was slept before the start does not matter");
        assert!(seen.look(start, slept + TOLERANCE));
        assert!(!seen.look(start, slept + TOLERANCE * 2), "small steps add up");
        assert!(!seen.look(start + LEASE / 2, slept + TOLERANCE * 2));
        assert!(seen.look(start + LEASE, slept + TOLERANCE * 2));
        assert!(!seen.look(start + LEASE * 2, slept * 2));
        assert!(seen.look(start + LEASE * 3, slept * 2));
    }

    #[test]
    fn leases_count_on_a_machine_that_is_awake() {
        let suspension = Suspension::watch();
        assert!(suspension.leases_count() && suspension.leases_count());
    }
}
