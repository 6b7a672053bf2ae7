//! A sound history that every checker accepts, and for each property one mistake that its checker alone catches.

mod exact;
mod gaps;
pub mod story;
