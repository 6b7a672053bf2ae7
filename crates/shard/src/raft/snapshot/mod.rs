//! Snapshots on their way between nodes: written to a file, hashed, sent in pieces, compared, and only then installed.
//!
//! ```text
//!  machine ─▶ file + SHA-256 ─▶ head, pieces of 64 KiB at a set pace ─▶ file ─▶ length and hash fit? ─▶ machine
//! ```
//!
//! A file is there so that the store is read at the disk's pace and not at that of the slowest follower, and so that
//! nothing of a snapshot touches a machine before all of it is known to be whole.

mod plausible;
mod receive;
mod send;
mod sending;
mod staged;
mod throttle;

pub(super) use plausible::{Own, implausible};
pub(super) use receive::arrive;
pub(super) use send::send;
pub(super) use sending::Sending;
pub(super) use throttle::Throttle;
