//! Drills that break a running hub and prove that it lost nothing that it acknowledged.
//!
//! [`powercut`] is a disk that can lose its power, [`hub`] the process that is broken, [`client`] sends edits until
//! they are answered, [`ledger`] decides who kept their word, and [`drill`] puts them together. For drills of a cluster,
//! [`cluster`] starts the processes and breaks them, [`drive`] has many clients, [`history`] notes what they asked and heard,
//! [`check`] decides, [`report`] shows it, and [`cluster_drill`] puts them together.

pub mod binary;
pub mod check;
pub mod client;
pub mod cluster;
pub mod cluster_drill;
pub mod drill;
pub mod drive;
pub mod history;
pub mod hub;
pub mod ledger;
pub mod powercut;
mod privileges;
pub mod report;

pub use privileges::{can_mount, has_program, is_root, refuse_in_ci};
