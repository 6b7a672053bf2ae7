//! A real editing history, written through a hub by two who do not wait for each other.
//!
//! Writer A types a paper, keystroke by keystroke as it once came to be, in chunks. Writer B meanwhile puts marks into
//! it, always at a version that A has long left behind. If the hub merges as it says, then in the end each mark is there
//! exactly once, and the text without the marks is the paper.

mod marks;
mod outcome;
mod trace;
mod writers;

pub use marks::{BrokenMark, Marks, Splice, mark, without_marks};
pub use outcome::{Lost, verify};
pub use trace::{Edit, Trace, TraceError};
pub use writers::{Outcome, Paper, Progress};
