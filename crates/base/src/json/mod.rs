//! JSON from outside: measured before anything is built from it, and read without changing a value.
//!
//! - `measure`: how deep a text nests and how many values it holds, in one scan that allocates nothing;
//! - `parse`: values in which no key was dropped and no integer rounded;
//! - `text`: ids and names, which stand as strings.

mod measure;
mod parse;
mod text;

pub use measure::{Bounds, Excess, measure};
pub use parse::{ParseError, exact, parse};
pub(crate) use text::from_text;
