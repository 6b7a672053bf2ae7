//! How much computing something took.

use std::time::Duration;

/// The time that this thread has computed. What a busy machine makes it wait for is not in it: nobody is to rest because others
/// work. What is measured must begin and end on one thread.
#[cfg(target_os = "linux")]
pub fn spent() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    // The clock is never negative.
    Duration::new(u64::try_from(spent.tv_sec).unwrap_or(0), u32::try_from(spent.tv_nsec).unwrap_or(0))
}

/// Elsewhere the time that has passed.
#[cfg(not(target_os = "linux"))]
pub fn spent() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGUN.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    #[cfg(target_os = "linux")]
    fn waiting_is_no_effort_and_computing_is() {
        let (before, begun) = (spent(), Instant::now());
        std::thread::sleep(Duration::from_millis(50));
        let waited = spent() - before;
        assert!(waited * 2 < begun.elapsed(), "{waited:?} of {:?}", begun.elapsed());
        while spent() - before < waited + Duration::from_millis(10) {
            std::hint::spin_loop();
        }
    }
}
