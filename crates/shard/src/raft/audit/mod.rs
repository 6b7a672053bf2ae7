//! Audits: all replicas of a group hash their state at one entry, and one that differs from the majority is taken out.
//!
//! The leader proposes an entry that says nothing else. Where it is applied, [`Auditor`] takes the machine's view of that
//! very entry and hashes it in the background. The leader asks everyone for the hash (`round`), decides (`finding`), and
//! tells the odd ones (`charge`), which note it durably and stop: such a replica neither votes nor answers until an operator
//! has let it come anew. `rounds` begins a round for each group from time to time.
//!
//! Invariants:
//! - a replica is taken out only if a strict majority of the voters holds one other hash, so that those who are left are a
//!   quorum;
//! - it goes only for the hash that it has made itself, and never for having none.

mod auditor;
mod charge;
mod digest;
mod finding;
mod round;
pub(super) mod rounds;

pub(super) use auditor::Auditor;
pub(super) use charge::Charge;
pub(super) use digest::Digest;
pub use finding::Finding;
pub use round::AuditError;
pub use rounds::AuditPolicy;

/// What a replica says when it is asked for its hash at an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// There it is.
    Hashed(Digest),
    /// It is on its way.
    Later,
    /// It was not made, or is not kept any more.
    Never,
}
