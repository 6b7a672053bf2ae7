//! Whether a history keeps what the hub promises: one checker a property, all of them pure.
//!
//! | property | checker |
//! |---|---|
//! | no acknowledged write is lost | [`lost`] |
//! | no write is applied twice, or uninvited | [`twice`] |
//! | replicas converge to equal heads | [`converged`] |
//! | revision reads never go back | [`revisions`] |
//! | strong reads and conditional writes are linearizable per document | [`linear`] |
//! | no term has two leaders | [`leaders`] |
//! | no client socket is closed | [`sockets`] |
//! | every request is answered, where that is asked for | [`answered`] |
//! | 99 of 100 writes are quick while nodes are restarted, where that is asked for | [`prompt`] |
//! | the gap between acknowledged writes around a fault stays within its limits | [`gaps`] |
//!
//! A checker that looked at nothing, or that could not come to an end, does not say that all is well.

pub mod answered;
pub mod converged;
pub mod gaps;
pub mod leaders;
pub mod linear;
pub mod lost;
pub mod prompt;
pub mod revisions;
pub mod sockets;
pub mod twice;

mod finding;

#[cfg(test)]
pub(crate) mod tests;

use serde::{Deserialize, Serialize};

pub use finding::{Findings, VIOLATIONS_MAX, Verdict, Violation, Witness};

use crate::history::{History, Micros};

/// What the hub promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// An acknowledged write is there at the end.
    NothingLost,
    /// A write is there at most once, and only if somebody asked for it.
    NothingTwice,
    /// All replicas of a document have the same heads at the end.
    Converged,
    /// A read that names a revision sees at least that, and nobody is told an older revision later.
    RevisionsAdvance,
    /// Strong operations on a document have one order that explains every answer.
    Linearizable,
    /// A term has at most one leader.
    OneLeader,
    /// Clients keep their sockets.
    SocketsKept,
    /// Every request is answered.
    AllAnswered,
    /// 99 of 100 writes are quick while nodes are restarted.
    Prompt,
    /// Writes go on soon after a fault.
    ShortGaps,
    /// A cluster whose faults were repaired is whole again. A history does not tell: who repairs judges it.
    ComesBack,
    /// No process panics. A history does not tell: who has the logs judges it.
    NoPanic,
}

/// What the checkers are told beside the history.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Steps that the search for an order may take for each document.
    pub steps: u64,
    /// The longest gaps that are allowed, if that is to be judged.
    pub gaps: Option<gaps::Limits>,
    /// Whether nobody may notice what is done to the nodes.
    pub all_answered: bool,
    /// How long all but one of a hundred writes may take while nodes are restarted, if that is to be judged.
    pub prompt: Option<Micros>,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { steps: 1_000_000, gaps: None, all_answered: false, prompt: None }
    }
}

impl Property {
    /// What is promised, as a sentence.
    pub fn promise(self) -> &'static str {
        match self {
            Property::NothingLost => "No acknowledged write is lost",
            Property::NothingTwice => "No write is applied twice, or uninvited",
            Property::Converged => "Replicas converge to equal heads",
            Property::RevisionsAdvance => "Revision reads never go back",
            Property::Linearizable => "Strong reads and conditional writes are linearizable per document",
            Property::OneLeader => "No term has two leaders",
            Property::SocketsKept => "No client socket is closed",
            Property::AllAnswered => "Every request is answered",
            Property::Prompt => "Writes are quick while nodes are restarted",
            Property::ShortGaps => "Writes go on soon after a fault",
            Property::ComesBack => "Every node comes back, and every shard is led again",
            Property::NoPanic => "No process panics",
        }
    }

    /// What its checker looks at.
    pub fn subject(self) -> &'static str {
        match self {
            Property::NothingLost => "acknowledged writes",
            Property::NothingTwice => "states that were seen",
            Property::Converged => "documents",
            Property::RevisionsAdvance => "answers",
            Property::Linearizable => "operations",
            Property::OneLeader => "terms",
            Property::SocketsKept => "sockets",
            Property::AllAnswered => "operations",
            Property::Prompt => "acknowledged writes",
            Property::ShortGaps => "gaps",
            Property::ComesBack => "faults",
            Property::NoPanic => "logs",
        }
    }
}

/// Holds a history against every property that can be judged.
pub fn check(history: &History, bounds: &Bounds) -> Vec<(Property, Findings)> {
    let mut found = vec![
        (Property::NothingLost, lost::check(history)),
        (Property::NothingTwice, twice::check(history)),
        (Property::Converged, converged::check(history)),
        (Property::RevisionsAdvance, revisions::check(history)),
        (Property::Linearizable, linear::check(history, bounds.steps)),
        (Property::OneLeader, leaders::check(history)),
        (Property::SocketsKept, sockets::check(history)),
    ];
    if bounds.all_answered {
        found.push((Property::AllAnswered, answered::check(history)));
    }
    if let Some(limit) = bounds.prompt {
        found.push((Property::Prompt, prompt::check(history, limit)));
    }
    if let Some(limits) = bounds.gaps {
        found.push((Property::ShortGaps, gaps::measure(history).judge(limits)));
    }
    found
}
