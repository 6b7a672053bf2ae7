//! Work that panics: whoever waits for it is told.

use crate::Refusal;

/// Does something if it is dropped by a panic. It takes no lock that may be held where the work panics.
pub(super) struct OnPanic<F: Fn()>(pub F);

impl<F: Fn()> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}

/// What those who wait are told.
pub(super) const REASON: &str = "the node failed while it worked on this; its log says how";

pub(super) fn refusal() -> Refusal {
    Refusal::Internal { reason: REASON.to_owned() }
}
