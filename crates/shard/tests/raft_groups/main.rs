//! Groups of one voter over a real shared log, as a node runs them: proposing, restarting, dying, shortening their logs.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod compaction;
mod faulty;
mod node;
mod proposing;
mod queued;
mod reading;
mod restarting;
mod supervision;
