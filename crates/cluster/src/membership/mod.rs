//! Belonging to a cluster.
//!
//! A node takes an id once, which its caller keeps in its data folder, and joins with it at every start. Two things are
//! stored: its record, which stays, and under a lease that it runs, which goes when it does not.
//!
//! ```text
//! Members::new_id ─▶ (the caller writes it down) ─▶ Members::join ─▶ Membership ─▶ leave
//!                                                        ▲               │ the lease was lost
//!                                                        └── same id ────┘
//! ```

mod cluster;
mod error;
mod join;
mod keeper;
mod members;
mod moving;
#[cfg(test)]
mod tests;

pub use error::MembershipError;
pub use join::Membership;
pub use keeper::Standing;
pub use members::Members;
