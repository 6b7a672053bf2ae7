//! Groups of several voters: real logs on simulated disks, a machine in memory, and a network that delays, loses, cuts and
//! holds messages.
//!
//! Time is real, so that a seed decides what is tried and not in which microsecond. What is promised is checked at the
//! end of each test by [`checker::Ledger`], and while it runs by [`checker::Leases`].

mod auditing;
mod checker;
mod crashing;
mod cutting;
mod following;
mod growing;
mod lagging;
mod leading;
mod net;
mod node;
mod refusing;
mod replicating;

mod trap;
mod world;
