//! What applying a command leads to.

use crate::store::TicketFate;
use base::Level;

/// The outcomes of the commands in one entry, in order. Key records and parts have none.
pub type Outcomes = Vec<Outcome>;

/// The outcome of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of a creation, a deletion, a share or a change of metadata.
    One(Result<Done, Rejection>),
    /// Of edits, one for each part.
    Edits(Vec<Result<Done, Rejection>>),
    /// Of a command about a ticket: what had become of the ticket before.
    Ticket(Option<TicketFate>),
}

/// It is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// The document; for a repeated creation the one that the first made.
    pub document: [u8; 16],
    /// Its version afterwards.
    pub version: u64,
    /// When it was done, in log time.
    pub time_ms: u64,
    /// Whether it had been done before, under the same edit id.
    pub repeated: bool,
}

/// It is not done, and never will be as it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// No such document, as far as the caller may know.
    NotFound,
    /// It takes more access.
    Forbidden {
        /// What it takes.
        needed: Level,
        /// What the caller has.
        held: Level,
    },
    /// The edit id belongs to another request.
    KeyReused,
    /// It was made on another state than the one it met: make it again on the newest.
    Stale,
    /// The id is taken.
    Exists,
    /// The access list is full.
    AccessFull,
    /// The document would have too many labels.
    LabelsFull,
}
