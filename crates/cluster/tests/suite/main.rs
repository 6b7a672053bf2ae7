//! The cluster on real coordinators: the contract of the seam, and what happens when something is away.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod contract;
mod draining;
mod frozen;
mod guarded;
mod lapsed;
mod outage;
mod support;
