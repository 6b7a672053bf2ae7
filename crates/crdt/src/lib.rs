//! Documents that merge: opening, reading and editing them, and admitting what others changed.
//!
//! Pure: no IO, no clock, no threads. Automerge is confined to this crate.
//!
//! - `graph`: what is known of each change without opening the document;
//! - `admit`: which changes from outside are taken;
//! - `sync`: the Automerge sync protocol, spoken from the graph;
//! - `document`: one open document, and the edits that thin clients make at the heads they name;
//! - `difference`: how a plain copy gets from one state to another;
//! - `edit`: what an edit can ask for, and how it becomes operations;
//! - `json`: how content looks as JSON, exactly and both ways.

pub mod admit;
mod difference;
mod document;
mod edit;
pub mod graph;
mod json;
pub mod sync;

pub use base::{Hash, Heads, Limits, Op, PathStep, Shape, Unit};
pub use difference::{DifferenceError, difference};
pub use document::{
    ApplyError, Document, Frozen, HeadsError, ImportError, Imported, LoadError, Made, New, Poisoned,
    SaveError, Stamp, create, import,
};
pub use edit::EditError;
pub use json::{ContentError, ParseError, parse};
