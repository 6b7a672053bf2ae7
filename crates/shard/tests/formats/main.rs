//! What is on people's disks stays readable: every stored byte against files that were written down once.
//!
//! A line of a golden file never changes and never goes. What a later release adds gets lines of its own, and the old ones
//! are still read.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod commands;
mod golden;
mod later;
mod metadata;
mod round_trip;
mod samples;
mod sealed;
mod store;
