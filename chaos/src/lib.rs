//! Drills that break a running hub and prove that it lost nothing that it acknowledged.
//!
//! [`powercut`] is a disk that can lose its power.

pub mod powercut;
mod privileges;

pub use privileges::{can_mount, has_program, is_root, refuse_in_ci};
