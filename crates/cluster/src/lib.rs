//! Which nodes there are, and what goes where.
//!
//! ```text
//!  Members ── join, drain ──▶ coordinator ◀── fenced writes ── Controller
//!                            (etcd, or in        ▲                │ decides by
//!                             the process)       │                ▼
//!                                 │          ClusterView ◀──── plan (pure)
//!                                 └── watch ─────┘
//! ```
//!
//! Who leads a shard is not decided here, and who votes in it neither: that is in the log of each shard. Here is what
//! ought to be: which nodes are members, which shard holds which slot, and which nodes are to have replicas. It is kept by
//! a [`coordinator`], and every process has a [`view`] of it that stays when the coordinator is away.

pub mod controller;
pub mod coordinator;
pub mod membership;
mod observed;
pub mod plan;
pub mod state;
pub mod view;

pub use observed::{Reported, report};
