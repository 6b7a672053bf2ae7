//! What is kept of a ticket.

use super::{Lookup, RecordError};
use minicbor::{CborLen, Decode, Encode};

/// The end of a ticket before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TicketFate {
    /// It was for one time, and has been used.
    Spent = 1,
    /// It was taken back. Outlasts the other.
    Revoked = 2,
}

/// A ticket that has come to its end before its time. Others have no record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct TicketRecord {
    /// [`TicketFate`] as a number.
    #[n(0)]
    fate: u8,
    /// When that was, in log time.
    #[n(1)]
    pub time_ms: u64,
    /// When the ticket ends by itself, and this record with it.
    #[n(2)]
    pub expires_ms: u64,
}

impl TicketRecord {
    /// A record.
    pub fn new(fate: TicketFate, time_ms: u64, expires_ms: u64) -> TicketRecord {
        TicketRecord { fate: fate as u8, time_ms, expires_ms }
    }

    /// What became of it.
    pub fn fate(&self) -> Result<TicketFate, RecordError> {
        match self.fate {
            1 => Ok(TicketFate::Spent),
            2 => Ok(TicketFate::Revoked),
            other => {
                let reason = format!("{other} is no fate");
                Err(RecordError::Damaged { what: Self::WHAT, reason })
            }
        }
    }
}

impl Lookup for TicketRecord {
    const WHAT: &'static str = "ticket";
}
